package web

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
)

// Role says what someone may do. Each role may do what those before it may.
type Role string

// The roles.
const (
	RoleAnyone Role = "anyone" // also without a token

	RoleRead    Role = "read"    // look at everything, ask what if
	RolePlan    Role = "plan"    // review, override, pin, approve
	RoleOperate Role = "operate" // replay dead letters, release breakers, ask for a plan
)

var roles = []Role{RoleRead, RolePlan, RoleOperate}

// Covers says whether r may do what needs the other role.
func (r Role) Covers(needed Role) bool { return slices.Index(roles, r) >= slices.Index(roles, needed) }

// Someone is who asks.
type Someone struct {
	Name string // "": nobody has to say
	Role Role
}

type someoneKey struct{}

// Who is the one who asks. Without tokens that is anyone on this machine, without a name.
func Who(ctx context.Context) Someone {
	if who, ok := ctx.Value(someoneKey{}).(Someone); ok {
		return who
	}
	return Someone{Role: RoleOperate}
}

// As is ctx of a request of who.
func As(ctx context.Context, who Someone) context.Context {
	return context.WithValue(ctx, someoneKey{}, who)
}

// Tokens are the bearer tokens that are accepted, as SHA-256 sums: comparing these tells nothing about a token.
type Tokens map[[sha256.Size]byte]Someone

// minToken is the shortest token that is taken; guessing it takes longer than anybody lives.
const minToken = 16

// ReadTokens reads a file of lines `role name token`; blank lines and those that begin with # are left out. The
// error never repeats a token.
func ReadTokens(path string) (tokens Tokens, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	tokens = Tokens{}
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 3 {
			return nil, fmt.Errorf("%s:%d: not role, name and token", path, n)
		}
		role, sum := Role(fields[0]), sha256.Sum256([]byte(fields[2]))
		switch _, twice := tokens[sum]; {
		case !slices.Contains(roles, role):
			return nil, fmt.Errorf("%s:%d: role %q is not read, plan or operate", path, n, role)
		case len(fields[2]) < minToken:
			return nil, fmt.Errorf("%s:%d: the token of %s has fewer than %d characters", path, n, fields[1], minToken)
		case twice:
			return nil, fmt.Errorf("%s:%d: the token of %s stands there already", path, n, fields[1])
		}
		tokens[sum] = Someone{fields[1], role}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("%s: no token", path)
	}
	return tokens, nil
}

// TokenCookie carries a token where a browser cannot send a header.
const TokenCookie = "drumbeat_token"

// Find returns whose token the request carries.
func (t Tokens) Find(r *http.Request) (Someone, bool) {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		cookie, err := r.Cookie(TokenCookie)
		if err != nil {
			return Someone{}, false
		}
		token = cookie.Value
	}
	who, ok := t[sha256.Sum256([]byte(token))]
	return who, ok
}

// Local says whether an address to listen on can be reached from this machine only.
func Local(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// HandleFor serves a pattern to those who have the role, which is none of a token's for RoleAnyone.
func (s *Server) HandleFor(role Role, pattern string, h http.Handler) {
	s.mux.Handle(pattern, s.guard(role, h))
}

// guard lets those pass who have the role, and writes only those that come from our own pages or from no page.
func (s *Server) guard(role Role, h http.Handler) http.Handler {
	var origin http.CrossOriginProtection
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(s.config.Tokens) == 0 {
			// A page elsewhere can make a browser believe that its name is ours; it cannot change the name.
			if host := hostOf(r.Host); !Local(net.JoinHostPort(host, "0")) {
				WriteProblem(w, Problem{Status: http.StatusForbidden, Detail: "without tokens only requests to a loopback name are answered, not to " + host})
				return
			}
		} else {
			who, known := s.config.Tokens.Find(r)
			switch {
			case role == RoleAnyone:
			case !known && s.config.Login && askIn(w, r):
				return
			case !known:
				w.Header().Set("WWW-Authenticate", `Bearer realm="drumbeat"`)
				WriteProblem(w, Problem{Status: http.StatusUnauthorized, Detail: "a bearer token is needed"})
				return
			case !who.Role.Covers(role):
				WriteProblem(w, Problem{Status: http.StatusForbidden, Detail: fmt.Sprintf("%s has the role %s; this needs %s", who.Name, who.Role, role)})
				return
			}
			r = r.WithContext(As(r.Context(), who))
		}
		if err := origin.Check(r); err != nil {
			WriteProblem(w, Problem{Status: http.StatusForbidden, Detail: "writes are taken from our own pages only"})
			return
		}
		h.ServeHTTP(w, r)
	})
}

func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}

// policy is the Content-Security-Policy of every answer: scripts and styles come as files from here, never
// from the text of a page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

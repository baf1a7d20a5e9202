package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeTokens(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRoles asks for what each role may do with every token, without one, and with one that nobody has.
func TestRoles(t *testing.T) {
	tokens, err := ReadTokens(writeTokens(t, "# team\n\nread rita 0123456789abcdef\nplan paul fedcba9876543210\noperate olga 00112233445566778899\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{Log: quiet, Tokens: tokens})
	for _, role := range roles {
		s.HandleFor(role, "GET /"+string(role), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			writeJSON(w, 200, Who(r.Context()))
		}))
	}
	for name, may := range map[string]string{
		"0123456789abcdef": "200 403 403", "fedcba9876543210": "200 200 403", "00112233445566778899": "200 200 200",
		"": "401 401 401", "0123456789abcdeF": "401 401 401",
	} {
		for i, path := range []string{"/read", "/plan", "/operate"} {
			for _, carry := range []func(*http.Request){
				func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+name) },
				func(r *http.Request) { r.AddCookie(&http.Cookie{Name: TokenCookie, Value: name}) },
			} {
				r := httptest.NewRequest(http.MethodGet, "https://planner.example"+path, nil)
				carry(r)
				w := httptest.NewRecorder()
				s.Handler().ServeHTTP(w, r)
				if got := http.StatusText(w.Code); !strings.HasPrefix(strings.Fields(may)[i], statusDigits(w.Code)) {
					t.Errorf("%s with %q: %s %s", path, name, got, w.Body)
				}
				if strings.Contains(w.Body.String(), name) && name != "" {
					t.Errorf("the answer repeats the token: %s", w.Body)
				}
			}
		}
	}
	if status, _, _ := get(t, s.Handler(), "GET", "/healthz"); status != 200 {
		t.Errorf("/healthz needs a token: %d", status)
	}
}

func statusDigits(code int) string {
	return string([]byte{byte('0' + code/100), byte('0' + code/10%10), byte('0' + code%10)})
}

func TestTokenFiles(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "no token",
		"read rita short":             "fewer than",
		"admin rita 0123456789abcdef": "is not read, plan or operate",
		"read 0123456789abcdef":       ":1: not role",
		"read a 0123456789abcdef\nplan b 0123456789abcdef": "already",
	} {
		_, err := ReadTokens(writeTokens(t, text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "0123456789abcdef") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestOtherSites sends what a page of another site could make a browser send.
func TestOtherSites(t *testing.T) {
	s := New(Config{Log: quiet})
	s.HandleFor(RolePlan, "POST /events", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, "written") }))
	for _, c := range []struct {
		url, header, value string
		want               int
	}{
		{"http://127.0.0.1:8080/events", "", "", 200}, // no browser
		{"http://localhost:8080/events", "Origin", "http://localhost:8080", 200},
		{"http://localhost:8080/events", "Sec-Fetch-Site", "same-origin", 200},
		{"http://localhost:8080/events", "Sec-Fetch-Site", "cross-site", 403},
		{"http://localhost:8080/events", "Origin", "https://evil.example", 403},
		{"http://evil.example/events", "Origin", "http://evil.example", 403}, // a name that leads to this machine
	} {
		r := httptest.NewRequest(http.MethodPost, c.url, nil)
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: %d %s", c, w.Code, w.Body)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self';") || strings.Contains(csp, "unsafe") {
			t.Errorf("policy %q", csp)
		}
	}
}

func TestOpenAddressNeedsTokens(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "example.com:0"} {
		if err := New(Config{Address: address, Log: quiet}).Run(t.Context()); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestSignIn: a page that is opened without a token leads to where one is asked for, once it is sure that the browser
// has none; whoever reads no page is told.
func TestSignIn(t *testing.T) {
	tokens, err := ReadTokens(writeTokens(t, "plan paul fedcba9876543210\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{Log: quiet, Tokens: tokens, Login: true})
	s.Handle("GET /page", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { writeJSON(w, 200, Who(r.Context()).Name) }))
	s.HandleFor(RoleAnyone, "POST /login", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !tokens.SignIn(w, r, r.PostFormValue("token")) {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	s.HandleFor(RoleAnyone, "POST /logout", http.HandlerFunc(SignOut))
	ask := func(method, url, body string, header ...string) *http.Response {
		r := httptest.NewRequest(method, url, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w.Result()
	}
	const page, html = "https://planner.example/page?a=1&b=2", "text/html,*/*;q=0.8"
	if r := ask("GET", page, "", "Accept", html); r.StatusCode != 303 || r.Header.Get("Location") != "/login?to=%2Fpage%3Fa%3D1%26b%3D2" {
		t.Errorf("a page: %d %s", r.StatusCode, r.Header.Get("Location"))
	}
	if r := ask("GET", page, "", "Accept", html, "Sec-Fetch-Site", "cross-site"); r.StatusCode != 200 || r.Header.Get("Refresh") != "0" {
		t.Errorf("a page by a link from elsewhere: %d", r.StatusCode)
	}
	if r := ask("GET", page, "", "Accept", "application/json"); r.StatusCode != 401 {
		t.Errorf("a program: %d", r.StatusCode)
	}
	if r := ask("POST", "https://planner.example/login", "token=fedcba9876543210", "Origin", "https://evil.example"); r.StatusCode != 403 {
		t.Errorf("signed in by another site: %d", r.StatusCode)
	}
	if r := ask("POST", "https://planner.example/login", "token=fedcba987654321"); r.StatusCode != http.StatusTeapot || len(r.Cookies()) > 0 {
		t.Errorf("a wrong token: %d %v", r.StatusCode, r.Cookies())
	}
	for url, secure := range map[string]bool{"https://planner.example/login": true, "http://planner.example/login": false} {
		r := ask("POST", url, "token=fedcba9876543210")
		c := r.Cookies()
		if len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode || c[0].Secure != secure || c[0].Path != "/" || c[0].MaxAge <= 0 {
			t.Fatalf("%s: cookies %v", url, c)
		}
		if r := ask("GET", page, "", "Accept", html, "Cookie", c[0].Name+"="+c[0].Value); r.StatusCode != 200 {
			t.Errorf("signed in: %d", r.StatusCode)
		}
	}
	if c := ask("POST", "http://planner.example/login", "token=fedcba9876543210", "X-Forwarded-Proto", "https").Cookies(); len(c) != 1 || !c[0].Secure {
		t.Errorf("behind a proxy with TLS: %v", c)
	}
	if c := ask("POST", "http://planner.example/logout", "").Cookies(); len(c) != 1 || c[0].Value != "" || c[0].MaxAge >= 0 {
		t.Errorf("signed out: %v", c)
	}
	for address, want := range map[string]string{"/sites/a?x=1": "/sites/a?x=1", "": "/", "sites": "/", "//evil.example": "/", `/\evil.example`: "/", "https://evil.example/": "/", "/%zz": "/"} {
		if got := LocalPath(address); got != want {
			t.Errorf("%q leads to %q", address, got)
		}
	}
}

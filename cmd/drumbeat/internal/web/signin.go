package web

import (
	"crypto/sha256"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// LoginPath is where a page asks for a token; see Config.Login.
const LoginPath = "/login"

// signedIn is how long a browser keeps a token: a shift.
const signedIn = 12 * time.Hour

// SignIn gives the browser the cookie of a token, unless nobody has the token.
func (t Tokens) SignIn(w http.ResponseWriter, r *http.Request, token string) bool {
	_, known := t[sha256.Sum256([]byte(token))]
	if known {
		http.SetCookie(w, tokenCookie(r, token, int(signedIn.Seconds())))
	}
	return known
}

// SignOut takes the cookie away.
func SignOut(w http.ResponseWriter, r *http.Request) { http.SetCookie(w, tokenCookie(r, "", -1)) }

// tokenCookie is out of reach of scripts and of other sites. It is for TLS alone where the reader uses TLS, be it
// with a proxy before us; who claims that without it keeps nobody's cookie but their own from coming back.
func tokenCookie(r *http.Request, token string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: TokenCookie, Value: token, Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	}
}

// askIn sends a person who opens a page without a token to where they can sign in; false if nobody reads the
// answer as a page. A link on another site brings no cookie of ours with it, so such a page is first opened once
// more by itself.
func askIn(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return false
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		h.Set("Refresh", "0")
		w.WriteHeader(http.StatusOK)
		return true
	}
	http.Redirect(w, r, LoginPath+"?to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	return true
}

// LocalPath is an address of our own, or "/" in place of any other.
func LocalPath(address string) string {
	to, err := url.Parse(address)
	if err != nil || to.IsAbs() || to.Host != "" || !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.Contains(address, `\`) {
		return "/"
	}
	return address
}

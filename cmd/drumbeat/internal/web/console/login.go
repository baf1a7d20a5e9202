package console

import (
	"net/http"
	"net/url"
	"strings"

	"drumbeat/cmd/drumbeat/internal/web"
)

// loginBody is the page that asks for a token.
type loginBody struct{ To string }

func (c *Console) loginPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p := &page{Title: "Sign in", View: "login", Body: loginBody{web.LocalPath(q.Get("to"))}}
	if q.Has("wrong") {
		p.Done, p.Wrong = "This token is nobody's.", true
	}
	c.render(w, http.StatusOK, "login", p)
}

// login takes the token and goes on to the page that was asked for.
func (c *Console) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	to := web.LocalPath(r.FormValue("to"))
	if !c.SignIn(w, r, strings.TrimSpace(r.PostFormValue("token"))) {
		to = web.LoginPath + "?" + url.Values{"to": {to}, "wrong": {"1"}}.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (c *Console) logout(w http.ResponseWriter, r *http.Request) {
	web.SignOut(w, r)
	http.Redirect(w, r, web.LoginPath, http.StatusSeeOther)
}

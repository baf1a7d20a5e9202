package api

import (
	"net/http"
	"testing"

	"drumbeat/cmd/drumbeat/internal/web"
)

// muxes remembers what is registered.
type muxes struct {
	http.ServeMux
	routes map[string]web.Role
}

func (m *muxes) HandleFor(role web.Role, pattern string, h http.Handler) {
	m.routes[pattern] = role
	m.Handle(pattern, h)
}

func TestSmoke(t *testing.T) {
	a, err := New(&muxes{routes: map[string]web.Role{}}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", a.Document())
}

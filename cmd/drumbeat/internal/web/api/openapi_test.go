package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/schemas"
)

var update = flag.Bool("update", false, "write ../schemas/openapi.json anew")

// documentFile is what package schemas embeds.
const documentFile = "../../../../../schemas/openapi.json"

// described is the API without anything behind it.
func described(t *testing.T) (a *API, patterns []string, server *web.Server) {
	t.Helper()
	server = web.New(web.Config{Log: quietLog})
	a, err := New(muxFunc(func(role web.Role, pattern string, h http.Handler) {
		patterns = append(patterns, pattern)
		server.HandleFor(role, pattern, h)
	}), Config{Log: quietLog})
	if err != nil {
		t.Fatal(err)
	}
	return a, patterns, server
}

// TestDocumentIsEmbedded: what is served is what package schemas has for others to read.
func TestDocumentIsEmbedded(t *testing.T) {
	a, _, _ := described(t)
	if *update {
		if err := os.WriteFile(documentFile, a.Document(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(schemas.OpenAPI(), a.Document()) {
		t.Error("schemas/openapi.json is not the document of the code: go test ./cmd/drumbeat/internal/web/api -run TestDocumentIsEmbedded -args -update writes it")
	}
}

// TestDocumentHasEveryRoute compares the routes that are registered with those that are described.
func TestDocumentHasEveryRoute(t *testing.T) {
	a, patterns, _ := described(t)
	patterns = append(patterns, "GET /healthz", "GET /readyz", "GET /metrics") // of every server
	var doc struct {
		Paths map[string]map[string]struct {
			Summary   string         `json:"summary"`
			Responses map[string]any `json:"responses"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(a.Document(), &doc); err != nil {
		t.Fatal(err)
	}
	var routes []string
	for path, methods := range doc.Paths {
		for method, op := range methods {
			routes = append(routes, strings.ToUpper(method)+" "+path)
			if op.Summary == "" || len(op.Responses) == 0 {
				t.Errorf("%s %s is not described", method, path)
			}
		}
	}
	slices.Sort(patterns)
	slices.Sort(routes)
	if !slices.Equal(patterns, routes) {
		t.Errorf("served:    %s\ndescribed: %s", patterns, routes)
	}
}

// TestReferencesLead: every reference of the document leads to something in it.
func TestReferencesLead(t *testing.T) {
	a, _, _ := described(t)
	var doc any
	if err := json.Unmarshal(a.Document(), &doc); err != nil {
		t.Fatal(err)
	}
	n := 0
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				n++
				at := doc
				for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
					in, ok := at.(map[string]any)
					if at = in[part]; !ok || at == nil {
						t.Errorf("%s leads nowhere", ref)
						break
					}
				}
			}
			for _, m := range v {
				walk(m)
			}
		case []any:
			for _, m := range v {
				walk(m)
			}
		}
	}
	walk(doc)
	if n < 50 {
		t.Errorf("%d references", n)
	}
}

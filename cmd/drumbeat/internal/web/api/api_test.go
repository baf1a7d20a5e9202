package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/optimize/clp"
	"drumbeat/stream"
	"drumbeat/stream/postgres"
)

// rig is an API on the test database, behind the server of the service.
type rig struct {
	*API
	t        *testing.T
	http     http.Handler
	strict   []byte
	routes   map[string]web.Role
	checker  *jsonschema.Compiler
	checking sync.Mutex

	mu       sync.Mutex
	sent     map[string][]stream.Message
	replayed []Replayed
	asked    map[string]bool // operations by method and path
}

// newRig listens for new plans until the test ends.
func newRig(t *testing.T) *rig {
	t.Helper()
	if testStore == nil {
		t.Skip(whyNone)
	}
	server := web.New(web.Config{Log: quietLog})
	r := &rig{t: t, routes: map[string]web.Role{}, sent: map[string][]stream.Message{}, asked: map[string]bool{}}
	mux := muxFunc(func(role web.Role, pattern string, h http.Handler) {
		r.routes[pattern] = role
		server.HandleFor(role, pattern, h)
	})
	var err error
	r.API, err = New(mux, Config{
		Reader: view.NewStored(testStore, time.Now), NewSolver: clp.New, Log: quietLog,
		Send: func(_ context.Context, topic string, messages []stream.Message) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.sent[topic] = append(r.sent[topic], messages...)
			return nil
		},
		Fix: func(l *view.Letter, set map[string]any) (*view.Letter, string, error) {
			var event map[string]any
			if err := json.Unmarshal(l.RawValue, &event); err != nil {
				return l, "", err
			}
			maps.Copy(event["data"].(map[string]any), set)
			value, err := json.Marshal(event)
			out := *l
			out.RawValue = value
			return &out, "fixed", err
		},
		Replayed: func(ctx context.Context, list []Replayed) error {
			r.replayed = append(r.replayed, list...)
			marks := make([]postgres.Replayed, len(list))
			for i, one := range list {
				marks[i] = postgres.Replayed{LetterOrigin: postgres.LetterOrigin(one.Origin), ID: one.ID}
			}
			return testStore.MarkReplayed(ctx, marks)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.http = server.Handler()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if r.strict, err = r.describe(true); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(r.strict))
	if err != nil {
		t.Fatal(err)
	}
	r.checker = jsonschema.NewCompiler()
	r.checker.AssertFormat()
	if err := r.checker.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return r
}

type muxFunc func(role web.Role, pattern string, h http.Handler)

// HandleFor implements Mux.
func (f muxFunc) HandleFor(role web.Role, pattern string, h http.Handler) { f(role, pattern, h) }

// result is what was answered.
type result struct {
	status int
	header http.Header
	body   []byte
}

// json decodes the body.
func (a *result) json(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v: %.300s", err, a.body)
	}
}

// ask sends a request to a route of the document, fills in the parts of its path, and holds the answer against
// the document: its status, its kind of content, and, where it is JSON, its schema.
func (r *rig) ask(method, path string, parts []string, query string, body any, header ...string) *result {
	r.t.Helper()
	at := path
	for _, part := range parts {
		open, end := strings.IndexByte(at, '{'), strings.IndexByte(at, '}')
		at = at[:open] + escaped(part) + at[end+1:]
	}
	if query != "" {
		at += "?" + query
	}
	var content io.Reader
	if body != nil {
		text, ok := body.(string)
		if !ok {
			encoded, err := json.Marshal(body)
			if err != nil {
				r.t.Fatal(err)
			}
			text = string(encoded)
		}
		content = strings.NewReader(text)
	}
	req := httptest.NewRequest(method, "http://localhost"+at, content)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.http.ServeHTTP(w, req)
	out := &result{w.Code, w.Header(), w.Body.Bytes()}
	r.conforms(method, path, out)
	return out
}

func (r *rig) conforms(method, path string, out *result) {
	r.t.Helper()
	r.mu.Lock()
	r.asked[method+" "+path] = true
	r.mu.Unlock()
	var doc struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Content map[string]any `json:"content"`
			} `json:"responses"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(r.strict, &doc); err != nil {
		r.t.Fatal(err)
	}
	method = strings.ToLower(method)
	status := statusText(out.status)
	answer, ok := doc.Paths[path][method].Responses[status]
	if !ok {
		r.t.Errorf("%s %s: status %s is not in the document: %.300s", method, path, status, out.body)
		return
	}
	if len(answer.Content) == 0 {
		if len(out.body) > 0 {
			r.t.Errorf("%s %s %s: a body that is not in the document", method, path, status)
		}
		return
	}
	kind, _, _ := strings.Cut(out.header.Get("Content-Type"), ";")
	if _, ok := answer.Content[kind]; !ok {
		r.t.Errorf("%s %s %s: content %q is not in the document", method, path, status, kind)
		return
	}
	if !strings.HasSuffix(kind, "json") {
		return
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	r.checking.Lock() // a compiler is for one goroutine at a time
	defer r.checking.Unlock()
	schema, err := r.checker.Compile("openapi.json#/paths/" + url.PathEscape(escape.Replace(path)) + "/" + method + "/responses/" + status +
		"/content/" + url.PathEscape(escape.Replace(kind)) + "/schema")
	if err != nil {
		r.t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(out.body))
	if err != nil {
		r.t.Fatalf("%s %s: %v: %.300s", method, path, err, out.body)
	}
	if err := schema.Validate(value); err != nil {
		r.t.Errorf("%s %s %s: %v\n%.500s", method, path, status, err, out.body)
	}
}

func statusText(code int) string {
	return string([]byte{byte('0' + code/100), byte('0' + code/10%10), byte('0' + code%10)})
}

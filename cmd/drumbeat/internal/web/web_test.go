package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// get asks a server without a network.
func get(t *testing.T, h http.Handler, method, path string) (status int, header http.Header, body map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, "http://localhost"+path, nil))
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, w.Body)
	}
	return w.Code, w.Header(), body
}

func TestHealthAndReadiness(t *testing.T) {
	var postgres error
	s := New(Config{Log: quiet, Checks: []Check{
		{"kafka", func(context.Context) error { return nil }},
		{"postgres", func(context.Context) error { return postgres }},
		{"planner", func(context.Context) error {
			if postgres != nil {
				panic("no state")
			}
			return nil
		}},
	}}).Handler()
	if status, _, body := get(t, s, "GET", "/healthz"); status != 200 || body["status"] != "ok" {
		t.Errorf("/healthz: %d %v", status, body)
	}
	want := map[string]any{"status": "ready", "checks": []any{"kafka", "postgres", "planner"}}
	if status, _, body := get(t, s, "GET", "/readyz"); status != 200 || !reflect.DeepEqual(body, want) {
		t.Errorf("/readyz: %d %v", status, body)
	}
	postgres = errors.New("connection refused")
	status, header, body := get(t, s, "GET", "/readyz")
	want = map[string]any{
		"type": "about:blank", "title": "Not ready", "status": 503.0, "detail": "2 of 3 checks failed",
		"checks": []any{
			map[string]any{"name": "postgres", "error": "connection refused"},
			map[string]any{"name": "planner", "error": "the check panicked: no state"},
		},
	}
	if status != 503 || header.Get("Content-Type") != "application/problem+json" || !reflect.DeepEqual(body, want) {
		t.Errorf("/readyz: %d %v %v", status, header, body)
	}
	if status, _, _ := get(t, s, "GET", "/healthz"); status != 200 {
		t.Errorf("/healthz follows readiness: %d", status)
	}
}

func TestCheckThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := New(Config{Log: quiet, Checks: []Check{{"stuck", func(context.Context) error { <-release; return nil }}}})
		start := time.Now()
		status, _, body := get(t, s.Handler(), "GET", "/readyz")
		if status != 503 || time.Since(start) != checkTimeout || !strings.Contains(body["checks"].([]any)[0].(map[string]any)["error"].(string), "no answer") {
			t.Errorf("%d %v after %v", status, body, time.Since(start))
		}
		close(release)
	})
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "beats_total", Help: "Beats."})
	registry.MustRegister(c)
	c.Add(3)
	w := httptest.NewRecorder()
	New(Config{Log: quiet, Metrics: registry}).Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), "beats_total 3") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestErrorsAreProblems(t *testing.T) {
	s := New(Config{Log: quiet})
	s.Handle("GET /broken", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") }))
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/nothing", 404, ""}, {"POST", "/healthz", 405, "GET, HEAD"}, {"GET", "/broken", 500, ""},
	} {
		status, header, body := get(t, s.Handler(), c.method, c.path)
		if status != c.status || body["status"] != float64(c.status) || header.Get("Content-Type") != "application/problem+json" || header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d %v %v", c.method, c.path, status, header, body)
		}
	}
}

// TestStarting asks for what is still to come.
func TestStarting(t *testing.T) {
	started := false
	s := New(Config{Log: quiet, Started: func() bool { return started }})
	ask := func(want int) {
		t.Helper()
		if status, _, body := get(t, s.Handler(), "GET", "/plans"); status != want {
			t.Errorf("%d %v, want %d", status, body, want)
		}
	}
	ask(http.StatusServiceUnavailable)
	s.Handle("GET /plans", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, map[string]int{"plans": 0}) }))
	started = true
	ask(http.StatusOK)
}

// TestStop stops the server while a request is under way: the request is answered, new ones are refused.
func TestStop(t *testing.T) {
	s := New(Config{Address: "127.0.0.1:0", Log: quiet})
	entered, leave := make(chan struct{}), make(chan struct{})
	s.Handle("GET /slow", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		fmt.Fprint(w, "done")
	}))
	ctx, cancel := context.WithCancel(t.Context())
	listener, err := s.Listen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	closed := &watched{Listener: listener, closed: make(chan struct{})}
	stopped, answered := make(chan error, 1), make(chan string, 1)
	go func() { stopped <- s.Serve(ctx, closed) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	go func() {
		res, err := client.Get("http://" + listener.Addr().String() + "/slow")
		if err != nil {
			answered <- err.Error()
			return
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			body = []byte(err.Error())
		}
		answered <- string(body)
	}()
	<-entered
	cancel()
	<-closed.closed
	close(leave)
	if got := <-answered; got != "done" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stopped with %v", err)
	}
	if _, err := client.Get("http://" + listener.Addr().String() + "/healthz"); err == nil {
		t.Error("a stopped server answers")
	}
}

// watched tells when a listener is closed.
type watched struct {
	net.Listener
	closed chan struct{}
}

func (w *watched) Close() error {
	select {
	case <-w.closed:
	default:
		close(w.closed)
	}
	return w.Listener.Close()
}

// TestStopEndsStreams: a stream that never ends by itself ends with its context.
func TestStopEndsStreams(t *testing.T) {
	s := New(Config{Address: "127.0.0.1:0", Log: quiet, Drain: 100 * time.Millisecond})
	entered := make(chan struct{})
	s.Handle("GET /stream", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}))
	ctx, cancel := context.WithCancel(t.Context())
	listener, err := s.Listen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	stopped, answered := make(chan error, 1), make(chan struct{})
	go func() { stopped <- s.Serve(ctx, listener) }()
	go func() {
		defer close(answered)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		if res, err := client.Get("http://" + listener.Addr().String() + "/stream"); err == nil {
			res.Body.Close()
		}
	}()
	<-entered
	cancel()
	if err := <-stopped; err != nil {
		t.Errorf("stopped with %v", err)
	}
	<-answered
}

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	err = New(Config{Address: taken.Addr().String(), Log: quiet}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("error %v", err)
	}
}

package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// DefaultAddress is reachable from this machine only, where no token is needed.
const DefaultAddress = "127.0.0.1:8080"

// writeTimeout is how long a reader may take for an answer, the time to make it included.
const writeTimeout = 2 * time.Minute

// ErrOpen says that an address can be reached from elsewhere and nobody would have to say who they are.
var ErrOpen = errors.New("an address beyond this machine needs tokens")

// Config says where and what a Server serves.
type Config struct {
	Address string        // host:port; "": DefaultAddress
	Drain   time.Duration // how long a stop waits for requests under way; 0: 5 s

	// Tokens are needed for what Handle and HandleFor serve; none: requests from this machine are answered, and
	// Listen refuses other addresses.
	Tokens Tokens

	// Login says that LoginPath is served: pages that are opened without a token lead there.
	Login bool

	Metrics prometheus.Gatherer // of /metrics; nil: an empty page
	Checks  []Check             // of /readyz
	Started func() bool         // false: what Handle serves may still be to come; nil: it is there
	Log     *slog.Logger        // nil: slog.Default
}

// Server is an HTTP server. Handle comes before Run or Serve, unless Config.Started says when it has come.
type Server struct {
	config Config
	mux    *http.ServeMux
}

// New returns a server that listens to nothing yet.
func New(c Config) *Server {
	if c.Address == "" {
		c.Address = DefaultAddress
	}
	if c.Drain == 0 {
		c.Drain = 5 * time.Second
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	s := &Server{config: c, mux: http.NewServeMux()}
	s.mux.Handle("GET /metrics", promhttp.HandlerFor(c.Metrics, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(c.Log.Handler(), slog.LevelError),
		// One broken collector must not hide the others' figures.
		ErrorHandling:     promhttp.ContinueOnError,
		EnableOpenMetrics: true,
	}))
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	s.mux.Handle("GET /readyz", ready(c.Checks))
	return s
}

// Handle serves a pattern of http.ServeMux to those who may read.
func (s *Server) Handle(pattern string, h http.Handler) { s.HandleFor(RoleRead, pattern, h) }

// Run listens on the configured address and serves until ctx ends, then as Serve.
func (s *Server) Run(ctx context.Context) error {
	listener, err := s.Listen(ctx)
	if err != nil {
		return err
	}
	return s.Serve(ctx, listener)
}

// Listen opens the configured address, so that a port in use is found before anything else has started.
func (s *Server) Listen(ctx context.Context) (net.Listener, error) {
	if len(s.config.Tokens) == 0 && !Local(s.config.Address) {
		return nil, fmt.Errorf("web: %w: %s", ErrOpen, s.config.Address)
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", s.config.Address)
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return listener, nil
}

// Serve serves until ctx ends, waits for the requests under way for as long as Config.Drain, and closes
// the listener. An ordinary stop returns nil.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		// No WriteTimeout: a stream of events stays open for days. Handler sets a limit for each answer.
		ErrorLog:    slog.NewLogLogger(s.config.Log.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context { return base },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("web: %w", err)
	case <-ctx.Done():
	}
	drain, stop := context.WithTimeout(context.WithoutCancel(ctx), s.config.Drain)
	defer stop()
	// Streams end with their contexts; requests under way may finish.
	defer time.AfterFunc(s.config.Drain/2, cancel).Stop()
	err := server.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if ended := <-failed; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	if err != nil {
		return fmt.Errorf("web: stopping: %w", err)
	}
	return nil
}

// Handler answers as the server does, without a network.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			s.config.Log.Error("web: a handler panicked", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			// Where the answer has begun this changes nothing, and the reader sees it cut short.
			WriteProblem(w, Problem{Status: http.StatusInternalServerError})
		}()
		// Streams move it on with every event. A writer without a connection needs none.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Referrer-Policy", "same-origin")
		if _, pattern := s.mux.Handler(r); pattern == "" {
			s.unmatched(w, r)
			return
		}
		s.mux.ServeHTTP(w, r)
	})
}

// unmatched answers for paths and methods that nothing serves, as problem details. The mux itself knows
// which of the two it is.
func (s *Server) unmatched(w http.ResponseWriter, r *http.Request) {
	probe := &headerOnly{header: http.Header{}}
	s.mux.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.header.Get("Allow"))
		WriteProblem(w, Problem{Status: probe.status, Detail: r.Method + " is not allowed here"})
		return
	}
	if s.config.Started != nil && !s.config.Started() {
		w.Header().Set("Retry-After", "1")
		WriteProblem(w, Problem{Status: http.StatusServiceUnavailable, Detail: "the service is starting"})
		return
	}
	WriteProblem(w, Problem{Status: http.StatusNotFound, Detail: "there is nothing at " + r.URL.Path})
}

// headerOnly is a response whose body goes nowhere.
type headerOnly struct {
	header http.Header
	status int
}

func (h *headerOnly) Header() http.Header         { return h.header }
func (h *headerOnly) Write(p []byte) (int, error) { return len(p), nil }
func (h *headerOnly) WriteHeader(status int)      { h.status = status }

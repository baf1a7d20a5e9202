package postgres_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"drumbeat/stream"
)

// silence stands before the server and, when told, swallows what the server says: the connection looks open, and
// nothing comes any more.
type silence struct {
	net.Listener
	server string
	mute   atomic.Bool
	conns  sync.WaitGroup
}

func newSilence(t *testing.T, server string) *silence {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &silence{Listener: l, server: server}
	s.conns.Go(s.serve)
	t.Cleanup(func() { l.Close(); s.conns.Wait() })
	return s
}

func (s *silence) serve() {
	for {
		client, err := s.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", s.server)
		if err != nil {
			client.Close()
			continue
		}
		s.conns.Go(func() { defer server.Close(); _, _ = io.Copy(server, client) })
		s.conns.Go(func() { defer client.Close(); _, _ = io.Copy(&muted{client, &s.mute}, server) })
	}
}

type muted struct {
	io.Writer
	mute *atomic.Bool
}

func (m *muted) Write(p []byte) (int, error) {
	if m.mute.Load() {
		return len(p), nil
	}
	return m.Writer.Write(p)
}

// TestSilentServer has the server go without a word in the middle of everything: each call gives up, and the
// store works again as soon as the server does.
func TestSilentServer(t *testing.T) {
	_, dsn := newStore(t)
	u, err := url.Parse(dsn)
	if err != nil || u.Host == "" {
		t.Skip("the server is not named by a URL")
	}
	between := newSilence(t, u.Host)
	u.Host = between.Addr().String()
	s := openStore(t, u.String())
	snapshot, err := s.Load(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	batch := fullBatch(1)
	if err := s.Save(t.Context(), 0, snapshot.Epoch, batch); err != nil {
		t.Fatal(err)
	}
	between.mute.Store(true)
	s.SetPatience(200 * time.Millisecond)
	for name, call := range map[string]func(context.Context) error{
		"Check":   s.Check,
		"Epoch":   func(ctx context.Context) error { _, err := s.Epoch(ctx, 0); return err },
		"Save":    func(ctx context.Context) error { return s.Save(ctx, 0, snapshot.Epoch, batch) },
		"Unsent":  func(ctx context.Context) error { _, err := s.Unsent(ctx, 0, 0, 1<<20); return err },
		"Sent":    func(ctx context.Context) error { return s.Sent(ctx, 0, snapshot.Epoch, 0, nil) },
		"Current": func(ctx context.Context) error { _, err := s.Current(ctx, "a", nil); return err },
		"Load":    func(ctx context.Context) error { _, err := s.Load(ctx, 1); return err },
		"Bind":    func(ctx context.Context) error { return s.Bind(ctx, "c") },
	} {
		err := call(t.Context())
		if err == nil || errors.Is(err, stream.ErrFenced) {
			t.Errorf("%s of a silent server: %v", name, err)
		}
	}
	between.mute.Store(false)
	s.SetPatience(time.Minute)
	if err := s.Save(t.Context(), 0, snapshot.Epoch, batch); err != nil {
		t.Errorf("Save after the silence: %v", err)
	}
}

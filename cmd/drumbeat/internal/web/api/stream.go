package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"drumbeat/cmd/drumbeat/internal/web/view"
)

// Bounds of streams.
const (
	maxStreams = 256
	heartbeat  = 15 * time.Second // a comment, so that dead connections are found
	catchUp    = 100              // revisions sent at a time; older ones that were missed are left out
	writeLimit = 10 * time.Second // for one event
)

// streamed is the answer of a stream.
type streamed struct{ Body func(huma.Context) }

// stream registers the server-sent events of a site.
func (a *API) stream() {
	op := a.operation(operation{id: "stream", path: "/v1/sites/{site}/stream", errors: []int{http.StatusNotFound},
		summary: "Server-sent events: one named plan for each new revision, its id the revision"})
	op.Responses["200"].Content = map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString,
		Description: "data is a revision as in /plan/history. Last-Event-ID resumes behind a revision; without it the newest comes first."}}}
	open := make(chan struct{}, maxStreams)
	huma.Register(a.huma, op, func(ctx context.Context, in *struct {
		SitePath
		Last string `header:"Last-Event-ID" maxLength:"20" doc:"The revision that was seen last."`
	}) (*streamed, error) {
		newest, err := a.config.Reader.Newest(ctx, in.Site)
		if err != nil {
			return nil, a.problem(ctx, op.OperationID, err)
		}
		// What is no revision resumes nothing; what is above the newest comes from another database.
		last, err := strconv.ParseInt(in.Last, 10, 64)
		if err != nil || last < 0 || last > newest {
			last = max(0, newest-1)
		}
		select {
		case open <- struct{}{}:
		default:
			return nil, huma.Error503ServiceUnavailable(fmt.Sprintf("%d streams are open, and no more are allowed", maxStreams))
		}
		return &streamed{func(hc huma.Context) {
			defer func() { <-open }()
			_, w := humago.Unwrap(hc)
			s := sse{w: w, c: http.NewResponseController(w)}
			h := w.Header()
			h.Set("Content-Type", "text/event-stream")
			h.Set("Cache-Control", "no-store")
			h.Set("X-Accel-Buffering", "no") // a proxy must not collect events
			w.WriteHeader(http.StatusOK)
			if err := a.follow(hc.Context(), &s, in.Site, last); err != nil && hc.Context().Err() == nil && !errors.Is(err, errGone) {
				a.config.Log.Warn("stream ended", "site", in.Site, "error", err)
			}
		}}, nil
	})
}

// follow sends every revision above last, as it comes, until the reader goes.
func (a *API) follow(ctx context.Context, s *sse, site string, last int64) error {
	if err := s.send("retry: 2000\n\n"); err != nil {
		return err
	}
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		changed := a.changes.next(site) // before the read: what comes after it is not missed
		newest, err := a.config.Reader.Newest(ctx, site)
		if err != nil {
			return err
		}
		list, err := a.config.Reader.After(ctx, site, max(last, newest-catchUp), catchUp)
		if err != nil {
			return err
		}
		for i := range list {
			if err := s.plan(&list[i]); err != nil {
				return err
			}
			last = list[i].Revision
		}
		if len(list) == catchUp {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-ticker.C: // also the way to find what nobody told us of
			if err := s.send(": \n\n"); err != nil {
				return err
			}
		}
	}
}

// errGone says that nobody reads any more.
var errGone = errors.New("api: the reader has gone")

// sse writes server-sent events.
type sse struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func (s *sse) plan(r *view.Revision) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	return s.send(fmt.Sprintf("event: plan\nid: %d\ndata: %s\n\n", r.Revision, data))
}

func (s *sse) send(text string) error {
	if err := s.c.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("api: %w", err)
	}
	_, err := s.w.Write([]byte(text))
	if err == nil {
		err = s.c.Flush()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return nil
}

package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/schemas"
)

// events are what a stream brings, from behind a revision.
func events(t *testing.T, server *httptest.Server, site, last string) (<-chan view.Revision, context.CancelFunc) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/sites/"+site+"/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	list := make(chan view.Revision)
	go func() {
		defer close(list)
		defer res.Body.Close()
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		id := ""
		for lines.Scan() {
			if v, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				id = v
			}
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			var r view.Revision
			if err := json.Unmarshal([]byte(data), &r); err != nil || strconv.FormatInt(r.Revision, 10) != id {
				t.Errorf("event %q: %v: %s", id, err, data)
			}
			select {
			case list <- r:
			case <-ctx.Done():
				return
			}
		}
	}()
	return list, stop
}

// TestStream follows a site while it gets plans, breaks off and resumes.
func TestStream(t *testing.T) {
	r, site := newRig(t), golden(t, "streamed")
	server := httptest.NewServer(r.http)
	defer server.Close()
	next := func(list <-chan view.Revision, want int64) {
		t.Helper()
		if got := <-list; got.Revision != want || got.PlanID != "streamed:"+strconv.FormatInt(want, 10) || got.Cost.Total <= 0 {
			t.Errorf("revision %d %q, want %d", got.Revision, got.PlanID, want)
		}
	}
	replan := func(capacity float64) {
		site.event(&schemas.Resource{Resource: "factory", Capacity: capacity, Per: schemas.PerMonth})
		site.plan()
	}
	list, stop := events(t, server, site.name, "")
	next(list, 1)
	replan(14900)
	next(list, 2)
	stop()
	replan(14800)
	replan(14700)
	list, stop = events(t, server, site.name, "2")
	next(list, 3)
	next(list, 4)
	replan(14600)
	next(list, 5)
	stop()
	for _, last := range []string{"99", "-1", "x", "99999999999999999999"} { // of no revision of ours
		list, stop := events(t, server, site.name, last)
		next(list, 5)
		stop()
	}
	if out := r.ask("GET", "/v1/sites/{site}/stream", []string{"nowhere"}, "", nil); out.status != 404 {
		t.Errorf("a site that is not there: %d", out.status)
	}
}

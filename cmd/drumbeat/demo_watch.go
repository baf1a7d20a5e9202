package main

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/postgres"
)

// demoWatch gathers what the demo shows, from the batches as they are saved.
type demoWatch struct {
	title, site string

	mu        sync.Mutex
	firstSent time.Time
	sent      int64 // sales in the input topic
	before    int64 // of these, by an earlier run
	expected  int64 // definitions
	share     float64
	savedAt   time.Time // of the newest batch with records
	next      int64
	rows      auditRows
	head      *schemas.Head
	plannedAt time.Time
	lines     map[string][]byte
	shown     []schemas.Line // lines, decoded; nil: not yet
	seconds   demoSeconds
	latency   demoLatency
}

func newDemoWatch(title, site string) *demoWatch {
	return &demoWatch{title: title, site: site, rows: auditRows{}, lines: map[string][]byte{}}
}

func (w *demoWatch) resumed(sent int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent, w.before, w.firstSent = sent, sent, time.Now()
}

func (w *demoWatch) expect(definitions int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected = definitions
}

// load takes what an earlier run has left in the database.
func (w *demoWatch) load(ctx context.Context, store *postgres.Store) error {
	rows, err := store.Audit(ctx)
	if err != nil {
		return err
	}
	_, raw, ok, err := store.Head(ctx, w.site)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rows.take(rows)
	if !ok {
		return nil
	}
	w.head = &schemas.Head{}
	if err := json.Unmarshal(raw, w.head); err != nil {
		return err
	}
	w.next = w.head.Input.Offset
	if w.head.Lines > manySKUs {
		return nil
	}
	lines, err := store.Lines(ctx, w.site)
	for _, l := range lines {
		w.lines[l.SKU] = l.Value
	}
	return err
}

// sending says that n sales go out now.
func (w *demoWatch) sending(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.firstSent.IsZero() && w.next-w.expected >= w.sent {
		w.latency.sent(w.sent, w.sent+n, time.Now())
	}
}

func (w *demoWatch) fed(n int64, share float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent += n
	w.share = share
}

// caughtUp says that all sales that were sent are folded and saved.
func (w *demoWatch) caughtUp() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next-w.expected >= w.sent
}

// example is a SKU of the plan and the site's day, for a sale that a person may send.
func (w *demoWatch) example() (sku string, day time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sku, day = "SKU-001", time.Now()
	if w.head != nil {
		day = w.head.Now
	}
	if lines := w.decoded(); len(lines) > 0 {
		sku = lines[0].SKU
	}
	return sku, day
}

// events is the number of events that must be in the log.
func (w *demoWatch) events() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent + w.expected
}

// manySKUs is the number of changed lines from which the live view does without them: reading megabytes
// of plan many times a second would slow what it shows.
const manySKUs = 200

// saved takes a batch; the runner calls it.
func (w *demoWatch) saved(_ int32, b *stream.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if b.Next > w.next {
		w.next, w.savedAt = b.Next, now
	}
	w.rows.take(b.Audit)
	for i := range b.Revisions {
		r := &b.Revisions[i]
		var h schemas.Head
		if r.Site != w.site || json.Unmarshal(r.Head, &h) != nil {
			continue
		}
		w.head, w.plannedAt = &h, now
		w.latency.planned(h.Input.Offset-w.expected, w.sent, now)
		for _, l := range r.Lines {
			if l.Value == nil {
				delete(w.lines, l.SKU)
			} else if len(r.Lines) <= manySKUs {
				w.lines[l.SKU] = l.Value
			}
		}
		w.shown = nil
	}
}

// view is the live view.
func (w *demoWatch) view(now time.Time) *terminal.View {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := &terminal.View{Title: w.title, Head: w.head, Lines: w.decoded(), Audit: w.rows.audit(demoMaster), Latency: w.latency.summary()}
	folded := max(0, w.next-w.expected)
	v.Feed = terminal.Feed{Events: folded, Lag: max(0, w.sent-folded), Idle: now.Sub(w.savedAt) > 2*time.Second}
	if w.share > 0 {
		v.Feed.Total = max(int64(float64(w.sent)/w.share), folded)
	}
	if spent := now.Sub(w.firstSent).Seconds(); !w.firstSent.IsZero() && spent > 0 {
		v.Feed.Rate = float64(max(0, folded-w.before)) / spent
	}
	if w.head != nil {
		v.Feed.Day = w.head.Now.Format(time.DateOnly)
	}
	return v
}

// decoded are the lines of the newest plan.
func (w *demoWatch) decoded() []schemas.Line {
	if w.shown == nil {
		w.shown = readLines(w.lines)
	}
	return w.shown
}

func readLines(raw map[string][]byte) []schemas.Line {
	lines := make([]schemas.Line, 0, len(raw))
	for _, sku := range slices.Sorted(maps.Keys(raw)) {
		var l schemas.Line
		if json.Unmarshal(raw[sku], &l) == nil {
			lines = append(lines, l)
		}
	}
	return lines
}

// complete says whether Postgres holds a plan of everything up to offset, and all of it is published.
func (w *demoWatch) complete(ctx context.Context, store *postgres.Store, offset int64) (bool, error) {
	_, raw, ok, err := store.Head(ctx, w.site)
	if err != nil || !ok {
		return false, err
	}
	var h schemas.Head
	if err := json.Unmarshal(raw, &h); err != nil {
		return false, err
	}
	if h.Input.Offset < offset {
		return false, nil
	}
	left, err := store.Unsent(ctx, int32(h.Input.Partition), 0, 1)
	if err != nil || len(left) > 0 {
		return false, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.firstSent.IsZero() && !w.plannedAt.IsZero() {
		w.seconds = demoSeconds{Ingest: max(0, w.savedAt.Sub(w.firstSent).Seconds()), Plan: max(0, w.plannedAt.Sub(w.savedAt).Seconds())}
	}
	return true, nil
}

// result reads what Postgres holds.
func (w *demoWatch) result(ctx context.Context, store *postgres.Store) (*demoResult, *terminal.View, error) {
	rows, err := store.Audit(ctx)
	if err != nil {
		return nil, nil, err
	}
	newest := auditRows{}
	newest.take(rows)
	audit := newest.audit(demoMaster) // of the sales; definitions are left out
	_, raw, ok, err := store.Head(ctx, w.site)
	if err != nil {
		return nil, nil, err
	}
	r := &demoResult{Audit: audit, Seconds: w.seconds}
	view := &terminal.View{Title: w.title, Audit: audit, Feed: terminal.Feed{Events: audit.Read, Total: audit.Read, Idle: true}}
	if !ok {
		return r, view, nil
	}
	plan := &schemas.Plan{}
	if err := json.Unmarshal(raw, &plan.Head); err != nil {
		return nil, nil, err
	}
	values, err := store.Lines(ctx, w.site)
	if err != nil {
		return nil, nil, err
	}
	lines := map[string][]byte{}
	for _, l := range values {
		lines[l.SKU] = l.Value
	}
	plan.Lines = readLines(lines)
	r.Plan = plan
	r.Forecasts = forecastsOf(plan.Lines)
	accuracy, err := store.Accuracy(ctx, w.site)
	if err != nil {
		return nil, nil, err
	}
	r.Accuracy = accuracyBySite(accuracy)
	view.Accuracy = r.Accuracy
	view.Head, view.Lines, view.Feed.Day = &plan.Head, plan.Lines, plan.Head.Now.Format(time.DateOnly)
	view.Forecasts = r.Forecasts
	view.Latency = w.latency.summary()
	if w.seconds.Plan > 0 {
		last := time.Duration(w.seconds.Plan * float64(time.Second))
		view.Latency = terminal.Latency{Last: last, Median: last, P99: last, Plans: 1}
	}
	return r, view, nil
}

// forecastsOf is the demand of each line by period with its interval.
func forecastsOf(lines []schemas.Line) []terminal.Forecast {
	list := make([]terminal.Forecast, len(lines))
	for i := range lines {
		f := &list[i]
		f.SKU = lines[i].SKU
		for _, p := range lines[i].Periods {
			f.Mean = append(f.Mean, p.Demand.Float())
			f.Low = append(f.Low, p.DemandLow.Float())
			f.High = append(f.High, p.DemandHigh.Float())
		}
	}
	return list
}

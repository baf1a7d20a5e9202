package postgres_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/postgres"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"
)

// TestExpireKeepsPlans lets days go from random histories, again and again, and compares every plan that
// must still be whole with a plain map of what it held.
func TestExpireKeepsPlans(t *testing.T) {
	s, dsn := newStore(t)
	conn := connect(t, dsn)
	rapid.Check(t, func(rt *rapid.T) {
		ctx := rt.Context()
		for _, table := range []string{"partitions", "sites", "lines", "line_history", "line_archive", "plans", "outbox"} {
			if _, err := conn.Exec(ctx, "DELETE FROM drumbeat."+table); err != nil {
				rt.Fatal(err)
			}
		}
		snapshot, err := s.Load(ctx, 0)
		if err != nil {
			rt.Fatal(err)
		}
		h := expiry{store: s, epoch: snapshot.Epoch, plans: map[int64]map[string]string{}, days: map[int64]schemas.Date{}, baselines: map[int64]bool{}}
		today := day
		for range rapid.IntRange(1, 12).Draw(rt, "revisions") {
			h.plan(rt, today)
			if rapid.IntRange(0, 3).Draw(rt, "expire") == 0 {
				h.expire(rt, conn, today, rapid.IntRange(0, 3).Draw(rt, "retention"))
			}
			today += schemas.Date(rapid.IntRange(0, 2).Draw(rt, "days"))
		}
		h.expire(rt, conn, today, 1)
	})
}

type expiry struct {
	store     *postgres.Store
	epoch     int64
	newest    int64
	sent      int64
	plans     map[int64]map[string]string
	days      map[int64]schemas.Date
	baselines map[int64]bool
	kept      schemas.Date // plans of this day and later are whole
}

func (h *expiry) plan(rt *rapid.T, today schemas.Date) {
	plan := maps.Clone(h.plans[h.newest])
	if plan == nil {
		plan = map[string]string{}
	}
	h.newest++
	r := stream.Revision{
		Site: "a", Revision: h.newest, ExecutionDate: today, CreatedAt: time.Unix(0, 0), Status: "optimal", Head: []byte("{}"),
		Baseline: rapid.IntRange(0, 3).Draw(rt, "baseline") == 0,
	}
	for _, sku := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"X", "Y", "Z"}), 0, 2, rapid.ID[string]).Draw(rt, "changed") {
		l := stream.LineValue{SKU: sku}
		delete(plan, sku)
		if rapid.Bool().Draw(rt, "in the plan") {
			l.Value = fmt.Appendf(nil, `{"sku":%q,"revision":%d}`, sku, h.newest)
			plan[sku] = string(l.Value)
		}
		r.Lines = append(r.Lines, l)
	}
	h.plans[h.newest], h.days[h.newest], h.baselines[h.newest] = plan, today, r.Baseline
	b := &stream.Batch{
		State: []byte("s"), Sites: []stream.SiteState{{Site: "a"}}, Revisions: []stream.Revision{r},
		Outbox: []stream.OutboxEntry{{Seq: h.newest, Site: "a", Revision: h.newest}},
	}
	if err := h.store.Save(rt.Context(), 0, h.epoch, b); err != nil {
		rt.Fatal(err)
	}
	h.sent = rapid.Int64Range(h.sent, h.newest).Draw(rt, "sent")
	if err := h.store.Sent(rt.Context(), 0, h.epoch, h.sent, nil); err != nil {
		rt.Fatal(err)
	}
}

func (h *expiry) expire(rt *rapid.T, conn *pgx.Conn, today schemas.Date, retention int) {
	if _, err := h.store.Expire(rt.Context(), today.Time(time.UTC), time.Duration(retention)*24*time.Hour, 1); err != nil {
		rt.Fatal(err)
	}
	cutoff := min(today-schemas.Date(retention), h.days[h.newest])
	if h.sent < h.newest {
		cutoff = min(cutoff, h.days[h.sent+1])
	}
	h.kept = max(h.kept, cutoff)
	for revision, plan := range h.plans {
		if h.days[revision] < h.kept && !h.baselines[revision] {
			continue
		}
		lines, err := h.store.LinesAt(rt.Context(), "a", revision)
		if err != nil {
			rt.Fatal(err)
		}
		got := map[string]string{}
		for _, l := range lines {
			got[l.SKU] = string(l.Value)
		}
		if !maps.Equal(got, plan) {
			rt.Fatalf("after days before %s have gone, revision %d of %s holds %v, want %v", h.kept, revision, h.days[revision], got, plan)
		}
	}
	var old int
	if err := conn.QueryRow(rt.Context(), "SELECT count(*) FROM drumbeat.line_history WHERE execution_date < $1", h.kept.Time(time.UTC)).Scan(&old); err != nil || old != 0 {
		rt.Fatalf("%d lines from before %s have not gone, %v", old, h.kept, err)
	}
	entries, err := h.store.Unsent(rt.Context(), 0, -1, 1<<20)
	if err != nil || int64(len(entries)) != h.newest-h.sent {
		rt.Fatalf("%d unsent entries, want %d: %v", len(entries), h.newest-h.sent, err)
	}
}

// TestExpire covers the tables dropped, the Problems kept and a day that comes back.
func TestExpire(t *testing.T) {
	s, dsn := newStore(t)
	ctx := t.Context()
	snapshot, err := s.Load(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	save := func(n int64) {
		t.Helper()
		if err := s.Save(ctx, 0, snapshot.Epoch, fullBatch(n)); err != nil {
			t.Fatal(err)
		}
	}
	for n := int64(1); n <= 10; n++ {
		save(n)
	}
	if err := s.Sent(ctx, 0, snapshot.Epoch, 10, nil); err != nil {
		t.Fatal(err)
	}
	now := day.Time(time.UTC).Add(9*24*time.Hour + 5*time.Hour) // the day of revision 10
	if dropped, err := s.Expire(ctx, now, 3*24*time.Hour, 4); err != nil || dropped != 12 {
		t.Errorf("dropped %d tables, %v; want those of lines and forecasts of 6 days", dropped, err)
	}
	conn := connect(t, dsn)
	for query, want := range map[string]string{
		"SELECT min(execution_date) FROM drumbeat.line_history":         "\n2026-11-28",
		"SELECT min(execution_date) FROM drumbeat.demand_forecasts":     "\n2026-11-28",
		"SELECT revision FROM drumbeat.line_archive":                    "\n6",
		"SELECT count(*) FROM drumbeat.plans":                           "\n10",
		"SELECT count(*), min(revision) FROM drumbeat.problems":         "\n10 1", // each is the last one of its day
		"SELECT count(DISTINCT revision) FROM drumbeat.supply_plans":    "\n5",
		"SELECT count(*) FROM drumbeat.plan_changes WHERE revision = 7": "\n1",
	} {
		if got := table(t, conn, query); got != want {
			t.Errorf("%s gave%s, want%s", query, got, want)
		}
	}
	// The clock of a site in event time may still stand on a day that has gone: another process dropped it.
	other := openStore(t, dsn)
	save(7)
	if _, err := other.Expire(ctx, now.Add(24*time.Hour), 24*time.Hour, 4); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(ctx, 0, snapshot.Epoch, fullBatch(7)); err == nil {
		t.Error("a save to a day that is known to exist, but does not, was accepted")
	}
	save(7)
}

// TestProblemsOfOneDay keeps the newest ones and the last one of the day.
func TestProblemsOfOneDay(t *testing.T) {
	s, _ := newStore(t)
	ctx := context.Background()
	snapshot, err := s.Load(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= 9; n++ {
		b := fullBatch(n)
		b.Revisions[0].ExecutionDate = day + schemas.Date(n/5)
		if err := s.Save(ctx, 0, snapshot.Epoch, b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Expire(ctx, day.Time(time.UTC), 24*time.Hour, 2); err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= 9; n++ {
		r, err := s.Revision(ctx, "a", n)
		if err != nil {
			t.Fatal(err)
		}
		if kept := r.Problem != nil; kept != (n == 4 || n >= 8) {
			t.Errorf("the Problem of revision %d is kept: %v", n, kept)
		}
	}
}

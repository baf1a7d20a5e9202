package stream_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/memory"
)

// A partition of three sites whose feeds go bad and get better, with restarts in between: once all sites are
// released, audit, sales and dead letters are those of a partition that never held anyone.
func TestHeldSitesLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newHeldWorld(t)
		for range rapid.IntRange(1, 6).Draw(t, "phases") {
			bad := map[string]int{}
			for _, f := range w.feeds {
				bad[f.site] = rapid.SampledFrom([]int{0, 5, 60, 95, 100}).Draw(t, "percent bad")
			}
			for range rapid.IntRange(50, 700).Draw(t, "records") {
				w.send(bad)
			}
			w.read()
			if rapid.IntRange(0, 2).Draw(t, "release") > 0 {
				w.release(rapid.IntRange(0, len(w.feeds)-1).Draw(t, "released"))
			}
			w.read()
		}
		for i := range w.feeds {
			w.release(i)
		}
		w.read()
		w.compare()
	})
}

// heldWorld is a log with a Processor that holds sites.
type heldWorld struct {
	rand   *rand.Rand
	t      *rapid.T
	log    []stream.Record
	feeds  []*feed
	origin int64
	store  *memory.Store
	p      *stream.Processor
	epoch  int64
	now    time.Time
	former []byte // the newest release
}

func newHeldWorld(t *rapid.T) *heldWorld {
	w := &heldWorld{t: t, rand: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), store: memory.NewStore(), now: day0.Time(nil).Add(12 * time.Hour)}
	for i := range 3 {
		w.feeds = append(w.feeds, &feed{site: "site" + strconv.Itoa(i), ids: i * 1_000_000})
	}
	w.restart()
	return w
}

func (w *heldWorld) config(share float64) stream.Config {
	return stream.Config{Shards: 1, BreakerShare: share}
}

func (w *heldWorld) restart() {
	snapshot, err := w.store.Load(w.t.Context(), 0)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.p, err = stream.New(w.config(0.5), snapshot); err != nil {
		w.t.Fatal(err)
	}
	w.epoch = snapshot.Epoch
	w.p.Tick(w.now)
}

// add puts a record into the log, sometimes twice, as intake does.
func (w *heldWorld) add(f *feed, value []byte) {
	r := f.at(w.origin, value)
	w.origin++
	for range 1 + w.rand.IntN(21)/20 {
		r.Offset = int64(len(w.log))
		w.log = append(w.log, r)
	}
}

func (w *heldWorld) send(bad map[string]int) {
	f := w.feeds[w.rand.IntN(len(w.feeds))]
	if w.rand.IntN(100) < bad[f.site] {
		w.add(f, []byte(`{"specversion":"1.0","id":"x","source":"/erp","type":"drumbeat.sale.v1","data":{"sku":"A","quantity":"many"}}`))
		return
	}
	day := day0 - schemas.Date([]int{0, 1, 2, 2000}[w.rand.IntN(4)])
	w.add(f, f.sold(fmt.Sprint("S", w.rand.IntN(4)), float64(1+w.rand.IntN(9)), day).Value)
}

// release sends an operator's event; the one before it comes again, sometimes.
func (w *heldWorld) release(i int) {
	f := w.feeds[i]
	if w.former != nil && rapid.Bool().Draw(w.t, "former release again") {
		w.add(f, w.former)
		w.read()
	}
	w.former = f.define(&schemas.Operator{Action: schemas.ReleaseBreaker, By: "p"}).Value
	w.add(f, w.former)
}

// read steps what there is, with saves and crashes in between.
func (w *heldWorld) read() {
	for w.p.Next() < int64(len(w.log)) {
		at := w.p.Next()
		if done, err := w.p.Step(w.log[at]); err != nil || !done {
			w.t.Fatal(done, err)
		}
		if w.rand.IntN(60) == 0 {
			w.save()
		}
		if w.rand.IntN(300) == 0 {
			w.restart()
		}
	}
}

func (w *heldWorld) save() {
	if b := w.p.Ready(); b != nil {
		if err := w.store.Save(w.t.Context(), 0, w.epoch, b); err != nil {
			w.t.Fatal(err)
		}
		w.p.Advance(b)
	}
}

func (w *heldWorld) compare() {
	w.save()
	store := memory.NewStore()
	snapshot, err := store.Load(w.t.Context(), 0)
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := stream.New(w.config(0), snapshot)
	if err != nil {
		w.t.Fatal(err)
	}
	p.Tick(w.now)
	for _, r := range w.log {
		if done, err := p.Step(r); err != nil || !done {
			w.t.Fatal(done, err)
		}
	}
	if err := store.Save(w.t.Context(), 0, snapshot.Epoch, p.Ready()); err != nil {
		w.t.Fatal(err)
	}
	for _, show := range []func(*memory.Store) string{w.audit, w.sales, w.letters} {
		if got, want := show(w.store), show(store); got != want {
			w.t.Fatalf("held and released:\n%s\nnever held:\n%s", got, want)
		}
	}
}

func (w *heldWorld) audit(s *memory.Store) (text string) {
	rows, err := s.Audit(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range rows {
		text += fmt.Sprintf("%+v\n", r)
	}
	return text
}

func (w *heldWorld) sales(s *memory.Store) (text string) {
	for _, f := range w.feeds {
		rows, err := s.Sales(w.t.Context(), f.site)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, r := range rows {
			text += fmt.Sprintf("%+v\n", r)
		}
	}
	return text
}

func (w *heldWorld) letters(s *memory.Store) (text string) {
	rows, err := s.DeadLetters(w.t.Context(), "", "", 1<<20)
	if err != nil {
		w.t.Fatal(err)
	}
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = fmt.Sprintf("%s %d %s", r.Site, r.OriginOffset, r.Reason)
	}
	slices.Sort(lines)
	return fmt.Sprint(lines)
}

func parseHead(t *testing.T, value []byte) (h schemas.Head) {
	t.Helper()
	if err := json.Unmarshal(value, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

// spoil sends records of a site that nobody can read.
func (r *rig) spoil(f *feed, n int) {
	r.t.Helper()
	for range n {
		f.origin = r.origin
		r.send(f.raw([]byte("{")))
		r.origin = f.origin
	}
}

// A flood of bad records holds its site alone: the plan in force stands as degraded, said once, while another site of the
// partition goes on. The operator's event releases it: what was held is read, and the site plans again. A process
// that takes the partition over meanwhile knows.
func TestRunnerHoldsASite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		other := &feed{site: "other", clock: r.clock}
		sell := func(f *feed) {
			f.origin = r.origin
			r.send(f.sold("A", 10, r.today()))
			r.origin = f.origin
		}
		breaking := func(c *stream.RunnerConfig) { c.Processor.BreakerShare = 0.5 }
		sell(&r.feed)
		sell(other)
		r.run(time.Minute, breaking)
		r.spoil(&r.feed, 300)
		for range 5 {
			sell(&r.feed)
			sell(other)
		}
		r.run(time.Minute, breaking)
		letters, err := r.store.DeadLetters(t.Context(), "", "", 1000)
		if err != nil || len(letters) != 199 {
			t.Errorf("%d dead letters, %v: the site is not held", len(letters), err)
		}
		r.run(time.Hour, breaking)
		revision, head, _, err := r.store.Head(t.Context(), "plant")
		if err != nil || revision != 2 {
			t.Fatalf("revision %d, %v, want the first plan, and once that it stands", revision, err)
		}
		h := parseHead(t, head)
		if h.Status != schemas.PlanDegraded || h.Reason != "held: 199 of the newest 200 records were rejected, the last one for not-json" || h.Cause.Trigger != "breaker" {
			t.Errorf("head %s, %q, %+v", h.Status, h.Reason, h.Cause)
		}
		if revision, _, _, err := r.store.Head(t.Context(), "other"); err != nil || revision < 2 {
			t.Errorf("the other site has revision %d, %v", revision, err)
		}
		if n := r.read(); n != 1+1+199+5 {
			t.Errorf("%d records read", n)
		}
		r.send(r.define(&schemas.Operator{Action: schemas.ReleaseBreaker, By: "p"}))
		r.run(time.Minute, breaking)
		if n := r.read(); n != 1+1+300+10+1 {
			t.Errorf("%d records read after the release", n)
		}
		_, head, _, err = r.store.Head(t.Context(), "plant")
		if h := parseHead(t, head); err != nil || h.Status != schemas.PlanOptimal || h.Cause.Detail != "asked for by p" || h.Input.Offset != r.next+other.next {
			t.Errorf("head %s, %+v, input %+v, %v; want the log up to %d", h.Status, h.Cause, h.Input, err, r.next+other.next)
		}
		sales, err := r.store.Sales(t.Context(), "plant")
		if err != nil || len(sales) != 1 || sales[0].Quantity != qty(60) {
			t.Errorf("sales %+v, %v", sales, err)
		}
	})
}

// A plan that was being made when its site was held is published, and after it that it stands as degraded.
func TestHeldWhileItIsSolved(t *testing.T) {
	set := stream.DefaultSettings()
	set.Horizon = 3
	p, err := stream.New(stream.Config{Settings: set, BreakerShare: 0.5}, &stream.Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	now := day0.Time(nil).Add(12 * time.Hour)
	p.Tick(now)
	f := &feed{site: "plant"}
	step := func(r stream.Record) {
		t.Helper()
		if done, err := p.Step(r); err != nil || !done {
			t.Fatal(done, err)
		}
	}
	job := func() *stream.Job {
		now = now.Add(time.Minute)
		p.Tick(now)
		return p.Job()
	}
	step(f.sold("A", 10, day0))
	first := job()
	p.Planned(first, solveCold(t.Context(), first))
	step(f.sold("A", 50, day0))
	second := job()
	for range 300 {
		step(f.raw([]byte("{")))
	}
	p.Planned(second, solveCold(t.Context(), second))
	step(f.sold("A", 50, day0))
	if j := job(); j != nil {
		t.Error("a plan is due of a site that is held")
	}
	var list []string
	for _, r := range p.Ready().Revisions {
		list = append(list, r.Status)
	}
	if got := fmt.Sprint(list); got != "[optimal degraded optimal degraded]" {
		t.Error(got)
	}
}

package stream_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/memory"
)

var (
	seeds     = flag.Int("seeds", 10, "number of runs of TestRunnerUnderFaults")
	firstSeed = flag.Uint64("first-seed", 1, "of TestRunnerUnderFaults")
)

const partitions = 4

// Whatever fails, and whoever is killed, fenced or writes what is old: in the end every sale counts once,
// and the plans topic holds the plan of the store, each revision with one content and none left out.
//
//	go test ./stream -run TestRunnerUnderFaults -args -seeds 100 -first-seed 1
func TestRunnerUnderFaults(t *testing.T) {
	for seed := *firstSeed; seed < *firstSeed+uint64(*seeds); seed++ {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newStage(t, seed).play() })
		})
	}
}

// stage is a log, a store, some processes and someone who does them harm.
type stage struct {
	t      *testing.T
	log    *memory.Log
	store  *memory.Store
	feeds  []*feed
	sold   map[string]schemas.Quantity // by "site sku day"
	bad    int                         // spoiled records sent
	sent   map[string]int64            // by site, without those that were sent again
	origin int64

	mu    sync.Mutex
	rand  *rand.Rand
	calm  bool // no faults any more
	alive []*process
}

// process is a Runner that can be killed: what it does to store and topic then fails.
type process struct {
	*stage
	dead   bool
	cancel context.CancelFunc
	ended  chan error
}

var errFault = errors.New("injected fault")

func newStage(t *testing.T, seed uint64) *stage {
	s := &stage{
		t: t, log: memory.NewLog(memory.LogConfig{Partitions: partitions}), store: memory.NewStore(),
		sold: map[string]schemas.Quantity{}, sent: map[string]int64{}, rand: rand.New(rand.NewPCG(seed, 1)),
	}
	for i := 0; len(s.feeds) < 3; i++ { // two sites on one partition, one on another
		name := "site" + strconv.Itoa(i)
		want := 1 + len(s.feeds)/2
		if schemas.PartitionOf([]byte(name), partitions) == want {
			s.feeds = append(s.feeds, &feed{site: name, clock: time.Now()})
		}
	}
	return s
}

// n draws a number below most.
func (s *stage) n(most int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rand.IntN(most)
}

// fault says whether something fails now, and then whether before or after it was done.
func (p *process) fault() (before, after bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return true, false
	}
	if p.calm {
		return false, false
	}
	k := p.rand.IntN(20)
	return k == 0, k == 1
}

func (s *stage) start() {
	p := &process{stage: s, ended: make(chan error, 1)}
	set := stream.DefaultSettings()
	set.Horizon, set.SafetyStock = 3, schemas.SafetyStockRule{Rule: schemas.SafetyFixed, Value: 5}
	runner, err := stream.NewRunner(stream.RunnerConfig{
		Processor: stream.Config{Settings: set, Shards: 1}, Source: s.log.Source(), Store: &faultyStore{s.store, p},
		Publisher: p, PlanLog: p, PlanPartitions: partitions,
		Solve: func(ctx context.Context, job *stream.Job) stream.Outcome {
			if before, after := p.fault(); before || after {
				return stream.Outcome{Err: errFault}
			}
			return solveCold(ctx, job)
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	p.cancel = cancel
	go func() { p.ended <- runner.Run(ctx) }()
	s.mu.Lock()
	s.alive = append(s.alive, p)
	s.mu.Unlock()
}

// stop ends a process, in order or by killing it.
func (s *stage) stop(i int, kill bool) {
	s.mu.Lock()
	p := s.alive[i]
	s.alive = slices.Delete(s.alive, i, i+1)
	p.dead = kill
	s.mu.Unlock()
	p.cancel()
	if err := <-p.ended; err != nil {
		s.t.Errorf("runner: %v", err)
	}
}

func (s *stage) play() {
	s.after(24*time.Hour - time.Minute) // midnight falls into the run
	s.start()
	if s.n(2) == 0 {
		s.start()
	}
	for range 50 {
		s.after(time.Duration(s.n(4000)) * time.Millisecond)
		for range s.n(6) {
			s.send()
		}
		switch s.n(14) {
		case 0, 1:
			s.stop(s.n(len(s.alive)), s.n(2) == 0)
			if len(s.alive) == 0 {
				s.start()
			}
		case 2:
			if len(s.alive) < 3 {
				s.start()
			}
		case 3: // someone takes a partition and does nothing with it
			if _, err := s.store.Load(s.t.Context(), int32(s.n(partitions))); err != nil {
				s.t.Error(err)
			}
		case 4, 5:
			s.writeOld()
		}
	}
	s.mu.Lock()
	s.calm = true
	s.mu.Unlock()
	s.after(7 * time.Minute)
	s.writeOld()
	s.after(time.Minute)
	for len(s.alive) > 0 {
		s.stop(0, false)
	}
	s.check()
}

// after lets time pass.
func (s *stage) after(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
}

// send puts an event into the log.
func (s *stage) send() {
	f := s.feeds[s.n(len(s.feeds))]
	f.origin = s.origin // all come from one partition of one topic
	s.origin++
	s.sent[f.site]++
	var r stream.Record
	if s.n(20) == 0 {
		r = f.raw([]byte("{"))
		s.bad++
	} else {
		d := schemas.DateOf(time.Now().UTC())
		sku, units := fmt.Sprint("S", s.n(4)), float64(5+s.n(5))
		r = f.sold(sku, units, d)
		s.sold[f.site+" "+sku+" "+d.String()] += qty(units)
	}
	m := stream.Message{Topic: schemas.EventsTopic, Key: r.Key, Value: r.Value, Headers: r.Headers}
	for range 1 + s.n(8)/7 { // some are sent again by intake
		if err := s.log.Publish(s.t.Context(), []stream.Message{m}); err != nil {
			s.t.Error(err)
		}
	}
}

// writeOld repeats a record of the plans topic, as a paused owner or a late retry does.
func (s *stage) writeOld() {
	old := s.log.Records(schemas.PlansTopic, int32(s.n(partitions)))
	if len(old) == 0 {
		return
	}
	r := old[s.n(len(old))]
	site, _, _ := schemas.SplitPlanKey(string(r.Key))
	m := stream.Message{Topic: schemas.PlansTopic, Key: r.Key, Value: r.Value, Headers: r.Headers, Site: site}
	if err := s.log.Publish(s.t.Context(), []stream.Message{m}); err != nil {
		s.t.Error(err)
	}
}

// check holds what is left against what was sent.
func (s *stage) check() {
	t, ctx := s.t, s.t.Context()
	letters, err := s.store.DeadLetters(ctx, "", "", 1<<20)
	if err != nil || len(letters) != s.bad {
		t.Errorf("%d dead letters, %v, want %d", len(letters), err, s.bad)
	}
	audit, err := s.store.Audit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range s.feeds {
		var read int64
		for _, a := range audit {
			if a.Site == f.site {
				read += a.Read
			}
		}
		if read != s.sent[f.site] {
			t.Errorf("%s: %d read, %d sent", f.site, read, s.sent[f.site])
		}
		sales, err := s.store.Sales(ctx, f.site)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range sales {
			key := f.site + " " + row.SKU + " " + row.Date.String()
			if s.sold[key] != row.Quantity {
				t.Errorf("%s: %v in the store, %v sold", key, row.Quantity, s.sold[key])
			}
			delete(s.sold, key)
		}
		s.checkPlan(f.site)
	}
	for key, q := range s.sold {
		t.Errorf("%s: %v sold, nothing in the store", key, q)
	}
	for id := range int32(partitions) {
		if left, err := s.store.Unsent(ctx, id, 0, 1<<20); err != nil || len(left) > 0 {
			t.Errorf("partition %d: %d entries of the outbox left, %v", id, len(left), err)
		}
	}
}

// checkPlan reads the plans topic as any consumer does.
func (s *stage) checkPlan(site string) {
	t, ctx := s.t, s.t.Context()
	var reader schemas.PlanReader
	content := map[string]string{} // by key and revision
	var last int64
	newest := map[string]int64{} // by key: of the last record
	for _, r := range s.log.Records(schemas.PlansTopic, int32(schemas.PartitionOf([]byte(site), partitions))) {
		key := string(r.Key)
		if of, _, _ := schemas.SplitPlanKey(key); of != site {
			continue
		}
		revision := string(r.Headers[0].Value)
		if former, ok := content[key+"@"+revision]; ok && former != string(r.Value) {
			t.Errorf("%s has two contents at revision %s", key, revision)
		}
		content[key+"@"+revision] = string(r.Value)
		n, err := strconv.ParseInt(revision, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		newest[key] = n
		if key == site && n > last {
			if n != last+1 {
				t.Errorf("%s: revision %d follows %d", site, n, last)
			}
			last = n
		}
		if _, err := reader.Apply(r.Headers, key, r.Value); err != nil {
			t.Error(err)
		}
	}
	revision, _, ok, err := s.store.Head(ctx, site)
	if err != nil || !ok || revision != last || newest[site] != last {
		t.Fatalf("%s: revision %d in the store (%v, %v), %d on the topic, where the last head has %d", site, revision, ok, err, last, newest[site])
	}
	plan := reader.Site(site)
	if !plan.Complete() {
		t.Errorf("%s: the lines do not have the head's checksum", site)
	}
	lines, err := s.store.Lines(ctx, site)
	if err != nil || len(lines) != len(plan.Lines()) {
		t.Errorf("%s: %d lines in the store, %v, %d on the topic", site, len(lines), err, len(plan.Lines()))
	}
	for _, l := range lines {
		if string(plan.Lines()[l.SKU]) != string(l.Value) {
			t.Errorf("%s/%s differs between store and topic", site, l.SKU)
		}
		var line schemas.Line
		if err := json.Unmarshal(l.Value, &line); err != nil || newest[schemas.PlanKey(site, l.SKU)] != line.Revision {
			t.Errorf("%s/%s: the last record is of revision %d, the line of %d", site, l.SKU, newest[schemas.PlanKey(site, l.SKU)], line.Revision)
		}
	}
}

// Publish writes some of the messages before it fails.
func (p *process) Publish(ctx context.Context, messages []stream.Message) error {
	before, after := p.fault()
	if before {
		return errFault
	}
	if after {
		messages = messages[:p.n(len(messages)+1)]
	}
	if err := p.log.Publish(ctx, messages); err != nil {
		return err
	}
	if after {
		return errFault
	}
	return nil
}

func (p *process) Follow(ctx context.Context, site string, offset int64, fn func(stream.Record) error) error {
	return p.log.Follow(ctx, site, offset, func(r stream.Record) error {
		if before, _ := p.fault(); before && p.n(5) == 0 {
			return errFault
		}
		return fn(r)
	})
}

// faultyStore is a store whose answers get lost.
type faultyStore struct {
	*memory.Store
	p *process
}

func (f *faultyStore) do(act func() error) error {
	before, after := f.p.fault()
	if before {
		return errFault
	}
	if err := act(); err != nil {
		return err
	}
	if after {
		return errFault
	}
	return nil
}

func (f *faultyStore) Load(ctx context.Context, id int32) (snapshot *stream.Snapshot, err error) {
	err = f.do(func() error { snapshot, err = f.Store.Load(ctx, id); return err })
	return snapshot, err
}

func (f *faultyStore) Epoch(ctx context.Context, id int32) (epoch int64, err error) {
	err = f.do(func() error { epoch, err = f.Store.Epoch(ctx, id); return err })
	return epoch, err
}

func (f *faultyStore) Save(ctx context.Context, id int32, epoch int64, b *stream.Batch) error {
	return f.do(func() error { return f.Store.Save(ctx, id, epoch, b) })
}

func (f *faultyStore) Unsent(ctx context.Context, id int32, after int64, maxBytes int) (list []stream.Unsent, err error) {
	err = f.do(func() error { list, err = f.Store.Unsent(ctx, id, after, maxBytes); return err })
	return list, err
}

func (f *faultyStore) Sent(ctx context.Context, id int32, epoch int64, seq int64, back []stream.ReadBack) error {
	return f.do(func() error { return f.Store.Sent(ctx, id, epoch, seq, back) })
}

func (f *faultyStore) Current(ctx context.Context, site string, skus []string) (list []stream.Message, err error) {
	err = f.do(func() error { list, err = f.Store.Current(ctx, site, skus); return err })
	return list, err
}

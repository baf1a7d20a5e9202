package stream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/memory"
)

// drawFeed makes a feed that has everything in it: what is right, late, early, sent twice, corrected,
// cancelled, spoiled and ahead of its time.
func drawFeed(t *rapid.T) []stream.Record {
	f := &feed{site: "plant"}
	day := day0
	skus := []string{"A", "E", "e ", "POST"}
	var sent []stream.Record  // to be sent again
	var made []*schemas.Event // to be exported again
	var records []stream.Record
	add := func(r stream.Record) {
		sent = append(sent, r)
		records = append(records, r)
	}
	sku := func() string { return rapid.SampledFrom(skus).Draw(t, "sku") }
	count := func() float64 {
		return float64(rapid.SampledFrom([]int{1, 2, 3, 5, 8, 10, 12, 500}).Draw(t, "units"))
	}
	line := func(s *schemas.Sale) {
		s.Document = schemas.TextField(fmt.Sprint("D", rapid.IntRange(1, 6).Draw(t, "document")))
		s.Line = schemas.TextField("1")
		if rapid.Bool().Draw(t, "versioned") {
			s.Version = schemas.Field{Raw: fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "version")), Kind: schemas.Number}
		}
	}
	for range rapid.IntRange(20, 60).Draw(t, "records") {
		day = day.AddDays(rapid.SampledFrom([]int{0, 0, 0, 0, 1, 1, 1, 2, 7, 9, 33}).Draw(t, "days"))
		d := day.AddDays(rapid.SampledFrom([]int{0, 0, 0, 0, -1, -3, -9, 1, 5, 400}).Draw(t, "off"))
		f.clock = day.Time(nil)
		switch rapid.IntRange(0, 22).Draw(t, "kind") {
		default:
			s := saleOf(sku(), count(), d)
			switch rapid.IntRange(0, 4).Draw(t, "form") {
			case 0, 1:
				line(s)
			case 2:
				s.Time, s.Date = schemas.TextField(d.String()+"T10:15:00Z"), schemas.Field{}
				s.Customer = schemas.TextField("c1")
				s.UnitPrice = schemas.Field{Raw: "7.5", Kind: schemas.Number}
			case 3:
				s.Quantity = schemas.NumberField(qty(-count()))
				if rapid.Bool().Draw(t, "customer") {
					s.Customer = schemas.TextField("c1")
				} else if rapid.Bool().Draw(t, "of a document") {
					line(s)
				}
			}
			ev := f.event(schemas.TypeSale, nil)
			ev.Sale = *s
			made = append(made, ev)
			add(f.record(ev))
		case 10:
			c := &schemas.SaleCancelled{}
			if rapid.Bool().Draw(t, "by line") {
				s := &schemas.Sale{}
				line(s)
				c.Document, c.Line = s.Document, s.Line
			} else {
				s := saleOf(sku(), count(), d)
				c.SKU, c.Quantity, c.Date = s.SKU, s.Quantity, s.Date
			}
			add(f.cancel(c))
		case 11:
			add(f.define(&schemas.StockCounted{SKU: "A", OnHand: qty(count()), AsOf: schemas.AsOf{Date: d}}))
		case 12:
			add(f.define(&schemas.Receipt{Order: fmt.Sprint("o", rapid.IntRange(1, 3).Draw(t, "order")), SKU: sku(), Quantity: qty(count()), Date: d,
				Status: rapid.SampledFrom([]schemas.ReceiptStatus{"expected", "received", "cancelled"}).Draw(t, "status")}))
		case 13:
			item := &schemas.Item{SKU: sku(), ProductionCost: 5, HoldingCost: 1, SafetyStock: ptr(qty(3)), LeadTime: float64(rapid.IntRange(0, 1).Draw(t, "lead"))}
			switch rapid.IntRange(0, 4).Draw(t, "item") {
			case 0:
				item.Discontinued = true
			case 1:
				item.InitialInventory = ptr(qty(40))
			case 2:
				item.MinOrder = qty(5)
			}
			add(f.define(item))
		case 14:
			add(f.define(&schemas.Resource{Resource: "factory", Capacity: count() * 5, Per: schemas.PerWeek, OvertimeCapacity: 3, OvertimeCost: 1}))
		case 15:
			c := &schemas.Calendar{Name: "holiday", Dates: []schemas.Date{day + 2}, Effect: schemas.EffectClosed}
			if rapid.Bool().Draw(t, "event") {
				c.Name, c.Effect, c.Dates = "fair", schemas.EffectEvent, []schemas.Date{day - 8, day - 7, day - 1, day + 2, day + 9}
				if rapid.Bool().Draw(t, "of one") {
					c.SKUs = []string{"A"}
				}
			}
			add(f.define(c))
		case 16:
			add(f.define(&schemas.DemandOverride{SKU: "A", From: day, To: day + 9, Mode: schemas.OverrideScale, Factor: ptr(2.0), By: "p"}))
		case 17:
			add(f.define(&schemas.ProductionPin{SKU: "E", Period: (day + 7).String(), Min: ptr(qty(2)), By: "p"}))
		case 18:
			add(f.define(&schemas.OutlierReviewed{SKU: "A", Date: d, Verdict: rapid.SampledFrom([]schemas.Verdict{"accept", "reject"}).Draw(t, "verdict"), By: "p"}))
		case 19:
			add(f.define(&schemas.Policy{
				Horizon: ptr(rapid.IntRange(2, 4).Draw(t, "horizon")), Clock: ptr(schemas.ClockEvent),
				Confirmation:    ptr(rapid.SampledFrom([]schemas.Confirmation{"assume", "events"}).Draw(t, "confirmation")),
				Period:          ptr(rapid.SampledFrom([]schemas.PeriodKind{"week", "day"}).Draw(t, "period")),
				Country:         rapid.SampledFrom([]*string{nil, ptr("ES"), ptr("GB")}).Draw(t, "country"),
				DemandTolerance: rapid.SampledFrom([]*float64{nil, ptr(0.0), ptr(.3)}).Draw(t, "demand tolerance"),
			}))
		case 20:
			add(f.raw([]byte(rapid.SampledFrom([]string{`{`, ``, `{"specversion":"1.0"}`, "\xff"}).Draw(t, "junk"))))
		case 21:
			if len(made) > 0 { // the same fact under another identity
				ev := *rapid.SampledFrom(made).Draw(t, "again")
				f.ids++
				ev.ID = fmt.Sprint("x", f.ids)
				add(f.record(&ev))
			}
		case 22:
			if len(sent) > 0 {
				r := rapid.SampledFrom(sent).Draw(t, "resent")
				if rapid.Bool().Draw(t, "by intake") {
					r.Offset = f.next // the same origin offset
					f.next++
					records = append(records, r)
				} else {
					add(f.raw(r.Value)) // by the producer
				}
			}
		}
	}
	return records
}

// story is what a run leaves behind.
type story struct {
	dump   string
	stored string
	plans  map[int64]string // by revision: head and changed lines
}

// tell reads what the store has.
func tell(t *rapid.T, p *stream.Processor, store *memory.Store, plans map[int64]string) story {
	ctx := context.Background()
	sales, err := store.Sales(ctx, "plant")
	check(t, err)
	forecasts, err := store.Forecasts(ctx, "plant")
	check(t, err)
	lines, err := store.Lines(ctx, "plant")
	check(t, err)
	audit, err := store.Audit(ctx)
	check(t, err)
	accuracy, err := store.Accuracy(ctx, "plant")
	check(t, err)
	models, err := store.Models(ctx, "plant")
	check(t, err)
	letters, err := store.DeadLetters(ctx, "", "", 1<<30)
	check(t, err)
	stored, err := json.MarshalIndent([]any{sales, forecasts, lines, audit, letters, accuracy, models}, "", " ")
	check(t, err)
	return story{string(p.Dump()), string(stored), plans}
}

func check(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A crash at any step loses nothing, repeats nothing and changes no byte of what comes after it. No more does a generation
// that ends while a problem is drawn, and no more do heartbeats between the records.
func TestRestartsLeaveNoTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := drawFeed(t)
		room := rapid.SampledFrom([]int{0, 0, 5}).Draw(t, "room for open sales")
		settings := settings()
		settings.DemandTolerance = rapid.SampledFrom([]float64{0, .2}).Draw(t, "tolerance of the service")
		among, blind := records, func(s story) story { return s }
		if rapid.Bool().Draw(t, "with heartbeats") {
			among, blind = drawHeartbeats(t, records)
		}
		want := blind(live(t, records, settings, room, func(string) bool { return false }))
		got := blind(live(t, among, settings, room, func(step string) bool { return rapid.IntRange(0, 9).Draw(t, step) == 0 }))
		for revision, plan := range want.plans {
			if got.plans[revision] != plan {
				t.Fatalf("revision %d after restarts: %s", revision, differencesAt(got.plans[revision], plan))
			}
		}
		if len(got.plans) != len(want.plans) {
			t.Fatalf("%d revisions after restarts, want %d", len(got.plans), len(want.plans))
		}
		if got.stored != want.stored {
			t.Fatalf("stored after restarts: %s", difference(got.stored, want.stored))
		}
		if got.dump != want.dump {
			t.Fatalf("state after restarts: %s", difference(got.dump, want.dump))
		}
	})
}

// differencesAt shows where two long lines begin to differ.
func differencesAt(got, want string) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	from := max(0, i-150)
	return fmt.Sprintf("at byte %d\n%s\nwant\n%s", i, got[from:min(len(got), i+60)], want[from:min(len(want), i+60)])
}

// difference shows the first line in which two texts differ.
func difference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			before := strings.Join(a[max(0, i-4):i], "\n")
			return fmt.Sprintf("after\n%s\nline %d %s", before, i+1, differencesAt(a[i], b[i]))
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(a), len(b))
}

// live folds the records into a store, and where dies says so, drops everything in memory and starts anew
// from the store.
func live(t *rapid.T, records []stream.Record, settings stream.Settings, room int, dies func(step string) bool) story {
	ctx := context.Background()
	store := memory.NewStore()
	config := stream.Config{Settings: settings, OpenSales: room, Shards: rapid.IntRange(0, 5).Draw(t, "shards")}
	plans := map[int64]string{}
	ledger := newLedger(records)
	for crashes := 0; ; crashes++ {
		snapshot, err := store.Load(ctx, 0)
		check(t, err)
		p, err := stream.New(config, snapshot)
		check(t, err)
		check(t, store.Recall(ctx, 0, func(page stream.Page) error {
			if !dies("while models are read") {
				p.Recall(page)
			}
			return nil
		}))
		dead := false
		save := func() {
			if dead = dead || dies("before a save"); dead {
				return
			}
			b := p.Ready()
			if b == nil {
				return
			}
			ledger.check(t, b)
			check(t, store.Save(ctx, 0, snapshot.Epoch, b))
			for _, r := range b.Revisions {
				content := fmt.Sprintf("%s\n%s", r.Head, r.Lines)
				if former, ok := plans[r.Revision]; ok && former != content {
					t.Fatalf("revision %d was\n%s\nand is now\n%s", r.Revision, former, content)
				}
				plans[r.Revision] = content
			}
			if dead = dies("after a save"); !dead {
				p.Advance(b)
			}
		}
		plan := func() {
			for {
				if dies("while a problem is drawn") {
					looks := rapid.IntRange(0, 30).Draw(t, "looks")
					if job := p.JobUntil(until(looks)); job != nil {
						p.Withdraw(job) // it was drawn before
					}
				}
				job := p.Job()
				if job == nil || dead {
					return
				}
				if dead = dies("with a job out"); dead {
					return
				}
				p.Planned(job, solveCold(ctx, job))
				save()
			}
		}
		for _, r := range records[p.Next():] {
			for !dead {
				done, err := p.Step(r)
				check(t, err)
				if done {
					break
				}
				plan()
			}
			if !dead && dies("saves") {
				save()
			}
			if dead = dead || dies("dies"); dead {
				break
			}
		}
		if crashes == 20 || !dead {
			dies = func(string) bool { return false }
		}
		if dead {
			continue
		}
		p.EndOfInput()
		plan()
		save()
		return tell(t, p, store, plans)
	}
}

// lookedAt is a context that has ended once it was looked at a number of times.
type lookedAt struct {
	context.Context
	left atomic.Int64
}

func until(looks int) *lookedAt {
	c := &lookedAt{Context: context.Background()}
	c.left.Store(int64(looks))
	return c
}

// Err implements context.Context.
func (c *lookedAt) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// ledger proves the audit at every saved offset.
type ledger struct {
	records []stream.Record
	letters map[int64]stream.DeadLetter
}

func newLedger(records []stream.Record) *ledger {
	return &ledger{records: records, letters: map[int64]stream.DeadLetter{}}
}

// check wants every record read, once, in the counters, and every rejected one as it came.
func (l *ledger) check(t *rapid.T, b *stream.Batch) {
	seen := map[string]bool{} // by origin offset
	values := map[int64][]byte{}
	for i, r := range l.records[:b.Next] {
		if string(r.Headers[0].Value) != "erp.sales" {
			continue // a heartbeat, outside the audit
		}
		origin := string(r.Headers[2].Value)
		if !seen[origin] {
			at, err := strconv.ParseInt(origin, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			values[at] = l.records[i].Value
		}
		seen[origin] = true
	}
	for _, d := range b.DeadLetters {
		if former, ok := l.letters[d.OriginOffset]; ok && former.Reason != d.Reason {
			t.Fatalf("origin offset %d is a dead letter twice: %s, %s", d.OriginOffset, former.Reason, d.Reason)
		}
		l.letters[d.OriginOffset] = d
		if !bytes.Equal(d.Value, values[d.OriginOffset]) || string(d.Key) != "plant" || len(d.Headers) != 1 || d.Headers[0].Key != "trace" {
			t.Fatalf("dead letter of origin offset %d is not the record: %+v", d.OriginOffset, d)
		}
	}
	for _, a := range b.Audit {
		if a.Read != a.Kept+a.Flagged+a.Rejected+a.Duplicate || a.Read != int64(len(seen)) {
			t.Fatalf("audit %+v at offset %d, %d records read", a, b.Next, len(seen))
		}
		if a.Rejected != int64(len(l.letters)) {
			t.Fatalf("%d rejected at offset %d, %d dead letters", a.Rejected, b.Next, len(l.letters))
		}
	}
}

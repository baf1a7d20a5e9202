package stream_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// bill is a line of a document as its owner knows it.
type bill struct {
	document, line, customer string
	sku                      string
	units                    float64
	day                      schemas.Date
	version                  int
	gone                     bool
	bare                     bool // no document: only its identity tells it from another one
}

// The daily sales are the sums of the facts, however these reach us: twice, late, exported again,
// corrected, cancelled before or after, taken back by a return.
func TestDailySalesAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &feed{site: "plant"}
		var bills []*bill
		var queue []delivery
		for i := range rapid.IntRange(1, 40).Draw(t, "bills") {
			b := &bill{
				document: fmt.Sprint("D", i), line: "1", customer: fmt.Sprint("c", i),
				sku: rapid.SampledFrom([]string{"A", "E", "F"}).Draw(t, "sku"), units: drawUnits(t),
				day: day0 + schemas.Date(rapid.IntRange(0, 3).Draw(t, "day")), // within the week of returns
			}
			bills = append(bills, b)
			queue = append(queue, b.life(t, f)...)
		}
		// Each bill keeps its own order where that matters; between bills there is none.
		slices.SortStableFunc(queue, func(a, b delivery) int { return a.at - b.at })
		got := map[string]schemas.Quantity{}
		p, err := stream.New(stream.Config{Settings: settings(), PlanEvery: "end"}, &stream.Snapshot{})
		check(t, err)
		replay := &stream.Replay{Processor: p, Solve: solveCold, Every: 7, Save: func(b *stream.Batch) error {
			for _, s := range b.Sales {
				got[s.SKU+" "+s.Date.String()] = s.Quantity
			}
			return nil
		}}
		for _, d := range queue {
			for range d.times {
				r := f.raw(d.value)
				check(t, replay.Record(context.Background(), r))
				if d.again { // by intake
					r.Offset = f.next
					f.next++
					check(t, replay.Record(context.Background(), r))
				}
			}
		}
		check(t, replay.End(context.Background()))
		want := map[string]schemas.Quantity{}
		for _, b := range bills {
			if !b.gone {
				want[b.sku+" "+b.day.String()] += qty(b.units)
			}
		}
		for key, q := range got {
			if want[key] != q {
				t.Fatalf("%s: %v in the books, %v in truth\n%s", key, q, want[key], story3(queue))
			}
			delete(want, key)
		}
		for key, q := range want {
			if q != 0 {
				t.Fatalf("%s: nothing in the books, %v in truth\n%s", key, q, story3(queue))
			}
		}
	})
}

// delivery is an event on its way: at orders them, times is how often the producer sends it.
type delivery struct {
	at, times int
	again     bool
	value     []byte
}

func story3(queue []delivery) string {
	var b strings.Builder
	for _, d := range queue {
		fmt.Fprintf(&b, "%d %d x %s\n", d.at, d.times, d.value)
	}
	return b.String()
}

func drawUnits(t *rapid.T) float64 {
	return rapid.SampledFrom([]float64{1, 2.5, 8, 9, 10, 11, 12, 600}).Draw(t, "units")
}

func (b *bill) sale() *schemas.Sale {
	s := saleOf(b.sku, b.units, b.day)
	if b.bare {
		s.Customer = schemas.TextField(b.customer)
		return s
	}
	s.Document, s.Line, s.Customer = schemas.TextField(b.document), schemas.TextField(b.line), schemas.TextField(b.customer)
	s.Version = schemas.Field{Raw: fmt.Sprint(b.version), Kind: schemas.Number}
	return s
}

// life is what happens to a bill, and how it ends.
func (b *bill) life(t *rapid.T, f *feed) (list []delivery) {
	at := rapid.IntRange(0, 100).Draw(t, "at")
	put := func(at int, ev *schemas.Event) {
		value, err := schemas.Encode(ev)
		check(t, err)
		list = append(list, delivery{at, rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "times"), rapid.IntRange(0, 4).Draw(t, "again") == 0, value})
	}
	sale := func(at int) {
		ev := f.event(schemas.TypeSale, nil)
		ev.Sale = *b.sale()
		put(at, ev)
	}
	anyTime := func() int { return rapid.IntRange(0, 100).Draw(t, "any time") }
	later := func() int { return at + rapid.IntRange(1, 100).Draw(t, "later") }
	cancelled := func(c *schemas.SaleCancelled) *schemas.Event {
		ev := f.event(schemas.TypeSaleCancelled, nil)
		ev.Cancelled = *c
		return ev
	}
	byLine := &schemas.SaleCancelled{Document: schemas.TextField(b.document), Line: schemas.TextField(b.line)}
	if b.bare = rapid.IntRange(0, 3).Draw(t, "bare") == 0; b.bare {
		sale(at)
		if b.gone = rapid.Bool().Draw(t, "cancelled by day"); b.gone {
			s := b.sale()
			put(later(), cancelled(&schemas.SaleCancelled{SKU: s.SKU, Quantity: s.Quantity, Date: s.Date, Customer: s.Customer}))
		}
		return list
	}
	sale(at)
	if rapid.Bool().Draw(t, "exported again") {
		sale(anyTime())
	}
	switch rapid.IntRange(0, 8).Draw(t, "fate") {
	case 0, 1: // higher versions, in any order
		for range rapid.IntRange(1, 3).Draw(t, "corrections") {
			b.version++
			b.units = drawUnits(t)
			b.day += schemas.Date(rapid.IntRange(0, 1).Draw(t, "moved"))
			sale(anyTime())
		}
	case 2: // a higher version with quantity 0
		b.version++
		b.units, b.gone = 0, true
		sale(anyTime())
	case 3: // by line, before or after
		b.gone = true
		put(anyTime(), cancelled(byLine))
	case 4: // by line, with all that is known, and then corrected too late
		b.gone = true
		s := b.sale()
		byLine.SKU, byLine.Quantity, byLine.Date = s.SKU, s.Quantity, s.Date
		put(anyTime(), cancelled(byLine))
		b.version++
		sale(anyTime())
	case 5: // of a version, and then sold again
		byLine.Version = schemas.Field{Raw: "0", Kind: schemas.Number}
		put(anyTime(), cancelled(byLine))
		b.version++
		sale(anyTime())
	case 6: // a return of the customer, under a document of its own
		b.gone = true
		s := b.sale()
		s.Document, s.Quantity = schemas.TextField("R"+b.document), schemas.NumberField(qty(-b.units))
		s.Date = schemas.TextField((b.day + 1).String())
		ev := f.event(schemas.TypeSale, nil)
		ev.Sale = *s
		put(later(), ev)
	case 7: // a negative quantity that names the document
		b.gone = true
		s := b.sale()
		s.Quantity = schemas.NumberField(qty(-b.units))
		ev := f.event(schemas.TypeSale, nil)
		ev.Sale = *s
		put(later(), ev)
	}
	return list
}

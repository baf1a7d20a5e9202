package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"drumbeat/schemas"
)

// told is a business fact on its way: an event and the day from which it may come.
type told struct {
	day schemas.Date
	ev  schemas.Event
}

// factsOf draws the business of some weeks: sales under documents and without, errors, corrections,
// cancellations by line and by day, returns of every kind.
func factsOf(t *rapid.T, first schemas.Date, days int) (facts []told) {
	ids := 0
	tell := func(d schemas.Date, ev schemas.Event) {
		ids++
		ev.ID, ev.Source = fmt.Sprint(ids), "/erp"
		facts = append(facts, told{d, ev})
	}
	sale := func(d schemas.Date, s schemas.Sale) { tell(d, schemas.Event{Type: schemas.TypeSale, Sale: s}) }
	cancel := func(d schemas.Date, c schemas.SaleCancelled) {
		tell(d, schemas.Event{Type: schemas.TypeSaleCancelled, Cancelled: c})
	}
	version := func(n int) schemas.Field { return schemas.Field{Raw: fmt.Sprint(n), Kind: schemas.Number} }
	lines := rapid.IntRange(1, 3).Draw(t, "lines a day")
	for i := range days {
		d := first + schemas.Date(i)
		for n := range rapid.IntRange(0, lines).Draw(t, "lines") {
			units := rapid.SampledFrom([]float64{8, 9, 10, 10, 11, 12, 2.5, 600}).Draw(t, "units")
			s := schemas.Sale{
				SKU: schemas.TextField(rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "sku")), Quantity: schemas.NumberField(quantity(units)),
				Date: schemas.TextField(d.String()), UnitPrice: schemas.Field{Raw: rapid.SampledFrom([]string{"5", "5", "5", "2"}).Draw(t, "price"), Kind: schemas.Number},
			}
			timed := rapid.Bool().Draw(t, "timed")
			if timed {
				s.Date, s.Time = schemas.Field{}, schemas.TextField(fmt.Sprintf("%sT%02d:30:00Z", d, rapid.IntRange(8, 11).Draw(t, "hour")))
			}
			if rapid.IntRange(0, 3).Draw(t, "named") > 0 {
				s.Customer = schemas.TextField(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "customer"))
			}
			if rapid.IntRange(0, 3).Draw(t, "lined") == 0 {
				sale(d, s)
			} else {
				s.Document, s.Line = schemas.TextField(fmt.Sprintf("D%d", i)), schemas.TextField(fmt.Sprint(n))
				sale(d, s)
				switch soon := d + schemas.Date(rapid.IntRange(0, 7).Draw(t, "later")); rapid.IntRange(0, 9).Draw(t, "fate") {
				case 0: // exported again under another id
					sale(soon, s)
				case 1: // corrected, and moved
					s.Version, s.Quantity = version(1), schemas.NumberField(quantity(rapid.SampledFrom([]float64{7, 10, 300}).Draw(t, "corrected")))
					s.Date, s.Time = schemas.TextField((d + schemas.Date(rapid.IntRange(0, 1).Draw(t, "moved"))).String()), schemas.Field{}
					sale(d+1, s)
				case 2:
					cancel(d, schemas.SaleCancelled{Document: s.Document, Line: s.Line})
				case 3: // a negative quantity that names the line
					r := s
					r.Quantity, r.Time = schemas.NumberField(quantity(-rapid.SampledFrom([]float64{units, units, 1}).Draw(t, "taken"))), schemas.Field{}
					r.Date = schemas.TextField(d.String())
					sale(d, r)
				case 4: // a correction to nothing
					s.Version, s.Quantity = version(2), schemas.NumberField(0)
					sale(d, s)
				}
				continue
			}
			switch back := d + schemas.Date(rapid.IntRange(0, 8).Draw(t, "back")); rapid.IntRange(0, 5).Draw(t, "back how") {
			case 0: // by a customer, or by nobody
				r := s
				r.Quantity, r.Date, r.Time = schemas.NumberField(quantity(-units)), schemas.TextField(back.String()), schemas.Field{}
				if rapid.Bool().Draw(t, "credit note") {
					r.Document, r.Line = schemas.TextField(fmt.Sprintf("R%d", i)), schemas.TextField(fmt.Sprint(n))
				}
				sale(back, r)
			case 1:
				cancel(d, schemas.SaleCancelled{SKU: s.SKU, Quantity: s.Quantity, Date: schemas.TextField(d.String()), Customer: s.Customer})
			}
		}
	}
	return facts
}

// foldFacts feeds facts in the order of the slice.
func foldFacts(t interface{ Fatal(...any) }, facts []told) *Processor {
	settings := DefaultSettings()
	settings.Clock = schemas.ClockEvent
	p, err := New(Config{DefaultSite: "plant", Settings: settings, PlanEvery: "end"}, &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range facts {
		value, err := schemas.Encode(&facts[i].ev)
		if err != nil {
			t.Fatal(err)
		}
		if done, err := p.Step(Record{Offset: int64(i), Key: []byte("plant"), Value: value}); err != nil || !done {
			t.Fatal(done, err)
		}
		forecastAll(p.site("plant"))
		if i%5 == 0 && (len(facts) < 1000 || i%1000 == 0) {
			if b := p.Ready(); b != nil {
				p.Advance(b)
			}
		}
	}
	return p
}

// forecastAll gives every SKU that has none the windows of published forecasts, so that the facts of some weeks are
// compared with them.
func forecastAll(s *site) {
	for _, k := range s.skus {
		if len(k.accuracy.bytes) > 0 {
			continue
		}
		var a accuracy
		for day := schemas.Date(20458); day < 20458+50; day += 7 {
			p := publication{day: day, shape: []uint8{255, 200, 255, 200, 255, 200, 0, 255, 200, 255, 200, 255, 200, 0}}
			for span, days := range []int{1, 7, 14} {
				x := float32(days)
				p.open = append(p.open, window{spanKind(span), days, 9 * x, 5 * x, 12 * x, 13 * x, 8 * x})
			}
			a.origins = append(a.origins, p)
		}
		s.keepAccuracy(k, &a)
	}
}

// booksOf is what the facts have come to, in words.
func booksOf(p *Processor) string {
	var b strings.Builder
	s := p.site("plant")
	for _, k := range s.sorted() {
		k.history.each(never, func(e dayEntry) bool {
			fmt.Fprintf(&b, "%s %+v\n", k.name, e)
			return true
		})
		k.arrange()
		for _, e := range k.window {
			fmt.Fprintf(&b, "%s window %+v\n", k.name, e)
		}
		fmt.Fprintf(&b, "%s rule %x live %x usual %x flagged %v stock %v %v\n", k.name, k.settled.Append(nil), k.live.Append(nil), k.usual.Append(nil), k.flagged, s.believed(k), s.found(k))
		fmt.Fprintf(&b, "%s accuracy %+v\n", k.name, k.accuracy.unpack())
		for _, m := range k.others {
			if m.Day >= s.Today-keptMoves { // older ones are forgotten in turns
				fmt.Fprintf(&b, "%s other %v %v\n", k.name, m.Day, m.Quantity)
			}
		}
	}
	priors, _ := json.Marshal(&s.Priors)
	fmt.Fprintf(&b, "priors %s\n", priors)
	return b.String()
}

// The same facts give the same books, in whatever order they come as long as none is more than a week
// late, and however often.
func TestAnyOrderGivesTheSameBooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := schemas.Date(20458)
		days := rapid.IntRange(1, 45).Draw(t, "days")
		facts := factsOf(t, first, days)
		var ticks []told // something is sold on every day, and told at once: a late fact is late by this clock
		for i := range days + 8 {
			d := first + schemas.Date(i)
			ticks = append(ticks, told{d, schemas.Event{Type: schemas.TypeSale, ID: fmt.Sprint("tick", i), Source: "/erp", Sale: schemas.Sale{
				SKU: schemas.TextField("Z"), Quantity: schemas.NumberField(schemas.Unit), Date: schemas.TextField(d.String()),
			}}})
		}
		facts = append(ticks, facts...)
		slices.SortStableFunc(facts, func(a, b told) int { return int(a.day - b.day) })
		type late struct {
			told
			at int
		}
		var shuffled []late
		for _, f := range facts {
			if slices.ContainsFunc(ticks, func(o told) bool { return o.ev.ID == f.ev.ID }) {
				shuffled = append(shuffled, late{f, int(f.day) * 8})
				continue
			}
			for range rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "times") {
				shuffled = append(shuffled, late{f, int(f.day)*8 + rapid.IntRange(0, 8*8-1).Draw(t, "late")})
			}
		}
		slices.SortStableFunc(shuffled, func(a, b late) int { return a.at - b.at })
		var other []told
		for _, f := range shuffled {
			other = append(other, f.told)
		}
		for _, after := range []schemas.Date{20, 45} {
			end := told{ev: schemas.Event{Type: schemas.TypeSale, ID: fmt.Sprint("end", after), Source: "/erp", Sale: schemas.Sale{
				SKU: schemas.TextField("Z"), Quantity: schemas.NumberField(schemas.Unit), Date: schemas.TextField((first + schemas.Date(days) + after).String()),
			}}}
			facts, other = append(facts, end), append(other, end)
			a, b := booksOf(foldFacts(t, facts)), booksOf(foldFacts(t, other))
			if a != b {
				t.Fatalf("in order, then shuffled:\n%s\nin order\n%s\nshuffled\n%s", firstDifference(a, b), story(facts), story(other))
			}
		}
	})
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\n" + y[i]
		}
	}
	return fmt.Sprintf("%d lines, %d lines", len(x), len(y))
}

func story(facts []told) string {
	var b strings.Builder
	for i := range facts {
		value, _ := schemas.Encode(&facts[i].ev)
		fmt.Fprintf(&b, "%s\n", value)
	}
	return b.String()
}

// Whatever comes, however late: to read a SKU's window again changes nothing, so the short ways that most
// facts take lead where the long one does, and so does a restart.
func TestReadingTheWindowAgainChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := schemas.Date(20458)
		facts := factsOf(t, first, rapid.IntRange(1, 30).Draw(t, "days"))
		late := rapid.SampledFrom([]int{1, 8, 20, 60}).Draw(t, "late")
		at := make(map[string]int, len(facts))
		for _, f := range facts {
			at[f.ev.ID] = 8*int(f.day) + rapid.IntRange(0, 8*late).Draw(t, "at")
		}
		slices.SortStableFunc(facts, func(a, b told) int { return at[a.ev.ID] - at[b.ev.ID] })
		settings := DefaultSettings()
		settings.Clock = schemas.ClockEvent
		p, err := New(Config{DefaultSite: "plant", Settings: settings, PlanEvery: "end"}, &Snapshot{})
		if err != nil {
			t.Fatal(err)
		}
		step := func(i int, ev *schemas.Event) {
			value, err := schemas.Encode(ev)
			if err != nil {
				t.Fatal(err)
			}
			if done, err := p.Step(Record{Offset: int64(i), Key: []byte("plant"), Value: value}); err != nil || !done {
				t.Fatal(done, err)
			}
		}
		s := p.site("plant")
		for i := range facts {
			step(2*i, &facts[i].ev)
			if rapid.IntRange(0, 9).Draw(t, "reviewed") == 0 {
				step(2*i+1, &schemas.Event{ID: fmt.Sprint("r", i), Source: "/erp", Type: schemas.TypeOutlierReviewed, Data: &schemas.OutlierReviewed{
					SKU: "A", Date: facts[i].day, By: "p", Verdict: rapid.SampledFrom([]schemas.Verdict{schemas.VerdictAccept, schemas.VerdictReject}).Draw(t, "verdict"),
				}})
			}
			if rapid.IntRange(0, 9).Draw(t, "counted") == 0 {
				step(2*i+1, &schemas.Event{ID: fmt.Sprint("c", i), Source: "/erp", Type: schemas.TypeStockCounted, Data: &schemas.StockCounted{
					SKU: "A", OnHand: 9 * schemas.Unit, AsOf: schemas.AsOf{Date: facts[i].day},
				}})
			}
			before := booksOf(p)
			for _, k := range s.skus {
				s.refold(k)
				k.stock.belief = belief{}
			}
			if after := booksOf(p); after != before {
				t.Fatalf("after fact %d, read again: %s\n%s", i, firstDifference(before, after), story(facts[:i+1]))
			}
			if i%4 > 0 {
				continue
			}
			s.freshen(context.Background())
			s.look()
			for _, k := range s.skus {
				s.fit(k)
				kept := expect(k.model, span{cuts: []int{7}}, 0)
				k.model = nil
				s.fit(k)
				if anew := expect(k.model, span{cuts: []int{7}}, 0); !slices.Equal(kept.mean, anew.mean) {
					t.Fatalf("after fact %d, %s is forecast %v, fitted anew %v\n%s", i, k.name, kept.mean, anew.mean, story(facts[:i+1]))
				}
			}
		}
	})
}

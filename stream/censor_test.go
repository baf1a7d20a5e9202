package stream

import (
	"fmt"
	"math"
	"testing"
	"time"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

// stockedSKU is a SKU that sells ten a day for two weeks from a known stock, on the day after.
func stockedSKU() (*site, *sku) {
	p, err := New(benchConfig(), &Snapshot{})
	if err != nil {
		panic(err)
	}
	s := p.site("plant")
	s.begin(storyStart + 14)
	k := s.learn("K1")
	for d := storyStart; d < s.Today; d++ {
		s.amend(k, d, func(e *dayEntry) { e.Kept = 10 * schemas.Unit })
	}
	k.stock = stock{Source: stockCounted, Day: storyStart - 1, Counted: 100 * schemas.Unit}
	return s, k
}

// What a model sees of a day that ends without stock, from nothing sold to more than usual.
func TestCensoredDays(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(k *sku)
		end    schemas.Quantity
		sold   float64
		want   float64
	}{
		{"nothing sold, nothing there", nil, 0, 0, math.NaN()},
		{"less than an ordinary sale, and nothing left", nil, 0, 4, math.NaN()},
		{"an ordinary sale, and nothing left", nil, 0, 10, 10},
		{"more than that", nil, 0, 25, 25},
		{"nothing sold of what is there", nil, schemas.Unit, 0, 0},
		{"little sold of what is there", nil, schemas.Unit, 4, 4},
		{"nothing left, but backlog is delivered later", func(k *sku) { k.item.BacklogCost = 1 }, 0, 0, 0},
		{"stock only assumed", func(k *sku) { k.stock.Source = stockAssumed }, 0, 0, 0},
		{"stock of the item's initial inventory", func(k *sku) { k.stock.Source = stockInitial }, 0, 0, math.NaN()},
		{"more sold than believed", nil, -3 * schemas.Unit, 4, 4},
		{"sold from an empty shelf before", func(k *sku) { k.stock.belief.found = 1 }, 0, 0, 0},
	} {
		s, k := stockedSKU()
		if c.change != nil {
			c.change(k)
		}
		d := s.Today
		s.amend(k, d, func(e *dayEntry) { e.Kept = quantity(c.sold) })
		s.censor(k, d, c.end, k.stock.belief.found > 0)
		s.Today++
		got := s.demandOf(k)
		if y := got[len(got)-1]; y != c.want && (y == y || c.want == c.want) {
			t.Errorf("%s: the model sees %v, want %v", c.name, y, c.want)
		}
	}
}

// A day may be decided again, and only the last decision counts, for the model too; days before the first sale
// are none.
func TestCensoringIsDecidedAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, k := stockedSKU()
		out := map[schemas.Date]bool{}
		s.Today += 30
		for range rapid.IntRange(1, 60).Draw(t, "decisions") {
			d := storyStart + schemas.Date(rapid.IntRange(-5, 43).Draw(t, "day"))
			end := schemas.Quantity(rapid.IntRange(0, 1).Draw(t, "end")) * schemas.Unit
			s.censor(k, d, end, false)
			out[d] = end == 0 && d >= storyStart
			if rapid.IntRange(0, 5).Draw(t, "forecast") == 0 {
				s.look()
				s.fit(k)
			}
		}
		for d := storyStart - 5; d < s.Today; d++ {
			if got := k.history.at(d).Censored; got != out[d] {
				t.Fatalf("%v censored: %v", d, got)
			}
		}
		s.look()
		s.fit(k)
		incremental := expect(k.model, span{cuts: []int{7}}, 0)
		k.model = nil
		s.fit(k)
		if whole := expect(k.model, span{cuts: []int{7}}, 0); !sameDemand(whole.mean, incremental.mean) {
			t.Fatalf("forecast %v, of the whole history %v", incremental.mean, whole.mean)
		}
	})
}

// A year out of stock costs a SKU's state little, and nothing is counted as activity of the site.
func TestCensoredDaysAreSmall(t *testing.T) {
	s, k := stockedSKU()
	before := len(k.history.append(nil))
	s.Today += 365
	for d := storyStart + 14; d < s.Today; d++ {
		s.censor(k, d, 0, false)
	}
	grown := len(k.history.append(nil)) - before
	t.Logf("365 censored days in %d bytes", grown)
	if grown > 480 {
		t.Errorf("365 censored days in %d bytes, want at most 480", grown)
	}
	if n := len(s.activity.skus); n != 14 {
		t.Errorf("%d days of activity, want 14", n)
	}
}

// Stock that was counted runs out and is counted in again, in the event flow: the days between teach nothing,
// so the forecast does not fall. Receipts that nobody reports leave days without sales what they are: zeros.
func TestOutOfStockInTheBooks(t *testing.T) {
	run := func(sold func(d int) float64, count map[int]float64) (*site, []float64) {
		p, err := New(benchConfig(), &Snapshot{})
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		step := func(ev schemas.Event) {
			ev.ID, ev.Source = fmt.Sprint(n), "/erp"
			value, err := schemas.Encode(&ev)
			if err != nil {
				t.Fatal(err)
			}
			if done, err := p.Step(Record{Offset: n, Key: []byte("plant"), Value: value}); err != nil || !done {
				t.Fatalf("%v, %v", done, err)
			}
			n++
		}
		for i := range 60 {
			d := storyStart + schemas.Date(i)
			for sku, units := range map[string]float64{"CLOCK": 5, "K1": sold(i)} {
				if units > 0 {
					ev := schemas.Event{Type: schemas.TypeSale}
					ev.Sale = schemas.Sale{SKU: schemas.TextField(sku), Quantity: schemas.NumberField(quantity(units)), Date: schemas.TextField(d.String())}
					step(ev)
				}
			}
			if onHand, ok := count[i]; ok {
				step(schemas.Event{Type: schemas.TypeStockCounted, Data: &schemas.StockCounted{SKU: "K1", OnHand: quantity(onHand), AsOf: schemas.AsOf{Date: d}}, Time: d.Time(time.UTC), HasTime: true})
			}
		}
		p.EndOfInput()
		s := p.sites["plant"]
		s.look()
		return s, s.demandOf(s.known("K1"))
	}
	// 100 counted on day 20 last until day 30; on day 40 the shelf is full again.
	_, got := run(func(d int) float64 {
		if d > 30 && d <= 40 {
			return 0
		}
		return 10
	}, map[int]float64{20: 100, 40: 1000})
	for d, y := range got {
		if known := d <= 30 || d >= 40; (y == y) != known && d != 40 || y == y && y != 10 && d != 40 {
			t.Errorf("day %d: the model sees %v", d, y)
		}
	}
	// Every third day ten are sold, 20 counted once, and its receipts are not reported.
	_, got = run(func(d int) float64 {
		if d%3 == 0 {
			return 10
		}
		return 0
	}, map[int]float64{20: 20})
	unknown := 0
	for _, y := range got {
		if y != y {
			unknown++
		}
	}
	if unknown > 3 {
		t.Errorf("%d days are unknown for want of receipts: %v", unknown, got)
	}
}

// A SKU that is not in the range any more keeps no marks, whichever comes first, its end or the empty shelf.
func TestNoCensoredDaysAfterTheEnd(t *testing.T) {
	s, k := stockedSKU()
	end := s.Today
	s.Today += 20
	for d := end; d < s.Today-10; d++ {
		s.censor(k, d, 0, false)
	}
	s.live(k, stamp{Time: end.Time(time.UTC).UnixNano()}, true)
	for d := s.Today - 10; d < s.Today; d++ {
		s.censor(k, d, 0, false)
	}
	for d := end; d < s.Today; d++ {
		if got := k.history.at(d).Censored; got != (d == end) {
			t.Errorf("%v, ended on %v: censored %v", d, end, got)
		}
	}
	s.live(k, stamp{Time: (end + 5).Time(time.UTC).UnixNano()}, false)
	s.censor(k, end+5, 0, false)
	if !k.history.at(end + 5).Censored {
		t.Error("a day of the second life is not censored")
	}
}

package stream

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// taken is a window as the state had it when it was published.
type taken struct {
	window
	sku    string
	origin schemas.Date
	shape  []float32 // of the days after the origin, as published
}

// measured runs a past through the Processor with its plans, and keeps what was published on origins.
type measured struct {
	t         *rapid.T
	p         *Processor
	windows   []taken
	published map[skuDate]ForecastRow // by origin
	rows      map[string]AccuracyRow  // newest, by "sku horizon"
}

func measure(t *rapid.T, o *pastStory, events []arrival) *measured {
	settings := DefaultSettings()
	settings.Clock, settings.Horizon = schemas.ClockEvent, 6
	p, err := New(Config{DefaultSite: "plant", Settings: settings, PlanEvery: rapid.SampledFrom([]string{"day", "week"}).Draw(t, "plan every")}, &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	m := &measured{t: t, p: p, published: map[skuDate]ForecastRow{}, rows: map[string]AccuracyRow{}}
	solvers := NewSolvers(func() optimize.Solver { return new(optimize.Dense) }, 1, time.Minute)
	r := Replay{Processor: p, Solve: solvers.Solve, Save: m.save}
	for i := range events {
		value, err := schemas.Encode(&events[i].event)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Record(context.Background(), Record{Offset: int64(i), Key: []byte("plant"), Value: value}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.End(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := solvers.Close(); err != nil {
		t.Fatal(err)
	}
	return m
}

// save keeps the published forecasts of origins with the windows that were opened for them.
func (m *measured) save(b *Batch) error {
	s := m.p.sites["plant"]
	for _, r := range b.Accuracy {
		m.rows[r.SKU+" "+r.Horizon] = r
	}
	for _, f := range b.Forecasts {
		if f.First != s.Origin {
			continue
		}
		m.published[skuDate{f.SKU, f.First}] = f
		m.windows = slices.DeleteFunc(m.windows, func(w taken) bool { return w.sku == f.SKU && w.origin == f.First })
		a := s.known(f.SKU).accuracy.unpack()
		for i := range a.origins {
			if e := &a.origins[i]; e.day == f.First {
				for _, w := range e.open {
					m.windows = append(m.windows, taken{w, f.SKU, f.First, f.Mean[1 : 1+w.days]})
				}
			}
		}
	}
	return nil
}

// origins are the days on which something was published of a SKU.
func (m *measured) origins(sku string) (days []schemas.Date) {
	for at := range m.published {
		if at.sku == sku {
			days = append(days, at.day)
		}
	}
	slices.Sort(days)
	return days
}

// checkWindows compares the windows that were opened with what was published.
func (m *measured) checkWindows(sku string) {
	ends := map[spanKind]schemas.Date{}
	for i, day := range m.origins(sku) {
		if days := m.origins(sku); i > 0 && day.StartOfWeek(time.Monday) == days[i-1].StartOfWeek(time.Monday) {
			m.t.Fatalf("%s: two origins in a week: %v", sku, days)
		}
		f := m.published[skuDate{sku, day}]
		var want, got []string
		sums := map[spanKind]float64{}
		for span, n := range map[spanKind]int{spanDay: 1, spanWeek: 7, spanMonth: 28, spanCover: 14} {
			if n < len(f.Mean) && ends[span] <= day {
				sum := 0.0
				for _, v := range f.Mean[1 : 1+n] {
					sum += float64(v)
				}
				want = append(want, fmt.Sprintf("%v %d", span, n))
				sums[span] = sum
				ends[span] = day + schemas.Date(n)
			}
		}
		for _, w := range m.windows {
			if w.sku == sku && w.origin == day {
				got = append(got, fmt.Sprintf("%v %d", w.span, w.days))
				if sum := sums[w.span]; math.Abs(float64(w.mean)-sum) > 1e-6+1e-5*sum {
					m.t.Fatalf("%s: the window of %v after %v expects %v, its days %v", sku, w.span, day, w.mean, sum)
				}
				if !(0 <= w.low && w.low <= w.mean && w.mean <= w.high && w.low <= w.top) || w.naive < 0 {
					m.t.Fatalf("%s: a window of %v is %+v", sku, day, w)
				}
				if w.days == 1 && (w.low != f.Lower[1] || w.high != f.Upper[1]) {
					m.t.Fatalf("%s: the interval of the day after %v is %v to %v, published as %v to %v", sku, day, w.low, w.high, f.Lower[1], f.Upper[1])
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			m.t.Fatalf("%s: windows after %v are %v, want %v of %v", sku, day, got, want, f.Mean)
		}
	}
}

// reference sums up the closed windows of a SKU and a span from the truth.
func (m *measured) reference(o *pastStory, sku string, span spanKind, settled schemas.Date) (windows int, sums AccuracySums) {
	list := slices.DeleteFunc(slices.Clone(m.windows), func(w taken) bool {
		return w.sku != sku || w.span != span || w.origin+schemas.Date(w.days) > settled
	})
	slices.SortFunc(list, func(a, b taken) int { return int(a.origin - b.origin) })
	for _, w := range list {
		end := w.origin + schemas.Date(w.days)
		truth := o.want(sku, end+1, o.silence(end+1))
		demand, known, all := 0.0, 0.0, 0.0
		largest := slices.Max(m.published[skuDate{sku, w.origin}].Mean[1 : 1+m.longest(sku, w.origin)])
		for i, v := range w.shape {
			weight := 1.0
			if slices.Max(w.shape) > 0 {
				weight = math.Round(255 * float64(v/largest))
			}
			all += weight
			if y := truth[w.origin+1+schemas.Date(i)-storyStart]; y == y && !o.held[skuDate{sku, w.origin + 1 + schemas.Date(i)}] {
				known += weight
				demand += y
			}
		}
		part := known / all
		if part < 0.5 {
			continue
		}
		windows++
		const keep = 1 - 1.0/26
		mean, naive := part*float64(w.mean), part*float64(w.naive)
		for _, x := range []struct {
			sum *float64
			v   float64
		}{
			{&sums.Weight, 1}, {&sums.Demand, demand}, {&sums.Forecast, mean}, {&sums.AbsError, math.Abs(demand - mean)},
			{&sums.SquaredError, (demand - mean) * (demand - mean)}, {&sums.NaiveError, math.Abs(demand - naive)},
		} {
			*x.sum = keep**x.sum + x.v
		}
		if part < 1 {
			continue
		}
		sums.Whole = keep*sums.Whole + 1
		sums.Covered80, sums.Covered95, sums.Pinball95 = keep*sums.Covered80, keep*sums.Covered95, keep*sums.Pinball95
		if float64(w.low) <= demand && demand <= float64(w.high) {
			sums.Covered80++
		}
		if top := float64(w.top); demand <= top {
			sums.Covered95++
			sums.Pinball95 += 0.05 * (top - demand)
		} else {
			sums.Pinball95 += 0.95 * (demand - top)
		}
	}
	return windows, sums
}

// longest is the number of days that the shape of an origin was made of.
func (m *measured) longest(sku string, origin schemas.Date) (n int) {
	for i, days := range []int{1, 7, 14, 28} {
		if days < len(m.published[skuDate{sku, origin}].Mean) || i == 0 {
			n = days
		}
	}
	return n
}

func nearSums(a, b AccuracySums) bool {
	x := []float64{a.Weight, a.Demand, a.Forecast, a.AbsError, a.SquaredError, a.NaiveError, a.Whole, a.Covered80, a.Covered95, a.Pinball95}
	y := []float64{b.Weight, b.Demand, b.Forecast, b.AbsError, b.SquaredError, b.NaiveError, b.Whole, b.Covered80, b.Covered95, b.Pinball95}
	for i := range x {
		if math.Abs(x[i]-y[i]) > 1e-3+1e-4*math.Abs(y[i]) {
			return false
		}
	}
	return true
}

// oneOrder leaves every product one of its enormous orders. Of two, later sales can make a level out of one that was
// held, and windows that close before and after see different demand.
func (o *pastStory) oneOrder() {
	ordered := map[string]bool{}
	o.events = slices.DeleteFunc(o.events, func(e arrival) bool {
		sale := &e.event.Sale
		if e.event.Type != schemas.TypeSale || sale.Quantity.Raw != "60000" {
			return false
		}
		if !ordered[sale.SKU.Raw] {
			ordered[sale.SKU.Raw] = true
			return false
		}
		maps.DeleteFunc(o.held, func(at skuDate, _ bool) bool { return at.sku == sale.SKU.Raw && at.day.String() == sale.Date.Raw })
		return true
	})
}

// The accuracy is that of the forecasts in the saved batches against what is true of the days, whatever came in which
// order and was unknown.
func TestAccuracyOfWhatWasPublished(t *testing.T) {
	closed := 0
	rapid.Check(t, func(t *rapid.T) {
		o := drawPast(t)
		o.oneOrder()
		for i := range o.events {
			if e := &o.events[i]; e.event.Type == schemas.TypeCalendar {
				day := e.event.Data.(*schemas.Calendar).Dates[0]
				e.day = min(e.day, day+7) // later, it comes after its window has closed
			}
		}
		events := o.order(t)
		for _, day := range []schemas.Date{20, 50} { // the clock goes on
			last := &pastStory{}
			last.sell("CLOCK", 10, o.until+day, 0)
			last.events[0].event.ID = fmt.Sprint("last", day)
			events = append(events, last.events[0])
			o.sold[skuDate{"CLOCK", o.until + day}] = 10
		}
		if rapid.Bool().Draw(t, "overridden") {
			from := storyStart + schemas.Date(rapid.IntRange(10, 40).Draw(t, "from"))
			over := arrival{event: schemas.Event{Type: schemas.TypeDemandOverride, ID: "over", Source: "/erp", Data: &schemas.DemandOverride{
				SKU: "K4", From: from, To: from + 9, Mode: schemas.OverrideScale, Factor: new(float64), By: "p",
			}}}
			*over.event.Data.(*schemas.DemandOverride).Factor = rapid.SampledFrom([]float64{0, 3}).Draw(t, "factor")
			events = slices.Insert(events, 14*9, over)
		}
		m := measure(t, o, events)
		s := m.p.sites["plant"]
		for _, k := range s.skus {
			m.checkWindows(k.name)
			a := k.accuracy.unpack()
			for span := range spanKinds {
				windows, want := m.reference(o, k.name, span, s.settled())
				closed += windows
				tally := &a.spans[span]
				got := tally.sums()
				if int(tally.windows) != windows || !nearSums(got, want) {
					t.Fatalf("%s over %v: %d windows, %+v\nwant %d, %+v\n%s", k.name, span, tally.windows, got, windows, want, o)
				}
				if row := m.rows[k.name+" "+span.String()]; row.Windows != int64(windows) || windows > 0 && row.AccuracySums != got {
					t.Fatalf("%s over %v: the newest row is %+v, the state %+v", k.name, span, row, got)
				}
			}
		}
	})
	if closed == 0 {
		t.Error("no window closed")
	}
}

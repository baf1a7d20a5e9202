package stream

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"drumbeat/forecast"
	"drumbeat/schemas"

	"pgregory.net/rapid"
)

// story is a random past of a site: what is true of it, and the events that tell it, each with the day on which
// it arrives.
type pastStory struct {
	events  []arrival
	sold    map[skuDate]float64
	held    map[skuDate]bool
	missing map[skuDate]bool
	closed  map[skuDate]bool // SKU "": the site
	turns   map[string][]itemEvent
	fairs   map[string]forecast.Events // by SKU
	until   schemas.Date
}

type skuDate struct {
	sku string
	day schemas.Date
}

type itemEvent struct {
	at   time.Time
	ends bool
}

type arrival struct {
	day   schemas.Date
	event schemas.Event
}

const storyStart = schemas.Date(20458) // a Monday

// tell adds an event that arrives so many days after its own.
func (o *pastStory) tell(day schemas.Date, late int, ev schemas.Event) {
	ev.ID, ev.Source = fmt.Sprint(len(o.events)), "/erp"
	o.events = append(o.events, arrival{day + schemas.Date(late), ev})
}

func (o *pastStory) sell(sku string, units float64, day schemas.Date, late int) {
	ev := schemas.Event{Type: schemas.TypeSale}
	ev.Sale = schemas.Sale{SKU: schemas.TextField(sku), Quantity: schemas.Field{Raw: fmt.Sprint(units), Kind: schemas.Number}, Date: schemas.TextField(day.String())}
	if units == 0 {
		ev.Sale.Quantity = schemas.TextField("a dozen")
	}
	o.tell(day, late, ev)
}

// sellAndCancel tells of a sale and of its cancellation, which may come first.
func (o *pastStory) sellAndCancel(sku string, day schemas.Date, late, cancelled int) {
	document, line := schemas.TextField(fmt.Sprint("D", len(o.events))), schemas.TextField("1")
	o.sell(sku, 9, day, late)
	sale := &o.events[len(o.events)-1].event.Sale
	sale.Document, sale.Line = document, line
	ev := schemas.Event{Type: schemas.TypeSaleCancelled}
	ev.Cancelled = schemas.SaleCancelled{Document: document, Line: line}
	o.tell(day, cancelled, ev)
}

// drawPast draws up to fourteen weeks of a site with a few products. In the first two all sell every day, so that no
// verdict of the outlier rule hangs on what comes first.
func drawPast(t *rapid.T) *pastStory {
	o := &pastStory{
		sold: map[skuDate]float64{}, held: map[skuDate]bool{}, missing: map[skuDate]bool{},
		closed: map[skuDate]bool{}, turns: map[string][]itemEvent{}, fairs: map[string]forecast.Events{},
	}
	names := []string{"CLOCK", "K1", "K2", "K3", "K4", "K5", "K6", "K7", "K8"}
	for _, name := range names {
		o.fairs[name] = forecast.Events{}
	}
	for d := storyStart; d < storyStart+14; d++ {
		for _, name := range names {
			o.sell(name, 10, d, 0)
			o.sold[skuDate{name, d}] = 10
		}
	}
	late := func() int { return rapid.IntRange(0, 7).Draw(t, "late") }
	rest := time.Weekday(rapid.IntRange(0, 9).Draw(t, "day of rest")) // from 7 on: none
	o.until = storyStart + schemas.Date(rapid.IntRange(20, 100).Draw(t, "days"))
	outliers := map[string]int{}
	for d := storyStart + 14; d < o.until; d++ {
		// Leaves the day as it was, empty if it was. A cancellation waits no longer than seven days of the clock,
		// which may stand still meanwhile.
		if rapid.IntRange(0, 4).Draw(t, "cancelled") == 0 {
			o.sellAndCancel("K3", d, rapid.IntRange(0, 3).Draw(t, "soon"), late())
		}
		if d.Weekday() == rest || rapid.IntRange(0, 19).Draw(t, "shut") == 0 {
			continue
		}
		o.sell("CLOCK", 10, d, 0)
		o.sold[skuDate{"CLOCK", d}] = 10
		for _, name := range names[1:] {
			at := skuDate{name, d}
			switch kind := rapid.IntRange(0, 11).Draw(t, "day"); {
			case kind < 5:
				units := float64(rapid.IntRange(8, 12).Draw(t, "units"))
				o.sell(name, units, d, late())
				o.sold[at] = units
			case kind == 5 && outliers[name] < 2:
				outliers[name]++
				o.sell(name, 60_000, d, late())
				o.held[at] = true
			case kind == 6:
				o.sell(name, 0, d, late())
				o.missing[at] = true
			}
		}
	}
	anyDay := func() schemas.Date {
		return storyStart + schemas.Date(rapid.IntRange(14, int(o.until-storyStart)-1).Draw(t, "day"))
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "closures") {
		d := anyDay()
		c := &schemas.Calendar{Name: fmt.Sprint("c", i), Effect: schemas.EffectClosed, Dates: []schemas.Date{d}}
		if sku := rapid.SampledFrom([]string{"", "K1", "K2"}).Draw(t, "of"); sku == "" {
			o.closed[skuDate{"", d}] = true
		} else {
			c.SKUs = []string{sku}
			o.closed[skuDate{sku, d}] = true
		}
		o.tell(d, rapid.IntRange(-9, 30).Draw(t, "told"), schemas.Event{Type: schemas.TypeCalendar, Data: c})
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "fairs") {
		d := storyStart + schemas.Date(rapid.IntRange(1, int(o.until-storyStart)+5).Draw(t, "fair"))
		name := fmt.Sprint("fair ", i%2)
		c := &schemas.Calendar{Name: fmt.Sprint(name, " ", 2020+i), Effect: schemas.EffectEvent}
		of := names
		if rapid.Bool().Draw(t, "of one") {
			of = names[1:2]
			c.SKUs = of
		}
		for n := range rapid.IntRange(1, 3).Draw(t, "length") {
			day := d + schemas.Date(n)
			// A declared event excuses what would be held.
			if !slices.ContainsFunc(names, func(name string) bool { return o.held[skuDate{name, day}] }) {
				c.Dates = append(c.Dates, day)
				for _, sku := range of {
					o.fairs[sku].Add(int(day), name)
				}
			}
		}
		if len(c.Dates) > 0 {
			o.tell(d, rapid.IntRange(-9, 30).Draw(t, "told"), schemas.Event{Type: schemas.TypeCalendar, Data: c})
		}
	}
	for range rapid.IntRange(0, 6).Draw(t, "item events") {
		d, sku := anyDay(), rapid.SampledFrom([]string{"K1", "K2"}).Draw(t, "sku")
		at := d.Time(time.UTC).Add(time.Duration(len(o.events)) * time.Second)
		item := &schemas.Item{SKU: sku, ProductionCost: 1, HoldingCost: 1, Discontinued: rapid.Bool().Draw(t, "discontinued")}
		o.turns[sku] = append(o.turns[sku], itemEvent{at, item.Discontinued})
		o.tell(d, late(), schemas.Event{Type: schemas.TypeItem, Data: item, Time: at, HasTime: true})
	}
	return o
}

// order is an order of arrival, from one of the days on.
func (o *pastStory) order(t *rapid.T) []arrival {
	list := rapid.Permutation(o.events[14*9:]).Draw(t, "order")
	// The clock goes first: a rejected row moves no clock.
	slices.SortStableFunc(list, func(a, b arrival) int {
		rank := func(e arrival) int {
			if e.event.Sale.SKU.Raw == "CLOCK" {
				return 0
			}
			return 1
		}
		if a.day != b.day {
			return int(a.day - b.day)
		}
		return rank(a) - rank(b)
	})
	return append(slices.Clone(o.events[:14*9]), list...)
}

// want is what a model of the SKU has to see of the days up to today, before the first sale left out: the rules
// once more, from the truth, without any of the machinery.
func (o *pastStory) want(sku string, today schemas.Date, silent func(schemas.Date) bool) []float64 {
	var list []float64
	for d := storyStart; d < today; d++ {
		at := skuDate{sku, d}
		dead := false
		for _, end := range o.turns[sku] {
			revived := slices.ContainsFunc(o.turns[sku], func(e itemEvent) bool {
				return !e.ends && e.at.After(end.at) && schemas.DateOf(e.at) <= d
			})
			dead = dead || end.ends && schemas.DateOf(end.at) < d && !revived
		}
		y := 0.0
		switch {
		case dead:
			y = math.NaN()
		case o.sold[at] > 0:
			y = o.sold[at]
		case o.held[at], o.missing[at], o.closed[at], o.closed[skuDate{"", d}], silent(d):
			y = math.NaN()
		}
		list = append(list, y)
	}
	return list
}

// silence is the rule's verdict over the true counts.
func (o *pastStory) silence(today schemas.Date) func(schemas.Date) bool {
	known := map[skuDate]bool{}
	for at := range o.sold {
		known[at] = true
	}
	for at := range o.held {
		known[at] = true
	}
	for at := range o.missing {
		known[at] = true
	}
	var a activity
	for at := range known {
		a.add(at.day, 1)
	}
	v := a.judge(storyStart, today, noneDeclared)
	return func(d schemas.Date) bool { return v.silent[d-v.from] }
}

func sameDemand(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return x == y || x != x && y != y })
}

// fresh is a model of the days, with the shares of the site on theirs.
func (s *site) fresh(days []float64, events forecast.Events) *forecast.Model {
	first := s.Today - schemas.Date(len(days))
	m := forecast.New(forecast.Config{Season: season, Events: events, First: int(first)})
	for d := first; d < s.Today; d++ {
		for _, a := range s.shares.list {
			if a.prior != nil && (a.day == d || d == first && a.day < d) {
				m.SetPrior(a.prior)
			}
		}
		m.Append(days[d-first])
	}
	return m
}

// Whatever the order in which facts arrive and whenever forecasts are made in between, the models see of each
// day what is true of it, and are what a fit of the whole history gives, with what the site shared on its days.
func TestWhatModelsSeeOfADay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawPast(t)
		p, err := New(benchConfig(), &Snapshot{})
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range o.order(t) {
			value, err := schemas.Encode(&e.event)
			if err != nil {
				t.Fatal(err)
			}
			if done, err := p.Step(Record{Offset: int64(i), Key: []byte("plant"), Value: value}); err != nil || !done {
				t.Fatalf("step %d: %v, %v", i, done, err)
			}
			if rapid.IntRange(0, 15).Draw(t, "forecast") == 0 {
				s := p.sites["plant"]
				s.look()
				if rapid.Bool().Draw(t, "share") {
					s.share(t.Context())
				}
				for _, k := range s.skus {
					s.fit(k)
				}
			}
		}
		p.EndOfInput()
		s := p.sites["plant"]
		s.look()
		s.share(t.Context())
		silent := o.silence(s.Today)
		for _, k := range s.skus {
			s.fit(k)
			got := s.demandOf(k)
			want := o.want(k.name, s.Today, silent)
			if !sameDemand(got, want) {
				t.Fatalf("%s: models see\n%v\nwant\n%v\n%s", k.name, got, want, o)
			}
			var incremental, whole forecast.Path
			k.model.Forecast(&incremental, 9)
			s.fresh(want, o.fairs[k.name]).Forecast(&whole, 9)
			if !sameDemand(incremental.Mean, whole.Mean) || !sameDemand(incremental.Lo95, whole.Lo95) {
				t.Fatalf("%s: forecast %v\nof the whole history %v", k.name, incremental.Mean, whole.Mean)
			}
		}
	})
}

// demandOf is the demand of a SKU as models see it, from its first sale to the open day.
func (s *site) demandOf(k *sku) (list []float64) {
	first, ok := s.firstSale(k)
	if !ok {
		return nil
	}
	fresh := *k
	fresh.ordinary = 0
	gaps := k.life.gaps(s.location)
	for d := first; d < s.Today; d++ {
		list = append(list, s.dayDemand(&fresh, k.history.at(d), gaps))
	}
	return list
}

func (o *pastStory) String() string {
	var b strings.Builder
	for _, e := range o.events[14*9:] {
		fmt.Fprintf(&b, "%v %s %s %s %+v\n", e.day, e.event.Sale.SKU.Raw, e.event.Sale.Date.Raw, e.event.Sale.Quantity.Raw, e.event.Data)
	}
	return b.String()
}

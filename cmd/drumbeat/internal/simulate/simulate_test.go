package simulate

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// everyone are the policies that tests run.
var everyone = []string{
	"drumbeat", "drumbeat:frozen=1:change=0", "drumbeat:weekly", "drumbeat:monthly:economic", "coverage:3w", "published:months=0.5", "published",
	"reorder", "clairvoyant",
}

func dense() optimize.Solver { return new(optimize.Dense) }

// tiny draws a world of a few SKUs and weeks: any mixture of shared capacity, overtime, lead times, lots, order costs,
// waiting demand and a spoiled feed.
func tiny(t *rapid.T) *Set {
	monday := week(schemas.Date(20458)).start
	s := &Set{
		Name: "tiny", Period: schemas.PeriodWeek, Horizon: 6, First: monday, From: monday + 5*7,
		Until: monday + 5*7 + schemas.Date(rapid.IntRange(15, 35).Draw(t, "days")),
	}
	if rapid.Bool().Draw(t, "dirty") {
		s.Dirt = &Dirt{Seed: rapid.Uint64().Draw(t, "seed")}
	}
	for range rapid.IntRange(0, 2).Draw(t, "resources") {
		r := Resource{Name: string(rune('P' + len(s.Resources))), Capacity: rapid.Float64Range(0, 200).Draw(t, "capacity"), Per: schemas.PerWeek}
		if rapid.Bool().Draw(t, "overtime") {
			r.Overtime, r.OvertimeCost = 30, rapid.Float64Range(.5, 5).Draw(t, "overtime cost")
		}
		if rapid.IntRange(0, 2).Draw(t, "changes") == 0 {
			from := s.From.AddDays(7 * rapid.IntRange(0, 2).Draw(t, "from"))
			r.Stretches = append(r.Stretches, Stretch{from, from + 7, rapid.Float64Range(0, 20).Draw(t, "daily")})
		}
		s.Resources = append(s.Resources, r)
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "skus") {
		k := SKU{
			Name: "SKU-" + string(rune('A'+i)), Cost: rapid.Float64Range(1, 20).Draw(t, "cost"), Usage: rapid.Float64Range(.5, 2).Draw(t, "usage"),
			Lead: rapid.IntRange(0, 2).Draw(t, "lead"), Opening: quantity(float64(rapid.IntRange(0, 100).Draw(t, "opening"))), Safety: -1,
			Resource: rapid.IntRange(-1, len(s.Resources)-1).Draw(t, "resource"),
		}
		k.Lost, k.Holding = k.Cost/LostShare, k.Cost*rapid.Float64Range(.0005, .02).Draw(t, "holding")
		if rapid.Bool().Draw(t, "lots") {
			k.Pack, k.Least = 5*schemas.Unit, schemas.Quantity(5*rapid.IntRange(0, 8).Draw(t, "least"))*schemas.Unit
			k.OrderCost = rapid.Float64Range(0, 20).Draw(t, "order cost")
		}
		if rapid.IntRange(0, 3).Draw(t, "waits") == 0 {
			k.Backlog = k.Holding * 3
		}
		size := rapid.IntRange(0, 30).Draw(t, "size")
		for range s.Until - s.First {
			q := 0
			if rapid.IntRange(0, 2).Draw(t, "sells") > 0 {
				q = rapid.IntRange(0, size).Draw(t, "demand")
			}
			k.Demand = append(k.Demand, quantity(float64(q)))
		}
		s.SKUs = append(s.SKUs, k)
	}
	return s
}

func run(t interface {
	Helper()
	Fatal(...any)
}, s *Set, text string) *Ledger {
	t.Helper()
	c, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	l, err := one(context.Background(), s, &c, dense)
	if err != nil {
		t.Fatal(text, err)
	}
	return l
}

// Nothing appears or goes: what lies there at the beginning and what arrives is what is served and what lies there at
// the end, what is started arrives or is on its way, and all that is asked is served, lost or waits.
func TestConservation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := tiny(t)
		l := run(t, s, rapid.SampledFrom(everyone).Draw(t, "policy"))
		for i := range l.SKUs {
			a := &l.SKUs[i]
			stock, waiting, arrived := s.SKUs[i].Opening, schemas.Quantity(0), schemas.Quantity(0)
			for d := range a.Demand {
				stock += a.Arrived[d] - a.Served[d]
				waiting += a.Demand[d] - a.Served[d] - a.Lost[d]
				arrived += a.Arrived[d]
				if a.Stock[d] != stock || a.Waiting[d] != waiting || stock < 0 || waiting < 0 || a.Lost[d] < 0 {
					t.Fatalf("SKU %s, day %d: stock %v, waiting %v; the log says %v, %v", s.SKUs[i].Name, d, stock, waiting, a.Stock[d], a.Waiting[d])
				}
				if a.Demand[d] != s.SKUs[i].Demand[int(s.From-s.First)+d] {
					t.Fatalf("SKU %s, day %d: demand is not the set's", s.SKUs[i].Name, d)
				}
			}
			if a.Started != arrived+a.Coming {
				t.Fatalf("SKU %s: %v started, %v arrived, %v on their way", s.SKUs[i].Name, a.Started, arrived, a.Coming)
			}
		}
	})
}

// Costs, added again from the days of the log and the orders, are those of the accounts; no day makes more than its
// capacity with overtime.
func TestCostsFollowFromTheLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := tiny(t)
		policy := rapid.SampledFrom(everyone).Draw(t, "policy")
		l := run(t, s, policy)
		total, want := 0.0, 0.0
		load := make([]map[schemas.Date]float64, len(s.Resources))
		for r := range load {
			load[r] = map[schemas.Date]float64{}
		}
		ordered := map[[2]int]bool{}
		for _, o := range l.Orders {
			k := &s.SKUs[o.SKU]
			want += k.Cost * o.Quantity.Float()
			for d := o.From; d < o.To; d++ {
				if start := s.period(d).start; !ordered[[2]int{o.SKU, int(start)}] && !o.unpaid {
					ordered[[2]int{o.SKU, int(start)}] = true
					want += k.OrderCost
				}
				if k.Resource < 0 {
					continue
				}
				load[k.Resource][d] += k.Usage * o.Quantity.Float() / float64(o.To-o.From)
			}
		}
		for r := range load {
			for d, v := range load[r] {
				plain, most := s.capacity(r, d)
				if v > most*(1+1e-5)+1e-5 {
					t.Fatalf("%s: %s makes %v on %v, at most %v", policy, s.Resources[r].Name, v, d, most)
				}
				if d < s.Until {
					want += s.Resources[r].OvertimeCost * max(0, v-plain)
				}
			}
		}
		for i := range l.SKUs {
			a, k := &l.SKUs[i], &s.SKUs[i]
			total += a.Cost.Total()
			last := len(a.Stock) - 1
			for d := range a.Stock {
				want += k.Holding*a.Stock[d].Float() + k.Lost*a.Lost[d].Float() + k.Backlog*a.Waiting[d].Float()
			}
			want += k.Lost*a.Waiting[last].Float() - k.Cost*(a.Stock[last]+a.Coming-k.Opening).Float()
		}
		if math.Abs(total-want) > 1e-4*(1+math.Abs(want)) {
			t.Fatalf("%s: accounts add up to %v, the log to %v", policy, total, want)
		}
	})
}

// Who knows the demand pays least, whatever goodwill a lost unit costs on top.
func TestClairvoyantIsALowerBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := tiny(t)
		goodwill := float64(rapid.IntRange(0, 3).Draw(t, "goodwill")) * rapid.Float64Range(0, 20).Draw(t, "each")
		cost := func(policy string) float64 {
			l := run(t, s, policy)
			sum := 0.0
			for i := range l.SKUs {
				sum += l.SKUs[i].Cost.Total()
				for _, lost := range l.SKUs[i].Lost {
					sum += goodwill * lost.Float()
				}
			}
			return sum
		}
		policy := rapid.SampledFrom(everyone).Draw(t, "policy")
		if least, other := cost(fmt.Sprintf("clairvoyant:goodwill=%v", goodwill)), cost(policy); other < least-1e-4*(1+math.Abs(least)) {
			t.Fatalf("%s costs %v, the bound is %v\n%+v", policy, other, least, *s)
		}
	})
}

// What the programme says that its orders cost is what they cost in the world.
func TestBoundIsWhatItsOrdersCost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := tiny(t)
		for i := range s.SKUs {
			s.SKUs[i].Backlog = max(s.SKUs[i].Backlog, s.SKUs[i].Holding) // none is solved alone
		}
		list := make([]int, len(s.SKUs))
		for i := range list {
			list[i] = i
		}
		b := newBound(s, list, 0)
		if _, err := b.solve(t.Context(), dense()); err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, a := range run(t, s, "clairvoyant").SKUs {
			sum += a.Cost.Total()
		}
		if math.Abs(sum-b.value) > 1e-4*(1+math.Abs(sum)) {
			t.Fatalf("%v in the world, %v in the programme\n%+v", sum, b.value, *s)
		}
	})
}

// Regret at a policy's fill is between none and the whole; a clairvoyant with goodwill has none.
func TestRegretAtFill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		goodwill := rapid.Float64Range(.1, 60).Draw(t, "goodwill")
		var choices []Choice
		for _, text := range []string{"clairvoyant", fmt.Sprintf("clairvoyant:goodwill=%v", goodwill), "coverage:3w", "reorder"} {
			c, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			choices = append(choices, c)
		}
		r, err := All(context.Background(), []*Set{tiny(t)}, Options{Choices: choices, Solver: dense, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		least, serving := &r.Policies[0], &r.Policies[1]
		if least.Total < 1 {
			t.Skip("the opening stock is worth all that is spent")
		}
		if math.Abs(serving.AtFill) > 1e-3 || serving.Lost > least.Lost+1e-3 {
			t.Fatalf("with goodwill %v it loses %v units for %v, %v too much; else %v", goodwill, serving.Lost, serving.Total, serving.AtFill, least.Lost)
		}
		for _, m := range r.Policies {
			if m.AtFill < -1e-3 || m.AtFill > m.Regret+1e-12 {
				t.Fatalf("%s: regret %v, at its fill %v", m.Policy, m.Regret, m.AtFill)
			}
		}
	})
}

// An order of a week arrives on any day of a later one: what is short is there when it is sold, and costs no storage before.
func TestBoundLetsOrdersTravel(t *testing.T) {
	monday := week(schemas.Date(20458)).start
	s := &Set{
		Name: "one", Period: schemas.PeriodWeek, Horizon: 6, First: monday, From: monday, Until: monday + 21,
		Resources: []Resource{{Name: "P", Per: schemas.PerWeek, Stretches: []Stretch{{monday, monday + 7, 1}}}},
		SKUs:      []SKU{{Name: "SKU-A", Cost: 20, Lost: 34, Holding: 1, Lead: 1, Usage: 1, Demand: make([]schemas.Quantity, 21)}},
	}
	for d := 7; d < 14; d++ {
		s.SKUs[0].Demand[d] = schemas.Unit
	}
	if a := run(t, s, "clairvoyant").SKUs[0]; a.Cost.Total() != 7*20 {
		t.Errorf("costs %+v, want production of 7 and no storage", a.Cost)
	}
}

// What is decided by a morning is the same whatever the days from that one on ask for.
func TestPoliciesSeeThePastOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := tiny(t)
		policy := rapid.SampledFrom(everyone[:len(everyone)-1]).Draw(t, "policy")
		other := *s
		other.SKUs = slices.Clone(s.SKUs)
		from := s.From + schemas.Date(rapid.IntRange(0, s.days()-1).Draw(t, "from"))
		for i := range other.SKUs {
			other.SKUs[i].Demand = slices.Clone(s.SKUs[i].Demand)
			for d := from; d < s.Until; d++ {
				other.SKUs[i].Demand[d-s.First] = quantity(float64(rapid.IntRange(0, 60).Draw(t, "other")))
			}
		}
		evening := strings.HasPrefix(policy, "drumbeat")
		before := func(l *Ledger) (list []Order) {
			for _, o := range l.Orders {
				if o.From < from || o.From == from && !evening {
					list = append(list, o)
				}
			}
			return list
		}
		if a, b := before(run(t, s, policy)), before(run(t, &other, policy)); !reflect.DeepEqual(a, b) {
			t.Fatalf("%s: with other demand from %v on it ordered\n%v, else\n%v", policy, from, b, a)
		}
	})
}

// A site may plan in weeks what others plan in months, where nothing of its items is told in months, and it costs no more to
// plan every evening than once a week.
func TestPlansInWeeksOfAWorldInMonths(t *testing.T) {
	s := ThreeSKU(1, 15_000)
	s.Until, s.Horizon = s.From.AddMonths(6), 5
	cost := func(policy string) (sum float64) {
		l := run(t, s, policy)
		if l.Plans.Degraded > 0 {
			t.Fatalf("%s: %d plans degraded", policy, l.Plans.Degraded)
		}
		for i := range l.SKUs {
			sum += l.SKUs[i].Cost.Total()
		}
		return sum
	}
	months, weekly, daily := cost("drumbeat:weekly"), cost("drumbeat:weekly:weeks"), cost("drumbeat:weeks")
	if weekly > 1.01*months || daily > 1.005*weekly {
		t.Errorf("planned in months it costs %.0f, in weeks %.0f, every evening %.0f", months, weekly, daily)
	}
	s.SKUs[0].Lead = 1
	c, err := Parse("drumbeat:weeks")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newDrumbeat(s, &c, dense); err == nil || !strings.Contains(err.Error(), s.SKUs[0].Name) {
		t.Errorf("a lead time in months is planned in weeks: %v", err)
	}
}

// The same set and policy give the same ledger, whatever runs beside it.
func TestRunsAreDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := tiny(t)
		policy := rapid.SampledFrom(everyone).Draw(t, "policy")
		a, b := run(t, s, policy), run(t, s, policy)
		if !reflect.DeepEqual(a.SKUs, b.SKUs) || !reflect.DeepEqual(a.Orders, b.Orders) || a.Plans != b.Plans {
			t.Fatalf("%s: two runs differ", policy)
		}
	})
}

// watched is drumbeat, with the world it is in.
type watched struct {
	*drumbeat
	past  *Past
	begun bool // orders begin that the world does not know yet
}

func (w *watched) Morning(ctx context.Context, p *Past) ([]Order, error) {
	w.past, w.begun = p, w.set.period(p.Today).start == p.Today
	return w.drumbeat.Morning(ctx, p)
}

func (w *watched) Evening(ctx context.Context, p *Past) ([]Order, error) {
	w.begun = false
	return w.drumbeat.Evening(ctx, p)
}

// What the pipeline believes to lie there and to be on its way is what does: the world carries its plans out as it
// assumes, and cuts none of them.
func TestBeliefIsTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := tiny(t)
		s.Dirt = nil
		c, err := Parse(rapid.SampledFrom([]string{"drumbeat", "drumbeat:frozen=1", "drumbeat:weekly:frozen=2"}).Draw(t, "policy"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := newDrumbeat(s, &c, dense)
		if err != nil {
			t.Fatal(err)
		}
		w := &watched{drumbeat: b}
		plans := 0
		b.supply = func(i int, believed schemas.Quantity) {
			truth := w.past.Stock[i] - w.past.Waiting[i] + w.past.Coming[i]
			if w.begun {
				truth += quantity(b.made[i])
			}
			plans++
			if b.held { // what is held is not taken from stock before the next count
				return
			}
			if abs((believed - truth).Float()) > 1e-3 {
				t.Fatalf("%v: %v of %s are believed to lie there or to come, %v do", w.past.Today, believed, s.SKUs[i].Name, truth)
			}
		}
		l, err := Run(context.Background(), s, w)
		if err != nil {
			t.Fatal(err)
		}
		if l.Cut.Float() > 1e-3 || l.Plans.Degraded > 0 || l.Plans.FrozenMoves > 0 {
			t.Fatalf("%v units cut, %d plans degraded, %d frozen values moved", l.Cut, l.Plans.Degraded, l.Plans.FrozenMoves)
		}
		if plans == 0 {
			t.Fatal("no plan")
		}
	})
}

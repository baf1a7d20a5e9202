package outlier

import (
	"math"
	"math/rand/v2"
	"testing"

	"drumbeat/schemas"
)

// sell teaches the rule a sale that nothing is known of but its units.
func (r *Rule) sell(d schemas.Date, units float64) Verdict {
	return r.Learn(Day{Day: d, Units: units}, nil, nil, nil)
}

// score judges such a sale.
func (r *Rule) score(d schemas.Date, units float64) Verdict {
	return r.Judge(Day{Day: d, Units: units}, nil)
}

// steadyRule has learnt a year of about 200 a day, up to the day before its second result.
func steadyRule() (Rule, schemas.Date) {
	rng := rand.New(rand.NewPCG(5, 5))
	var r Rule
	d, _ := schemas.NewDate(2023, 1, 1)
	for range 325 {
		r.sell(d, math.Round(200*(1+.15*rng.NormFloat64())))
		d++
	}
	return r, d
}

// A single absurd order as the first sale of a SKU is seen by what the site sells, and none of the
// thousands of ordinary first sales is.
func TestOutlierFirstSale(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var site Priors
	const skus = 4000
	flagged := 0
	for i := range skus {
		var r Rule
		// Log-normal sizes around 7, with a factor of 3 within one standard deviation, as in a web shop.
		usual := 1.9 + .8*rng.NormFloat64()
		d := schemas.Date(20000 + i/10)
		for n := range 3 {
			units := math.Ceil(math.Exp(usual + .75*rng.NormFloat64()))
			v := r.Learn(Day{Day: d.AddDays(n), Units: units}, site.At(d), site.Learning(), nil)
			if n == 0 && v.Flag {
				flagged++
			}
		}
		if i%10 == 9 {
			site.Close(d)
		}
	}
	if flagged > 0 {
		t.Errorf("%d of %d ordinary first sales are flagged", flagged, skus)
	}
	var r Rule
	if v := r.Judge(Day{Day: 21000, Units: 74215}, site.At(21000)); !v.Flag || v.Score < siteScore {
		t.Errorf("a first sale of 74,215 got %+v", v)
	}
}

// A level about 200 is believed within five days wherever it goes, and a promotion below six times is
// left alone, whatever the noise.
func TestOutlierShiftsAndPromotions(t *testing.T) {
	for _, c := range []struct {
		name     string
		factors  []float64
		flags    int     // at once
		final    int     // when ten ordinary sales have followed
		expected float64 // of the old level, within a quarter
	}{
		{"doubled for good", []float64{2, 2, 2, 2, 2}, 0, 0, 2},
		{"down to .3 for good", []float64{.3, .3, .3, .3, .3}, 0, 0, .3},
		{"tenfold for good", []float64{10, 10, 10, 10}, 2, 0, 10},
		{"fourfold promotion", []float64{4, 4, 4}, 0, 0, 0},
		{"one error", []float64{50}, 1, 1, 1},
	} {
		for seed := range uint64(30) {
			rng := rand.New(rand.NewPCG(seed, 3))
			var r Rule
			day, flags := schemas.Date(20000), 0
			held := map[schemas.Date]bool{}
			sell := func(factor float64) {
				v := r.Learn(Day{Day: day, Units: math.Round(factor * (200 + 30*rng.NormFloat64()))}, nil, nil, func(d schemas.Date, flag bool) { held[d] = flag })
				held[day] = v.Flag
				if v.Flag {
					flags++
				}
				day++
			}
			for range 200 {
				sell(1)
			}
			for _, factor := range c.factors {
				sell(factor)
			}
			expected := r.expected(day) / 200
			if flags != c.flags || c.expected > 0 && math.Abs(expected/c.expected-1) > .25 {
				t.Errorf("%s, seed %d: %d flags, expects %.2f; want %d flags, %.2f", c.name, seed, flags, expected, c.flags, c.expected)
			}
			after := c.expected
			if after == 0 {
				after = 1
			}
			for range 10 {
				sell(after)
			}
			final := 0
			for _, flag := range held {
				if flag {
					final++
				}
			}
			if final != c.final {
				t.Errorf("%s, seed %d: %d flags in the end, want %d", c.name, seed, final, c.final)
			}
		}
	}
}

// A promotion that comes back at the same time of the year is known; at another time, or larger, it
// is not.
func TestOutlierYearlyEvent(t *testing.T) {
	r, d := steadyRule()
	if v := r.score(d, 2000); !v.Flag {
		t.Fatalf("a tenfold day that nobody has seen before got %+v", v)
	}
	for range 7 {
		r.sell(d, 2000)
		d++
	}
	believed := d - 5 // the third of the week
	for ; d < believed+400; d++ {
		r.sell(d, 200)
		away := yearDistance(d, believed)
		for _, c := range []struct {
			units float64
			flag  bool
		}{
			{2000, away > 7 || d < believed+300},
			{8000, true},
		} {
			if d < believed+30 || away > 3 && away <= 7 {
				continue // the level still comes down, or it is near one of the week's days
			}
			if v := r.score(d, c.units); v.Flag != c.flag {
				t.Fatalf("%.0f units on %v, %d days from the promotion of %v: got %+v, want flag %v", c.units, d, away, believed, v, c.flag)
			}
		}
	}
}

// What is clear because it recurs stays clear when ordinary sales follow.
func TestOutlierYearlyEventIsNotRevised(t *testing.T) {
	r, d := steadyRule()
	r.remember(d-365, 10)
	if v := r.sell(d, 1800); v.Flag || v.Ratio < GrossRatio {
		t.Fatalf("a ninefold day a year after a tenfold one got %+v", v)
	}
	for i := range 20 {
		r.Learn(Day{Day: d.AddDays(i + 1), Units: 200}, nil, nil, func(of schemas.Date, flag bool) {
			if flag {
				t.Errorf("%v is flagged after %d days", of, i+1)
			}
		})
	}
}

// A promotion does not excuse an error of the same week.
func TestOutlierEventIsNoExcuseAtOnce(t *testing.T) {
	r, d := steadyRule()
	if v := r.sell(d, 1000); v.Flag || len(r.events) != 1 {
		t.Fatalf("a fivefold day: %+v, %d events remembered, want it clean and remembered", v, len(r.events))
	}
	if v := r.score(d+1, 1900); !v.Flag {
		t.Errorf("a ninefold day after it: %+v, want it flagged", v)
	}
}

// Three gross days in a row that are unlike one another are three errors, not a level.
func TestOutlierBelievesOnlyALevel(t *testing.T) {
	for _, c := range []struct {
		sizes    [3]float64
		believed bool
	}{
		{[3]float64{2000, 3000, 2500}, true},
		{[3]float64{2000, 9000, 3000}, false},
		{[3]float64{2000, 10000, 80000}, false},
	} {
		r, d := steadyRule()
		var v Verdict
		for _, units := range c.sizes {
			v = r.sell(d, units)
			d++
		}
		if v.Believed != c.believed || v.Flag == c.believed {
			t.Errorf("%v: got %+v, want believed %v", c.sizes, v, c.believed)
		}
		if e := r.expected(d); c.believed != (e > 1500) {
			t.Errorf("%v: expects %.0f afterwards", c.sizes, e)
		}
	}
}

// A day that is learnt late teaches, but does not make the SKU look silent since then.
func TestOutlierLateDay(t *testing.T) {
	r, d := steadyRule()
	late := r
	late.sell(d-30, 210)
	if got, want := late.score(d, 700).Score, r.score(d, 700).Score; math.Abs(got-want) > .3 {
		t.Errorf("after a late day the score is %.2f, before it %.2f", got, want)
	}
	if late.last != d-1 {
		t.Errorf("the last sale is of %v, want %v", late.last, d-1)
	}
}

// What explains a size raises what it takes to be an error, and what explains nothing lowers it; of a size
// that is not Suspect the context is never looked at.
func TestOutlierContext(t *testing.T) {
	r, d := steadyRule()
	var flags [contexts]float64 // the least units flagged
	for units := 200.0; units < 1e6; units *= 1.02 {
		unknown := r.score(d, units)
		for c := range contexts {
			v := r.Judge(Day{Day: d, Units: units, Context: c}, nil)
			if v.Suspect != unknown.Suspect || !v.Suspect && v.Flag != unknown.Flag {
				t.Fatalf("%.0f units: %+v in context %d, %+v without", units, v, c, unknown)
			}
			if v.Flag && flags[c] == 0 {
				flags[c] = units
			}
		}
	}
	// The sales of this SKU vary so little that the ratio alone decides; those of a shop do not.
	if flags[ContextPlain] != flags[ContextUnknown] {
		t.Errorf("flagged from %v", flags)
	}
	r.phi = 1
	flags = [contexts]float64{}
	for units := 200.0; units < 1e6; units *= 1.02 {
		for c := range contexts {
			if flags[c] == 0 && r.Judge(Day{Day: d, Units: units, Context: c}, nil).Flag {
				flags[c] = units
			}
		}
	}
	if !(flags[ContextPlain] < flags[ContextMixed] && flags[ContextMixed] < flags[ContextUnknown] && flags[ContextUnknown] < flags[ContextBulk]) {
		t.Errorf("of a SKU with bulk sales flagged from %v", flags)
	}
	for c, s := range scoresOf {
		if s.suspicious < leastSuspicious || s.gross < s.suspicious || s.both < 2*s.suspicious {
			t.Errorf("scores of context %d: %+v", c, s)
		}
	}
}

// An accepted day is never flagged and teaches; a rejected one is flagged whatever follows, and neither
// teaches nor speaks about other days.
func TestOutlierReviews(t *testing.T) {
	steady, d := steadyRule()
	accepted, rejected := steady, steady
	if v := accepted.Learn(Day{Day: d, Units: 5000, Review: Accepted}, nil, nil, nil); v.Flag || v.Suspect {
		t.Errorf("an accepted day got %+v", v)
	}
	if v := rejected.Learn(Day{Day: d, Units: 210, Review: Rejected}, nil, nil, nil); !v.Flag || v.Suspect {
		t.Errorf("a rejected day got %+v", v)
	}
	if accepted.level <= steady.level || rejected.level != steady.level || rejected.spread != steady.spread {
		t.Error("an accepted day has to teach, a rejected one not to")
	}
	for i := range 20 {
		for _, r := range []*Rule{&accepted, &rejected} {
			r.Learn(Day{Day: d.AddDays(i + 1), Units: 200}, nil, nil, func(of schemas.Date, flag bool) {
				if of == d && flag != (r == &rejected) {
					t.Errorf("the flag of a reviewed day has become %v", flag)
				}
			})
		}
	}
	// Two gross days and a rejected one are no level.
	r := steady
	for i, review := range []Review{Unreviewed, Rejected, Unreviewed} {
		if v := r.Learn(Day{Day: d.AddDays(i), Units: 3000, Review: review}, nil, nil, nil); v.Believed {
			t.Errorf("believed with a rejected day among the three: %+v", v)
		}
	}
}

// A declared week of tenfold sales leaves everything that is expected of other days as it was, and is no
// level that is believed.
func TestOutlierDeclaredEventTeachesNothing(t *testing.T) {
	r, d := steadyRule()
	before := r
	for range 7 {
		if v := r.Learn(Day{Day: d, Units: 2000, Declared: true}, nil, nil, nil); v.Flag || v.Believed {
			t.Fatalf("tenfold on %v: %+v", d, v)
		}
		if v := r.Judge(Day{Day: d, Units: 10_000, Declared: true}, nil); !v.Flag || !v.Suspect {
			t.Fatalf("an error on %v: %+v", d, v)
		}
		d++
	}
	if r.level != before.level || r.phi != before.phi || r.weekday != before.weekday || r.run != 0 || len(r.events) != len(before.events) {
		t.Error("the event has taught the rule")
	}
	if v := r.score(d, 2000); !v.Flag {
		t.Errorf("tenfold after the event: %+v", v)
	}
	// Nor does the event speak about an error just before it.
	r = before
	d -= 7
	r.sell(d, 2600)
	for i := range 14 {
		r.Learn(Day{Day: d.AddDays(i + 1), Units: 2000, Declared: true}, nil, nil, func(of schemas.Date, flag bool) {
			if of == d && !flag {
				t.Error("an error is cleared by the event after it")
			}
		})
	}
}

func TestSizeRuleDoesNotAllocate(t *testing.T) {
	r, d := steadyRule()
	var site Priors
	changed := func(schemas.Date, bool) {}
	if n := testing.AllocsPerRun(100, func() {
		for _, units := range []float64{200, 9000, 190, 210} {
			day := Day{Day: d, Units: units}
			r.Judge(day, nil)
			live := r
			live.Learn(day, nil, nil, changed)
			r.Learn(day, nil, site.Learning(), changed)
			d++
		}
	}); n > 0 {
		t.Errorf("%v allocations a round", n)
	}
}

func BenchmarkRule(b *testing.B) {
	steady, d := steadyRule()
	prior := new(Priors).At(d)
	clean := func(i int) Day {
		return Day{Day: d.AddDays(i), Units: float64(120 + i*37%160)}
	}
	b.Run("judge", func(b *testing.B) {
		b.ReportAllocs()
		r := steady
		i := 0
		for b.Loop() {
			if r.Judge(clean(i), prior).Flag {
				b.Fatal("flagged")
			}
			i = (i + 1) % 1000
		}
	})
	b.Run("judge+learn", func(b *testing.B) {
		b.ReportAllocs()
		r := steady
		var site Priors
		changed := func(schemas.Date, bool) {}
		i := 0
		for b.Loop() {
			day := clean(i)
			if r.Judge(day, prior).Flag {
				b.Fatal("flagged")
			}
			r.Learn(day, prior, site.Learning(), changed)
			i++
		}
	})
	b.Run("generated", func(b *testing.B) {
		sales := generatedSales(1)
		b.ReportAllocs()
		var rules [3]Rule
		i := 0
		for b.Loop() {
			if i == len(sales) {
				i, rules = 0, [3]Rule{}
			}
			s := &sales[i]
			rules[s.sku].Learn(Day{Day: s.date, Units: s.units}, prior, nil, nil)
			i++
		}
	})
	b.Run("copy", func(b *testing.B) {
		b.ReportAllocs()
		var live Rule
		for b.Loop() {
			live = steady
		}
		if live.level != steady.level {
			b.Fatal("no copy")
		}
	})
}

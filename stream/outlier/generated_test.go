package outlier

import (
	"math"
	"testing"

	"drumbeat/schemas"
)

// siteRules are the rules of a site's SKUs, fed with days in their order.
type siteRules struct {
	priors Priors
	day    schemas.Date
	rules  map[string]*Rule
}

func newSiteRules() *siteRules { return &siteRules{rules: map[string]*Rule{}} }

func (s *siteRules) rule(sku string) *Rule {
	r := s.rules[sku]
	if r == nil {
		r = new(Rule)
		s.rules[sku] = r
	}
	return r
}

// learn feeds a sale; days before it are closed.
func (s *siteRules) learn(sku string, d Day, changed func(schemas.Date, bool)) Verdict {
	if d.Day > s.day {
		s.priors.Close(s.day)
		s.day = d.Day
	}
	return s.rule(sku).Learn(d, s.priors.At(d.Day), s.priors.Learning(), changed)
}

// outlierTally counts what the rule makes of sales whose truth is known.
type outlierTally struct{ visible, found, flagged, fridays int }

func (c *outlierTally) recall() float64    { return float64(c.found) / float64(c.visible) }
func (c *outlierTally) precision() float64 { return float64(c.found) / float64(c.flagged) }

func (c *outlierTally) add(s *generatedSale, flag bool) {
	if s.error {
		c.visible++
	}
	if !flag {
		return
	}
	c.flagged++
	if s.error {
		c.found++
	}
	if s.friday {
		c.fridays++
	}
}

// Errors found and genuine days left alone in made-up sets of three years, at once and in the end.
func TestOutlierRuleOnGeneratedSales(t *testing.T) {
	sets := 100
	if testing.Short() {
		sets = 10
	}
	var once, final outlierTally
	names := [...]string{"1", "2", "3"}
	for seed := range uint64(sets) {
		site := newSiteRules()
		sales := generatedSales(seed)
		flags := make([]bool, len(sales))
		at := [3]map[schemas.Date]int{{}, {}, {}}
		for i := range sales {
			s := &sales[i]
			at[s.sku][s.date] = i
			v := site.learn(names[s.sku], Day{Day: s.date, Units: s.units}, func(d schemas.Date, flag bool) {
				flags[at[s.sku][d]] = flag
			})
			flags[i] = v.Flag
			once.add(s, v.Flag)
		}
		for i := range sales {
			final.add(&sales[i], flags[i])
		}
	}
	for _, c := range []struct {
		when    string
		tally   outlierTally
		recall  float64
		fridays int
	}{{"at once", once, .99, sets / 5}, {"in the end", final, .995, sets / 5}} {
		t.Logf("%s: %d sets, %d visible errors, recall %.4f, precision %.4f, %d Black Friday days flagged", c.when, sets, c.tally.visible, c.tally.recall(), c.tally.precision(), c.tally.fridays)
		if c.tally.visible < 30*sets {
			t.Fatalf("%d visible errors in %d sets: the generator is not the published one", c.tally.visible, sets)
		}
		if c.tally.recall() < c.recall || c.tally.precision() < .995 || c.tally.fridays > c.fridays {
			t.Errorf("%s: recall %.4f (want %.3f), precision %.4f (want .995), Black Friday days %d (want at most %d)", c.when, c.tally.recall(), c.recall, c.tally.precision(), c.tally.fridays, c.fridays)
		}
	}
}

// On the days of a declared event tenfold sales are no error and x50 is one. The event lasts through the
// Black Friday week, in which one SKU sells three times as much and the others as ever.
func TestOutlierDeclaredEventOnGeneratedSales(t *testing.T) {
	names := [...]string{"1", "2", "3"}
	var days, promotions, errors [len(names)]int
	for seed := range uint64(40) {
		site := newSiteRules()
		for _, s := range generatedSales(seed) {
			_, month, day := s.date.Civil()
			sale := Day{Day: s.date, Units: s.units, Declared: month == 11 && day >= 22 && day <= 28}
			if sale.Declared && !s.error && s.units > 0 {
				days[s.sku]++
				usual := s.units
				if s.friday {
					usual /= 3
				}
				r, prior := site.rule(names[s.sku]), site.priors.At(s.date)
				sale.Units = math.Round(usual * 10)
				if r.Judge(sale, prior).Flag {
					promotions[s.sku]++
				}
				sale.Units = s.units * 50
				if r.Judge(sale, prior).Flag {
					errors[s.sku]++
				}
				sale.Units = s.units
			}
			site.learn(names[s.sku], sale, nil)
		}
	}
	for i, c := range [len(names)]struct{ promotions, errors float64 }{{.01, 1}, {.1, .85}, {.01, .98}} {
		all := float64(days[i])
		t.Logf("SKU %s: %d days, %d tenfold ones flagged, %d errors found", names[i], days[i], promotions[i], errors[i])
		if float64(promotions[i]) > c.promotions*all || float64(errors[i]) < c.errors*all {
			t.Errorf("SKU %s: want at most %.2f and at least %.2f of the days", names[i], c.promotions, c.errors)
		}
	}
}

package stream

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"drumbeat/forecast"
	"drumbeat/schemas"
)

// noisySite sells of two SKUs on every day of three years: A about a hundred with the season of a year, B a few at times.
func noisySite(t testing.TB, country string) *site {
	t.Helper()
	config := benchConfig()
	config.Settings.Country = country
	p, err := New(config, &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.site("plant")
	s.begin(storyStart + 3*364)
	r := rand.New(rand.NewPCG(5, 5))
	for d := storyStart; d < s.Today; d++ {
		season := 1 + .8*math.Sin(2*math.Pi*float64(d-storyStart)/364)
		s.sells("A", d, math.Round(100*season*(1+.15*r.NormFloat64())))
		if r.IntN(3) == 0 {
			s.sells("B", d, float64(1+r.IntN(3)))
		}
	}
	s.note(triggerSale, "", true)
	return s
}

func (s *site) netted(sku string) *draftSKU {
	_, d := s.draw(context.Background())
	for i := range d.skus {
		if d.skus[i].k.name == sku {
			return &d.skus[i]
		}
	}
	return nil
}

func nearly(got, want, part float64) bool { return math.Abs(got-want) <= part*math.Abs(want)+1e-5 }

// Safety stock by every rule, of items and of the site's policy, against the model itself.
func TestSafetyStockByRule(t *testing.T) {
	s := noisySite(t, "")
	const week = 7 // today is a Monday, so the first cover begins so many days ahead
	reserve := func(m *forecast.Model, cover int, level float64) float64 {
		d := m.Sum(0, cover)
		d = d.WithMean(m.Sum(week, week+cover).Mean)
		return d.Quantile(level) - d.Mean
	}
	for i, c := range []struct {
		name   string
		item   *schemas.Item
		policy *schemas.Policy
		want   func(m *forecast.Model, mean []float64) float64
	}{
		{"fixed units", &schemas.Item{SafetyStock: ref(quantity(12))}, nil, func(*forecast.Model, []float64) float64 { return 12 }},
		{
			"months of the mean demand of the next twelve", &schemas.Item{SafetyStockRule: schemas.SafetyMonths, SafetyStock: ref(quantity(1.5))}, nil,
			func(_ *forecast.Model, mean []float64) float64 {
				sum := 0.0
				for _, v := range mean {
					sum += v
				}
				return 1.5 * sum / float64(len(mean)) * 365.25 / 12
			},
		},
		{
			"service level over lead time and review", &schemas.Item{SafetyStockRule: schemas.SafetyServiceLevel, ServiceLevel: .98, LeadTime: 2, Per: schemas.PerWeek}, nil,
			func(m *forecast.Model, _ []float64) float64 {
				return reserve(m, (2+1+1)*week, .98)
			},
		},
		{
			"the site's own rule", &schemas.Item{}, nil,
			func(m *forecast.Model, _ []float64) float64 {
				return reserve(m, (0+1+1)*week, .95)
			},
		},
		{
			"the rule of a policy", &schemas.Item{}, &schemas.Policy{SafetyStock: &schemas.SafetyStockRule{Rule: schemas.SafetyFixed, Value: 7}},
			func(*forecast.Model, []float64) float64 { return 7 },
		},
		{
			"the level of a policy, frozen three weeks", &schemas.Item{SafetyStockRule: schemas.SafetyServiceLevel}, &schemas.Policy{
				Frozen: ref(3), SafetyStock: &schemas.SafetyStockRule{Rule: schemas.SafetyServiceLevel, Value: .9},
			},
			func(m *forecast.Model, _ []float64) float64 {
				return reserve(m, (0+1+3)*week, .9)
			},
		},
		{
			"the longest cover", &schemas.Item{SafetyStockRule: schemas.SafetyServiceLevel, ServiceLevel: .9, LeadTime: 600, Per: schemas.PerWeek}, &schemas.Policy{},
			func(m *forecast.Model, _ []float64) float64 {
				d := m.Sum(0, longestCover)
				return d.Quantile(.9) - d.Mean
			},
		},
	} {
		at := s.Now.AddDate(0, 0, i)
		if c.policy != nil {
			c.policy.Clock = ref(schemas.ClockEvent)
			s.define(&schemas.Event{Data: c.policy, Time: at, HasTime: true})
		}
		for _, sku := range []string{"A", "B"} {
			item := *c.item
			item.SKU, item.ProductionCost, item.HoldingCost = sku, 1, 1
			s.define(&schemas.Event{Data: &item, Time: at, HasTime: true})
			e := s.netted(sku)
			mean := make([]float64, len(e.forecast.Mean))
			for i, v := range e.forecast.Mean {
				mean[i] = float64(v)
			}
			if got, want := e.safety[0].Float(), c.want(e.k.model, mean); !nearly(got, want, .015) && math.Abs(got-want) > 1 || want <= 0 {
				t.Errorf("%s, %s: %v, want %v", c.name, sku, got, want)
			}
		}
	}
}

// The safety stock of a service level follows the season: it is the quantile of the cover that begins as the period ends.
func TestSafetyStockFollowsTheSeason(t *testing.T) {
	s := noisySite(t, "")
	e := s.netted("A")
	lowest, highest := 0, 0
	for p := range e.safety[:len(e.safety)-4] {
		if e.demand[p] < e.demand[lowest] {
			lowest = p
		}
		if e.demand[p] > e.demand[highest] {
			highest = p
		}
	}
	few, many := e.safety[lowest].Float(), e.safety[highest].Float()
	ratio := math.Sqrt(e.demand[highest].Float() / e.demand[lowest].Float())
	if ratio < 1.2 || !nearly(many/few, ratio, .2) {
		t.Errorf("safety stock %v in the high season, %v in the low one: %.2f times, demand's root %.2f", many, few, many/few, ratio)
	}
}

// A period's interval are quantiles of its sum: where nothing is adjusted exactly the model's, and what calendars close and
// planners change goes into the sum before.
func TestIntervalsAreOfSums(t *testing.T) {
	s := noisySite(t, "")
	monday := s.Today.StartOfWeek(1) + 7
	type bounds struct{ low, mean, high float64 }
	read := func(sku string, p int) bounds {
		e := s.netted(sku)
		return bounds{e.low[p].Float(), e.demand[p].Float(), e.high[p].Float()}
	}
	plain := map[string]bounds{}
	for _, sku := range []string{"A", "B"} {
		e := s.netted(sku)
		from := int(monday - s.Today)
		d := e.k.model.Sum(from, from+7)
		got := read(sku, 1)
		plain[sku] = got
		if !nearly(got.mean, d.Mean, 1e-6) || !nearly(got.low, min(d.Mean, d.Quantile(.1)), 1e-6) || !nearly(got.high, max(d.Mean, d.Quantile(.9)), 1e-6) {
			t.Errorf("%s: %v, the model says %v %v %v", sku, got, d.Quantile(.1), d.Mean, d.Quantile(.9))
		}
		width := 0.0
		var path forecast.Path
		e.k.model.Forecast(&path, from+7)
		for i := from; i < from+7; i++ {
			width += path.Hi80[i] - path.Lo80[i]
		}
		if got.high-got.low > .8*width {
			t.Errorf("%s: the interval of the week is %v wide, those of its days together %v", sku, got.high-got.low, width)
		}
	}
	closed := func(name string, first, last schemas.Date) {
		s.declare(schemas.Calendar{Name: name, Effect: schemas.EffectClosed, From: &first, To: &last}, 0)
	}
	closed("four days of the next week", monday, monday+3)
	closed("the week after", monday+7, monday+13)
	for sku, whole := range plain {
		if got := read(sku, 2); got != (bounds{}) {
			t.Errorf("%s: %v in a week that is closed", sku, got)
		}
		part := read(sku, 1)
		if share := part.mean / whole.mean; share < .35 || share > .5 {
			t.Errorf("%s: three days of seven have %v of its demand", sku, share)
		}
		if w, all := part.high-part.low, whole.high-whole.low; w < .4*all || w > .95*all {
			t.Errorf("%s: the interval of three days is %v wide, of seven %v", sku, w, all)
		}
		for mode, o := range map[string]schemas.DemandOverride{
			"scale": {Mode: schemas.OverrideScale, Factor: ref(2.)},
			"add":   {Mode: schemas.OverrideAdd, Quantity: ref(quantity(part.mean))},
		} {
			s.Overrides = nil
			o.SKU, o.From, o.To, o.By = sku, monday, monday+6, "p"
			s.define(&schemas.Event{Data: &o, Time: s.Now, HasTime: true})
			got := read(sku, 1)
			if !nearly(got.mean, 2*part.mean, 1e-4) {
				t.Errorf("%s, %s: demand %v, was %v", sku, mode, got.mean, part.mean)
			}
			was, is := part.high-part.low, got.high-got.low
			if mode == "add" && !nearly(is, was, 1e-4) || mode == "scale" && !(is > 1.15*was && is < 2.1*was) {
				t.Errorf("%s, %s: the interval is %v wide, was %v", sku, mode, is, was)
			}
		}
		s.Overrides = nil
	}
}

// However many goroutines share the work, and whichever of them meets a model that fails, the outcome is the same.
func TestShardsCannotBeSeen(t *testing.T) {
	want := ""
	for _, shards := range []int{1, 2, 3, 8, 100} {
		s := slowSite(t, 9, 200, nil)
		s.p.config.Shards = shards
		s.onLearn = func(k *sku) {
			if k.name == "S04" && k.through > s.Today-9 {
				panic("fault injected")
			}
		}
		_, d := s.draw(t.Context())
		got := fmt.Sprint(d.state.StaleSKUs)
		for i := range d.skus {
			e := &d.skus[i]
			got += fmt.Sprintln(e.k.name, e.demand, e.low, e.high, e.safety, e.forecast.Model, e.forecast.Mean)
		}
		for _, a := range s.shares.list {
			got += fmt.Sprintf("%v %x\n", a.day, a.saved)
		}
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%d goroutines:\n%.3000s\none:\n%.3000s", shards, got, want)
		}
	}
}

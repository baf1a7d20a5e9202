package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Fifty slow movers with a constant rate know together that slow levels are right: a fifty-first, short one follows its
// last weeks less with their prior than without.
func TestPriorSharesWhatOneSeriesCannotKnow(t *testing.T) {
	c := Config{Season: 7}
	draw := func(seed uint64, n int) []float64 {
		r := rand.New(rand.NewPCG(seed, 3))
		y := make([]float64, n)
		for i := range y {
			y[i] = poisson(r, .5)
		}
		return y
	}
	var models []*Model
	for seed := range uint64(50) {
		models = append(models, Fit(c, draw(seed, 300)))
	}
	prior := NewPrior(c, models)
	if prior == nil {
		t.Fatal("no prior")
	}
	var with, without float64
	for seed := range uint64(60) {
		y := draw(1000+seed, 90)
		a := Fit(c, y).Sum(0, 28).Mean - 14
		b := Fit(Config{Season: 7, Prior: prior}, y).Sum(0, 28).Mean - 14
		without += a * a
		with += b * b
	}
	if !(with < without) {
		t.Errorf("error with the prior %.3f, without %.3f", math.Sqrt(with/60), math.Sqrt(without/60))
	}
}

func TestPriorOfAnotherKindIsIgnored(t *testing.T) {
	days := Config{Season: 7}
	y := []float64{0, 1, 0, 2, 0, 0, 1, 3, 0, 0, 1, 0, 2, 0, 1, 0, 0, 1, 0, 0, 2, 0, 0, 0, 1, 1, 0, 0, 2, 0, 0, 1, 0, 0, 0, 1}
	prior := NewPrior(days, []*Model{Fit(days, y), Fit(days, y)})
	if prior == nil {
		t.Fatal("no prior")
	}
	a, b := Fit(Config{Season: 12}, y), Fit(Config{Season: 12, Prior: prior}, y)
	if a.Sum(0, 6) != b.Sum(0, 6) {
		t.Error("a prior of days changes months")
	}
	if NewPrior(days, []*Model{Fit(Config{Season: 12}, y), New(days)}) != nil {
		t.Error("a prior from nothing")
	}
}

// Demand that vanishes in winter comes back in spring.
func TestYearlySeasonOfDays(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	rate := func(i int) float64 { return 250 * (1 + math.Sin(2*math.Pi*float64(i-80)/365)) }
	m := New(Config{Season: 7})
	for i := range 731 {
		m.Append(max(0, math.Round(rate(i)*(1+.15*r.NormFloat64()))))
	}
	var p Path
	m.Forecast(&p, 365)
	miss, total := 0.0, 0.0
	for month := range 12 {
		want, got := 0.0, 0.0
		for k := month * 30; k < month*30+30; k++ {
			want += rate(731 + k)
			got += p.Mean[k]
		}
		miss += math.Abs(got - want)
		total += want
	}
	if miss > .12*total {
		t.Errorf("months of the next year miss by %.3f of their demand", miss/total)
	}
}

package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
)

// rates makes models of products that sell rate(month) a month.
func rated(seed uint64, products, months int, c Config, rate func(month int) float64) []*Model {
	var models []*Model
	for i := range products {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		m := New(c)
		for t := range months {
			m.Append(poisson(r, rate(t)*(.5+float64(i%5)/4)))
		}
		models = append(models, m)
	}
	return models
}

// Parts that sell 4 % less every month: no part shows it, all together do.
func TestPartsOfADyingModelAreForecastLower(t *testing.T) {
	c := Config{Season: 1, Horizon: 6}
	dying := func(month int) float64 { return 2 * math.Pow(.96, float64(month)) }
	const months = 42
	truth := 0.0
	for k := range c.Horizon {
		truth += dying(months + k)
	}
	bias := func(p *Prior) float64 {
		c := c
		c.Prior = p
		sum := 0.0
		for _, m := range rated(2, 100, months, c, dying) {
			sum += m.Sum(0, c.Horizon).Mean
		}
		return sum/(100*truth) - 1
	}
	alone, site := bias(nil), bias(NewPrior(c, rated(1, 100, months, c, dying)))
	t.Logf("bias %+.3f alone, %+.3f with the site", alone, site)
	if alone < .2 {
		t.Errorf("bias %+.3f alone: the case shows nothing", alone)
	}
	if math.Abs(site) > .1 {
		t.Errorf("bias %+.3f with the site", site)
	}
}

// Demand that comes and goes gives a site no reason to lower or raise anything, and steady demand none either.
func TestSeasonsAreNotCalibrated(t *testing.T) {
	c := Config{Season: 1, Horizon: 6}
	for name, rate := range map[string]func(int) float64{
		"steady": func(int) float64 { return 1.5 },
		"season": func(month int) float64 { return 1.5 + math.Sin(float64(month)*math.Pi/6) },
	} {
		for months := 13; months < 60; months += 5 {
			if f := siteCalibration(rated(3, 80, months, c, rate)); math.Abs(f-1) > .05 {
				t.Errorf("%s, %d months: factor %.3f", name, months, f)
			}
		}
	}
}

// A prior made from models that already use one does not lower the mean again and again.
func TestCalibrationDoesNotFeedOnItself(t *testing.T) {
	c := Config{Season: 1, Horizon: 6}
	dying := func(month int) float64 { return 2 * math.Pow(.96, float64(month)) }
	var last float64
	for generation := range 5 {
		c.Prior = NewPrior(c, rated(1, 100, 42, c, dying))
		f := c.Prior.counts.calibration
		// The second generation chooses other experts, since it knows the site's losses.
		if generation > 1 && math.Abs(f-last) > .01 || f > .85 {
			t.Errorf("generation %d: factor %.3f after %.3f", generation, f, last)
		}
		last = f
	}
}

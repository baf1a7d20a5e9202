package forecast

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The factors as their formula says, all sums over the whole history taken anew for every bucket.
func TestFactorsEqualTheirFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		season := rapid.SampledFrom([]int{2, 7}).Draw(t, "season")
		phase := rapid.IntRange(0, season-1).Draw(t, "phase")
		all := counted().Draw(t, "history")
		f := newFactors(season, phase)
		var site []float64
		if rapid.Bool().Draw(t, "site") {
			for range season {
				site = append(site, rapid.Float64Range(.1, 2).Draw(t, "profile"))
			}
			f.setSite(site)
		}
		raw := make([]float64, season)
		for d := range raw {
			raw[d] = 1
			if site != nil {
				raw[d] = site[d]
			}
		}
		// What was observed at each bucket: demand, slow level, factor.
		type seen struct {
			pos              int
			y, level, factor float64
			levelled         bool
		}
		var past []seen
		level := func() (num, den float64) {
			for i, s := range past {
				w := factorLevel * math.Pow(1-factorLevel, float64(len(past)-1-i))
				num += w * s.y
				den += w * s.factor
			}
			return num, den
		}
		for i, b := range all {
			pos := (phase + i) % season
			total := 0.0
			for _, r := range raw {
				total += r
			}
			now := raw[pos] * float64(season) / total
			if got := f.next(); math.Abs(got-now) > 1e-9*now {
				t.Fatalf("bucket %d: factor %v, want %v", i, got, now)
			}
			f.observe(b.y)
			if b.y != b.y {
				continue
			}
			s := seen{pos: pos, y: b.y, factor: now}
			num, den := level()
			if num > 0 && den > 0 {
				s.level, s.levelled = num/den, true
				s.y = min(s.y, factorClip*s.level)
			}
			past = append(past, s)
			if !s.levelled {
				continue
			}
			var se, sf, a, d float64
			memory, discount := 1.0, 1.0
			for j := len(past) - 1; j >= 0; j-- {
				if s := past[j]; s.levelled {
					e := s.y - s.level*s.factor
					se += memory * e * e
					sf += memory * s.level * s.factor
					memory *= factorMemory
					if s.pos == pos {
						a += discount * s.y
						d += discount * s.level
						discount *= factorDiscount
					}
				}
			}
			l := s.level
			v := (se + 3*l*l) / (sf + 3*l)
			prior := factorPriorRatio * v
			at := 1.0
			if site != nil {
				at = site[pos]
			}
			raw[pos] = (a + prior*at) / (d + prior)
		}
	})
}

// A weekday profile that one slow product cannot show is known to it from its site, whatever weekday it began on.
func TestProfileIsShared(t *testing.T) {
	c := Config{Season: 7}
	var models []*Model
	for i := range 40 {
		var y []float64
		y, c.First = shop(uint64(i), 300, .5, 1)
		models = append(models, Fit(c, y))
	}
	c.First, c.Prior = 3, NewPrior(c, models)
	m := Fit(c, []float64{1})
	var p Path
	m.Forecast(&p, 7)
	// The next bucket is position 4; Saturday, position 5, sells three times as much as Monday, position 0.
	if ratio := p.Mean[1] / p.Mean[3]; ratio < 2.5 || ratio > 3.5 {
		t.Errorf("the best day sells %.2f times as much as the worst, want about 3", ratio)
	}
}

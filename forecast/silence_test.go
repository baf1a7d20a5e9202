package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
)

// slowSeller draws the demand of a day: one sale in three months to one in ten days, of sizes that differ by a factor of two.
// Its rate a day never changes.
type slowSeller struct{ chance, size float64 }

func (p slowSeller) rate() float64 { return p.chance * p.size * math.Exp(.7*.7/2) }

func (p slowSeller) draw(r *rand.Rand) float64 {
	if r.Float64() >= p.chance {
		return 0
	}
	return math.Ceil(p.size * math.Exp(.7*r.NormFloat64()))
}

// Slow sellers whose rate never changes, on a site that is shut on some days: forecast every week, with what the site
// shares renewed every four, they stay near the rate, whatever the day on which they are made.
func TestSilentDaysDoNotSwing(t *testing.T) {
	const (
		products, days, from = 60, 840, 420
		horizon              = 28
	)
	for _, c := range []struct {
		name   string
		shut   int     // the last days of the week
		chance float64 // that any other day is silent
	}{
		{"always open", 0, 0},
		{"shut on Sundays", 1, .05},
		{"shut at weekends", 2, 0},
		{"shut at weekends, and now and then", 2, .1},
		{"a third of all days is lost", 0, .33},
	} {
		r := rand.New(rand.NewPCG(uint64(c.shut), uint64(100*c.chance)))
		list, models := make([]slowSeller, products), make([]*Model, products)
		for i := range models {
			list[i] = slowSeller{.01 * math.Exp(2.3*r.Float64()), 10 * math.Exp(3*r.Float64())}
			models[i] = New(Config{Season: 7})
			models[i].Append(list[i].size) // known from its first sale on
		}
		before := make([]float64, products)
		moved, seen, total, due := 0.0, 0.0, 0.0, 0.0
		var path Path
		for day := 1; day < days; day++ {
			if day%28 == 0 {
				if prior := NewPrior(Config{Season: 7}, models); prior != nil {
					for _, m := range models {
						m.SetPrior(prior)
					}
				}
			}
			silent := day%7 >= 7-c.shut || r.Float64() < c.chance
			for i, m := range models {
				y := list[i].draw(r)
				if silent {
					y = math.NaN()
				}
				m.Append(y)
			}
			if day < from || day%7 != 0 {
				continue
			}
			for i, m := range models {
				m.Forecast(&path, horizon)
				f, want := 0.0, 0.0
				for k := range horizon {
					if (day+1+k)%7 < 7-c.shut {
						f += path.Mean[k]
						want += list[i].rate()
					}
				}
				if before[i] > 0 {
					moved += math.Abs(f - before[i])
					seen += f
				}
				before[i] = f
				total += f
				due += want
			}
		}
		if moved > .14*seen {
			t.Errorf("%s: forecasts move by %.2f of themselves from week to week", c.name, moved/seen)
		}
		if total < due/1.3 || total > due*1.3 {
			t.Errorf("%s: forecast %.2f of the demand to come", c.name, total/due)
		}
	}
}

// Of weekdays on which a site is shut nothing is known: they are expected to be days like the others, also where all
// series begin far above their level, with a sale.
func TestProfileOfDaysNeverSeen(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	var models []*Model
	for range 30 {
		m := Fit(Config{Season: 7}, []float64{100})
		for day := 1; day < 400; day++ {
			switch {
			case day%7 >= 5:
				m.Append(math.NaN())
			case r.IntN(40) == 0:
				m.Append(100)
			default:
				m.Append(0)
			}
		}
		models = append(models, m)
	}
	profile := NewPrior(Config{Season: 7}, models).profile
	if profile[5] < .8 || profile[5] > 1.2 || profile[6] != profile[5] {
		t.Errorf("the profile is %.2f, the last two days have never been seen", profile)
	}
}

// Sums of a series that misses two days in seven are as wide as those of one that misses none.
func TestSilentDaysDoNotWidenSums(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 7))
	logs := 0.0
	const series = 40
	for range series {
		whole, gaps := New(Config{Season: 7}), New(Config{Season: 7})
		for day := range 700 {
			y := poisson(r, .5)
			whole.Append(y)
			if day%7 >= 5 {
				y = math.NaN()
			}
			gaps.Append(y)
		}
		a, b := whole.Sum(0, 28), gaps.Sum(0, 28)
		logs += math.Log(b.law.scale / b.Mean / (a.law.scale / a.Mean))
	}
	if ratio := math.Exp(logs / series); ratio < .96 || ratio > 1.04 {
		t.Errorf("the variance over the mean is %.2f times that without gaps", ratio)
	}
}

package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// The three products of the demo, without spoiled rows.
var shopStart = time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)

func shopDays(draw func(r *rand.Rand, day time.Time) float64, seed uint64, years int) []float64 {
	r := rand.New(rand.NewPCG(seed, 11))
	var y []float64
	for day := shopStart; day.Before(shopStart.AddDate(years, 0, 0)); day = day.AddDate(0, 0, 1) {
		y = append(y, math.Max(0, math.Round(draw(r, day))))
	}
	return y
}

func blackFriday(day time.Time) bool {
	return day.Month() == time.November && day.Day() >= 22 && day.Day() <= 28
}

func promoted(r *rand.Rand, day time.Time) float64 {
	q := 200 + 30*r.NormFloat64()
	if blackFriday(day) {
		q *= 3
	}
	return max(1, q)
}

func intermittent(r *rand.Rand, _ time.Time) float64 {
	if r.Float64() < .7 {
		return 0
	}
	return max(1, poisson(r, 2))
}

func summerGoods(r *rand.Rand, day time.Time) float64 {
	season := 1 + math.Sin(2*math.Pi*float64(day.YearDay()-80)/365)
	return 250 * season * (1 + .15*r.NormFloat64())
}

// shopYear is the error of a forecast of the months of a year: of the year, of Black Friday's week and of the days around it;
// means over seeds.
type shopYear struct{ wape, bias, week, around float64 }

func forecastShop(draw func(r *rand.Rand, day time.Time) float64, years int) shopYear {
	const seeds = 20
	var s shopYear
	var p Path
	for seed := range uint64(seeds) {
		y := shopDays(draw, seed, years+1)
		first := shopStart.AddDate(years, 0, 0)
		known := int(first.Sub(shopStart).Hours()) / 24
		m := Fit(Config{Season: 7, First: newYear2023}, y[:known])
		m.Forecast(&p, len(y)-known)
		var off, total, sum, week, weekTrue, around, aroundTrue float64
		month, monthTrue := 0.0, 0.0
		for k, f := range p.Mean {
			day := first.AddDate(0, 0, k)
			v := y[known+k]
			month += f
			monthTrue += v
			total += v
			sum += f
			switch {
			case blackFriday(day):
				week += f
				weekTrue += v
			case day.Month() == time.November || day.Month() == time.December && day.Day() < 15:
				around += f
				aroundTrue += v
			}
			if day.AddDate(0, 0, 1).Day() == 1 {
				off += math.Abs(month - monthTrue)
				month, monthTrue = 0, 0
			}
		}
		s.wape += off / total / seeds
		s.bias += (sum/total - 1) / seeds
		s.week += (week/weekTrue - 1) / seeds
		s.around += (around/aroundTrue - 1) / seeds
	}
	return s
}

func TestShop(t *testing.T) {
	for _, c := range []struct {
		name             string
		draw             func(r *rand.Rand, day time.Time) float64
		years            int
		wape, bias, week float64 // at most; 0: any
	}{
		{"promoted, two years", promoted, 2, .028, .02, .08},
		{"promoted, three years", promoted, 3, .028, .02, .08},
		{"promoted, one year", promoted, 1, .06, .02, 0},
		{"intermittent, two years", intermittent, 2, .33, .08, 0},
		{"summer, two years", summerGoods, 2, .04, .02, 0},
		{"summer, three years", summerGoods, 3, .04, .02, 0},
		{"summer, one year, seen to the end of its first winter", summerGoods, 1, .65, .65, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := forecastShop(c.draw, c.years)
			t.Logf("months %.3f, year %+.3f, Black Friday's week %+.3f", s.wape, s.bias, s.week)
			if s.wape > c.wape {
				t.Errorf("monthly error %.3f", s.wape)
			}
			if math.Abs(s.bias) > c.bias {
				t.Errorf("year %+.3f", s.bias)
			}
			if c.week > 0 && (math.Abs(s.week) > c.week || math.Abs(s.around) > .02) {
				t.Errorf("Black Friday's week %+.3f, the days around it %+.3f", s.week, s.around)
			}
		})
	}
}

package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// The three products of the demo's generator, clean, two years known, the third forecast (the demo's README tells their
// laws).
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

// shopYear is what a forecast of the third year is worth, means over seeds.
type shopYear struct{ wape, bias, week, after float64 }

func forecastShop(draw func(r *rand.Rand, day time.Time) float64, years int) shopYear {
	const seeds = 20
	var s shopYear
	var p Path
	for seed := range uint64(seeds) {
		y := shopDays(draw, seed, years+1)
		first := shopStart.AddDate(years, 0, 0)
		known := int(first.Sub(shopStart).Hours()) / 24
		m := Fit(Config{Season: 7, First: 19358}, y[:known])
		m.Forecast(&p, len(y)-known)
		var off, total, sum, week, weekTrue, after, afterTrue float64
		month, monthTrue := 0.0, 0.0
		for k, f := range p.Mean {
			day := first.AddDate(0, 0, k)
			v := y[known+k]
			month += f
			monthTrue += v
			total += v
			sum += f
			if blackFriday(day) {
				week += f
				weekTrue += v
			} else if day.Month() == time.December && day.Day() < 15 || day.Month() == time.November {
				after += f
				afterTrue += v
			}
			if day.AddDate(0, 0, 1).Day() == 1 {
				off += math.Abs(month - monthTrue)
				month, monthTrue = 0, 0
			}
		}
		s.wape += off / total / seeds
		s.bias += (sum/total - 1) / seeds
		s.week += (week/weekTrue - 1) / seeds
		s.after += (after/afterTrue - 1) / seeds
	}
	return s
}

func TestShop(t *testing.T) {
	for years := 1; years <= 3; years++ {
		t.Logf("years %d: promoted %+.4f", years, forecastShop(promoted, years))
		t.Logf("years %d: intermittent %+.4f", years, forecastShop(intermittent, years))
		t.Logf("years %d: summer %+.4f", years, forecastShop(summerGoods, years))
	}
}

func TestShopExplain(t *testing.T) {
	for i, d := range []func(r *rand.Rand, day time.Time) float64{promoted, summerGoods} {
		for seed := range uint64(3) {
			m := Fit(Config{Season: 7}, shopDays(d, seed, 2))
			x := m.Explain()
			t.Log(i, x.Kind, x.Zeros)
			for j, e := range x.Models {
				if j < 6 {
					t.Logf("   %s %.2f %.3f %.3f", e.Name, e.Weight, e.Step, e.Sum)
				}
			}
		}
	}
}

package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
)

// spikes is a series of 100 a day with noise of its own and spikes that a rule puts in.
func spikes(seed uint64, days int, lift func(day int) float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 3))
	y := make([]float64, days)
	for i := range y {
		y[i] = (100 + 8*r.NormFloat64()) * lift(i)
	}
	return y
}

func forecastOf(y []float64, first, h int) []float64 {
	var p Path
	Fit(Config{Season: 7, First: first}, y).Forecast(&p, h)
	return p.Mean
}

// 2023-01-01, a Sunday.
const newYear2023 = 19358

// A weekend of sales in the same week of every year keeps its weekday, not its date.
func TestAnniversaryOnAWeekday(t *testing.T) {
	y := spikes(1, 730, func(i int) float64 {
		if i%364 == 300 || i%364 == 301 {
			return 3
		}
		return 1
	})
	mean := forecastOf(y, newYear2023, 365)
	for k, f := range mean {
		day := 730 + k
		want := 100.0
		if day%364 == 300 || day%364 == 301 {
			want = 300
		}
		if math.Abs(f-want) > .15*want {
			t.Errorf("day %d: %.0f, want about %.0f", day, f, want)
		}
	}
}

// Rare chance peaks do not come back, and a forecast that has learnt so does not expect them.
func TestChanceIsNoAnniversary(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	at := map[int]bool{}
	for range 20 {
		at[r.IntN(1095)] = true
	}
	y := spikes(2, 1095, func(i int) float64 {
		if at[i] {
			return 4
		}
		return 1
	})
	mean := forecastOf(y, newYear2023, 365)
	total := 0.0
	for k, f := range mean {
		total += f
		if f > 160 {
			t.Errorf("day %d: %.0f, want about 100", 1095+k, f)
		}
	}
	if math.Abs(total/36500-1) > .05 {
		t.Errorf("mean %.1f, want about 100", total/365)
	}
}

// An event that has stopped coming fades.
func TestAnniversaryFades(t *testing.T) {
	y := spikes(3, 5*365, func(i int) float64 {
		if i%365 >= 200 && i%365 < 205 && i < 3*365 {
			return 3
		}
		return 1
	})
	mean := forecastOf(y, 0, 365)
	for k := 198; k < 208; k++ {
		if mean[k] > 130 {
			t.Errorf("day %d: %.0f, want about 100", k, mean[k])
		}
	}
}

// One year of history: the week is expected, but with less weight than one that has come back.
func TestAnniversaryOfOneYear(t *testing.T) {
	week := func(i int) float64 {
		if i%365 >= 100 && i%365 < 107 {
			return 3
		}
		return 1
	}
	once := forecastOf(spikes(4, 365, week), 0, 120)[103]
	twice := forecastOf(spikes(4, 730, week), 0, 120)[103]
	if !(once > 120 && once < 260 && twice > 260 && twice < 320) {
		t.Errorf("after one year %.0f, after two %.0f; 300 is true", once, twice)
	}
}

// The days after a peak are not lifted by it.
func TestPeakDoesNotLiftWhatFollows(t *testing.T) {
	y := spikes(6, 400, func(i int) float64 {
		if i >= 390 && i < 397 {
			return 3
		}
		return 1
	})
	for k, f := range forecastOf(y, 0, 28) {
		if f > 135 {
			t.Errorf("day %d after the peak: %.0f, want about 100", k+4, f)
		}
	}
}

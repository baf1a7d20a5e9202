package forecast

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// An outlook says what single questions say, also when it has served another model before.
func TestOutlookEqualsSingleQuestions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o Outlook
		for range 2 {
			c := configs().Draw(t, "config")
			m := Fit(c, histories(c.Real).Draw(t, "y"))
			h := rapid.IntRange(1, 80).Draw(t, "h")
			m.Outlook(&o, h)
			var got, want Path
			o.Path(&got, h)
			m.Forecast(&want, h)
			from := rapid.IntRange(0, h-1).Draw(t, "from")
			to := rapid.IntRange(from+1, h).Draw(t, "to")
			a, b := o.Sum(from, to), m.Sum(from, to)
			mean, lower, upper := make([]float64, h), make([]float64, h), make([]float64, h)
			o.Interval(mean, lower, upper, .1)
			if !slices.Equal(bits(&Path{Mean: mean, Lo80: lower, Hi80: upper}, nil), bits(&Path{Mean: want.Mean, Lo80: want.Lo80, Hi80: want.Hi80}, nil)) {
				t.Fatalf("interval %v %v %v\npath %v", mean, lower, upper, want)
			}
			if !slices.Equal(bits(&got, []float64{a.Mean, a.Quantile(.9)}), bits(&want, []float64{b.Mean, b.Quantile(.9)})) {
				t.Fatalf("outlook %v\nsingle %v\nsums %v, %v", got, want, a, b)
			}
		}
	})
}

// An expert that is a multiple of a profile forecasts that multiple, and the profile's range holds its steps.
func TestMultipleIsTheForecast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := configs().Draw(t, "config")
		y := histories(c.Real).Draw(t, "y")
		if rapid.Bool().Draw(t, "long") { // more than a year of days
			y = slices.Repeat(append(y, 1, 2), 5)
		}
		m := Fit(c, y)
		h := rapid.IntRange(1, 400).Draw(t, "h")
		ahead := future{factor: make([]float64, h), year: make([]float64, h)}
		common := m.profiles(ahead, true)
		got, want := make([]float64, h), make([]float64, h)
		for _, e := range m.pool {
			x, ok := e.(multiple)
			if !ok {
				continue
			}
			p, by := x.multiple()
			for k := range got {
				switch got[k] = by; p {
				case ofSeason:
					got[k] *= ahead.factor[k]
				case ofYear:
					got[k] *= ahead.factor[k] * ahead.year[k]
				}
			}
			e.forecast(want, ahead)
			sum := 0.0
			for k := range want {
				sum += want[k]
				a, b := by*common[p].low, by*common[p].high
				near := 1e-9 * math.Abs(want[k])
				if math.Abs(got[k]-want[k]) > near || (got[k] != got[k]) != (want[k] != want[k]) || want[k] < min(a, b)-near || want[k] > max(a, b)+near {
					t.Fatalf("%s, step %d: %v as a multiple, %v as a forecast, range %v to %v", e.name(), k+1, got[k], want[k], a, b)
				}
			}
			if s := by * common[p].sum; math.Abs(s-sum) > 1e-9*math.Abs(sum) {
				t.Fatalf("%s: sum %v as a multiple, %v as a forecast", e.name(), s, sum)
			}
		}
	})
}

// The order that a ring keeps up is that of sorting what it holds.
func TestRingKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r ring
		for _, e := range rapid.SliceOfN(rapid.IntRange(-9, 9), 0, 400).Draw(t, "errors") {
			r.push(float64(e), 1)
			if e == 0 || r.inOrder {
				want := slices.Clone(r.z[:min(r.n, ringSize)])
				slices.Sort(want)
				var got []float32
				for _, i := range r.ascending() {
					got = append(got, r.z[i])
				}
				if !slices.Equal(got, want) {
					t.Fatalf("after %d: %v, want %v", r.n, got, want)
				}
			}
		}
	})
}

// Beyond the horizon steps of counts share quantiles: a step alone may differ, the year as a whole does not.
func TestSharedQuantilesAreThoseOfEachStep(t *testing.T) {
	const h = 364
	for _, mean := range []float64{.2, 1, 6, 15} {
		r := rand.New(rand.NewPCG(1, 2))
		m := New(Config{Season: 7})
		for day := range 900 {
			m.Append(poisson(r, mean*(1+.5*math.Sin(float64(day)/58))*[]float64{.4, 1.1, 1.2, 1.1, 1.2, 1.4, .6}[day%7]))
		}
		var o Outlook
		var p Path
		m.Outlook(&o, h)
		o.Path(&p, h)
		if !m.isCount() {
			t.Fatal("not a series of counts")
		}
		for _, x := range []struct {
			path []float64
			p    float64
		}{{p.Lo80, .1}, {p.Median, .5}, {p.Hi80, .9}, {p.Hi95, .975}} {
			shared, each := 0.0, 0.0
			for k := range h {
				q := o.Sum(k, k+1).Quantile(x.p)
				shared += x.path[k]
				each += q
			}
			if math.Abs(shared-each) > .02*each+3 {
				t.Errorf("mean %v: quantiles %v of a year sum to %v, by themselves to %v", mean, x.p, shared, each)
			}
		}
	}
}

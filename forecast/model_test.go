package forecast

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func configs() *rapid.Generator[Config] {
	return rapid.Custom(func(t *rapid.T) Config {
		return Config{
			Season:  rapid.SampledFrom([]int{0, 1, 7, 12, 52}).Draw(t, "season"),
			Real:    rapid.Bool().Draw(t, "real"),
			Horizon: rapid.SampledFrom([]int{0, 1, 5, 13, 28, 365}).Draw(t, "horizon"),
			Events:  drawEvents(t),
			First:   rapid.IntRange(-9, 9).Draw(t, "first"),
		}
	})
}

// drawEvents draws events of one and of several buckets, alone and together; none for most series.
func drawEvents(t *rapid.T) Events {
	if rapid.IntRange(0, 2).Draw(t, "eventful") > 0 {
		return nil
	}
	e := Events{}
	for range rapid.IntRange(1, 12).Draw(t, "events") {
		name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "event")
		at := rapid.IntRange(-10, 230).Draw(t, "at")
		for d := range rapid.SampledFrom([]int{1, 1, 3, 20}).Draw(t, "length") {
			e.Add(at+d, name)
		}
	}
	return e
}

// histories draws series of every sort that a shop could send: smooth, sparse, constant, hostile, with holes.
func histories(real bool) *rapid.Generator[[]float64] {
	return rapid.Custom(func(t *rapid.T) []float64 {
		n := rapid.IntRange(0, 160).Draw(t, "n")
		hole := rapid.SampledFrom([]float64{0, 0, .1, .6}).Draw(t, "hole")
		sort := rapid.SampledFrom([]string{"counts", "sparse", "smooth", "constant", "hostile", "zero"}).Draw(t, "sort")
		size := rapid.Float64Range(.1, 1000).Draw(t, "size")
		y := make([]float64, n)
		for i := range y {
			u := rapid.Float64Range(0, 1).Draw(t, "u")
			switch sort {
			case "counts":
				y[i] = math.Floor(u * 10)
			case "sparse":
				y[i] = math.Floor(max(0, u-.8) * 30)
			case "smooth":
				y[i] = size * (1 + .3*math.Sin(float64(i)/3) + .2*u)
			case "constant":
				y[i] = size
			case "hostile":
				y[i] = rapid.SampledFrom([]float64{0, 1, 1e15, 1e-300, 1e100, 1e308, math.Inf(1), math.NaN(), 3.7}).Draw(t, "y")
			}
			if real && u > .5 {
				y[i] = -y[i]
			}
			if rapid.Float64Range(0, 1).Draw(t, "h") < hole {
				y[i] = math.NaN()
			}
		}
		return y
	})
}

func bits(p *Path, sums []float64) []uint64 {
	var b []uint64
	for _, x := range [][]float64{p.Mean, p.Median, p.Lo80, p.Hi80, p.Lo95, p.Hi95, sums} {
		for _, v := range x {
			b = append(b, math.Float64bits(v))
		}
	}
	return b
}

func everything(m *Model, h int) []uint64 {
	var p Path
	m.Forecast(&p, h)
	var sums []float64
	for _, w := range [][2]int{{0, h}, {0, 1}, {h / 2, h}} {
		d := m.Sum(w[0], w[1])
		sums = append(sums, d.Mean, d.Quantile(.05), d.Quantile(.5), d.Quantile(.95))
	}
	x := m.Explain()
	for _, v := range x.Models {
		sums = append(sums, v.Weight, v.Step, v.Sum)
	}
	for _, v := range x.Events {
		sums = append(sums, v.Ratio, v.Factor, float64(v.Times))
	}
	return bits(&p, sums)
}

func TestAppendEqualsFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := configs().Draw(t, "config")
		y := histories(c.Real).Draw(t, "y")
		h := rapid.IntRange(1, 60).Draw(t, "h")
		m := New(c)
		for i, v := range y {
			m.Append(v)
			if i%17 == 3 { // questions leave no trace
				everything(m, 1+i%9)
			}
		}
		if m.Len() != len(y) {
			t.Fatalf("Len %d after %d buckets", m.Len(), len(y))
		}
		a, b := everything(m, h), everything(Fit(c, y), h)
		for i := range a {
			if a[i] != b[i] {
				t.Fatalf("value %d of the answers differs: %v, from scratch %v", i, math.Float64frombits(a[i]), math.Float64frombits(b[i]))
			}
		}
	})
}

func TestForecastIsFiniteOrderedAndSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := configs().Draw(t, "config")
		y := histories(c.Real).Draw(t, "y")
		h := rapid.IntRange(1, 60).Draw(t, "h")
		m := Fit(c, y)
		var p, short Path
		m.Forecast(&p, h)
		total := 0.0
		for k := range h {
			q := []float64{p.Lo95[k], p.Lo80[k], p.Median[k], p.Hi80[k], p.Hi95[k]}
			for i, v := range append(q, p.Mean[k]) {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("step %d: value %d is %v", k+1, i, v)
				}
				if v < 0 && !c.Real {
					t.Fatalf("step %d: demand %v", k+1, v)
				}
				if i > 0 && i < len(q) && v < q[i-1] {
					t.Fatalf("step %d: quantiles fall: %v", k+1, q)
				}
			}
			total += p.Mean[k]
			d := m.Sum(k, k+1)
			if d.Mean != p.Mean[k] || k < m.config.Horizon && d.Quantile(.9) != p.Hi80[k] {
				t.Fatalf("step %d: the sum of one step is %v, %v; the step %v, %v", k+1, d.Mean, d.Quantile(.9), p.Mean[k], p.Hi80[k])
			}
		}
		from := rapid.IntRange(0, h-1).Draw(t, "from")
		d, head := m.Sum(from, h), m.Sum(0, from)
		if all := m.Sum(0, h); all.Mean != total || math.Abs(head.Mean+d.Mean-total) > 1e-9*math.Abs(total)+1e-9*sumAbs(p.Mean) {
			t.Fatalf("sums: head %v + tail %v, all %v, Σ mean %v", head.Mean, d.Mean, all.Mean, total)
		}
		last := math.Inf(-1)
		for _, prob := range []float64{-1, 0, 1e-9, .01, .1, .3, .5, .9, .99, .9999, 1, 2} {
			v := d.Quantile(prob)
			if math.IsNaN(v) || math.IsInf(v, 0) || v < last || v < 0 && !c.Real {
				t.Fatalf("quantile %v is %v after %v", prob, v, last)
			}
			last = v
		}
		m.Forecast(&short, from+1)
		for k := range short.Mean {
			if short.Mean[k] != p.Mean[k] || short.Hi95[k] != p.Hi95[k] {
				t.Fatalf("step %d depends on the length of the path", k+1)
			}
		}
	})
}

func sumAbs(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += math.Abs(v)
	}
	return s
}

// A unit of measure may not matter, as long as the kind of the series does not change with it.
func TestForecastScales(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := configs().Draw(t, "config")
		n := rapid.IntRange(1, 120).Draw(t, "n")
		share := rapid.SampledFrom([]float64{0, .1, .7}).Draw(t, "zeros")
		y, z := make([]float64, n), make([]float64, n)
		by := rapid.SampledFrom([]float64{.125, 2, 1024}).Draw(t, "by")
		for i := range y {
			y[i] = (10 + rapid.Float64Range(0, 30).Draw(t, "y")) / 3
			y[i] += 1e-3 * math.Pi
			if rapid.Float64Range(0, 1).Draw(t, "zero") < share {
				y[i] = 0
			}
			z[i] = by * y[i]
		}
		a, b := Fit(c, y), Fit(c, z)
		var p, q Path
		a.Forecast(&p, 30)
		b.Forecast(&q, 30)
		for k := range p.Mean {
			near(t, "mean", q.Mean[k], by*p.Mean[k])
			near(t, "hi-95", q.Hi95[k], by*p.Hi95[k])
			near(t, "lo-80", q.Lo80[k], by*p.Lo80[k])
		}
		near(t, "sum", b.Sum(3, 20).Quantile(.95), by*a.Sum(3, 20).Quantile(.95))
	})
}

func near(t *rapid.T, what string, got, want float64) {
	if math.Abs(got-want) > 1e-6*math.Abs(want)+1e-9 {
		t.Fatalf("%s is %v, want %v", what, got, want)
	}
}

func TestConstantSeries(t *testing.T) {
	for _, c := range []Config{{Season: 7}, {Season: 12}, {Season: 52}, {Season: 1}, {Season: 7, Real: true}, {Season: 12, Real: true}} {
		for _, v := range []float64{5, 250, .37, 1e15} {
			y := make([]float64, 600)
			for i := range y {
				y[i] = v
			}
			m := Fit(c, y)
			var p Path
			m.Forecast(&p, 40)
			for k := range p.Mean {
				for _, x := range []float64{p.Mean[k], p.Lo95[k], p.Median[k], p.Hi95[k]} {
					if math.Abs(x-v) > .02*v {
						t.Fatalf("%+v: constant %v, step %d: mean %v, 95 %% interval %v to %v", c, v, k+1, p.Mean[k], p.Lo95[k], p.Hi95[k])
					}
				}
			}
			d := m.Sum(0, 28)
			if w := (d.Quantile(.99) - d.Quantile(.01)) / d.Mean; math.Abs(d.Mean-28*v) > 1e-9*v || w > .02 {
				t.Fatalf("%+v: constant %v: sum of 28 is %v, width %v", c, v, d.Mean, w)
			}
		}
	}
}

func TestNothingKnown(t *testing.T) {
	for _, y := range [][]float64{nil, {math.NaN(), math.Inf(1), math.Inf(-1)}, make([]float64, 40)} {
		m := Fit(Config{Season: 7}, y)
		var p Path
		m.Forecast(&p, 30)
		for k := range p.Mean {
			if p.Mean[k] != 0 || p.Lo95[k] != 0 || p.Hi95[k] != 0 {
				t.Fatalf("%v: step %d is %v (%v to %v), want 0", y, k+1, p.Mean[k], p.Lo95[k], p.Hi95[k])
			}
		}
		if d := m.Sum(0, 30); d.Mean != 0 || d.Quantile(.99) != 0 {
			t.Fatalf("%v: sum %v, quantile %v, want 0", y, d.Mean, d.Quantile(.99))
		}
	}
}

// One sale of ten: the forecast must admit that it knows little.
func TestOneObservationIsWide(t *testing.T) {
	m := Fit(Config{Season: 7}, []float64{10})
	if d := m.Sum(0, 7); math.Abs(d.Mean-70) > 1e-9 || d.Quantile(.95) < 80 || d.Quantile(.05) > 60 {
		t.Fatalf("mean %v, 5 %% %v, 95 %% %v", d.Mean, d.Quantile(.05), d.Quantile(.95))
	}
}

// A pattern of the week is found, and days without data do not bend it.
func TestWeekdays(t *testing.T) {
	week := []float64{100, 120, 110, 130, 200, 300, 0}
	for _, closed := range []bool{false, true} {
		m := New(Config{Season: 7})
		for i := range 400 {
			y := week[i%7]
			if y == 0 && closed {
				y = math.NaN()
			}
			m.Append(y)
		}
		var p Path
		m.Forecast(&p, 14)
		for k := range p.Mean {
			want := week[(400+k)%7]
			if want == 0 && closed {
				continue
			}
			if math.Abs(p.Mean[k]-want) > 8 {
				t.Errorf("closed %v, day %d: %v, want %v", closed, k+1, p.Mean[k], want)
			}
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	for _, c := range []Config{{Season: 7}, {Season: 52}, {Season: 1}} {
		m := New(c)
		for i := range 200 {
			m.Append(float64(i % 11))
		}
		if n := testing.AllocsPerRun(100, func() { m.Append(3) }); n > 0 {
			t.Errorf("%+v: %v allocations per Append", c, n)
		}
	}
}

package forecast

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// sites draws the models of a few series of one configuration, at least two of them of counts.
func sites(t *rapid.T) (Config, []*Model) {
	c := Config{Season: rapid.SampledFrom([]int{0, 7, 12}).Draw(t, "season")}
	var models []*Model
	for i := range rapid.IntRange(2, 5).Draw(t, "series") {
		c := c
		c.First = i
		y := histories(false).Draw(t, "y")
		if i < 2 {
			y = append(make([]float64, 30), y...)
		}
		models = append(models, Fit(c, y))
	}
	return c, models
}

func TestPriorSurvivesBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, models := sites(t)
		p := NewPrior(c, models)
		if p == nil {
			return
		}
		b, err := p.AppendBinary([]byte("before"))
		if err != nil || !bytes.HasPrefix(b, []byte("before")) {
			t.Fatalf("%q, %v", b, err)
		}
		b = b[len("before"):]
		q, err := UnmarshalPrior(c, b)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := q.AppendBinary(nil)
		if !bytes.Equal(b, again) {
			t.Fatalf("%x became %x", b, again)
		}
		y := histories(false).Draw(t, "y")
		x, z := c, c
		x.Prior, z.Prior = p, q
		same(t, Fit(x, y), Fit(z, y))

		if cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut"); true {
			if _, err := UnmarshalPrior(c, b[:cut]); err == nil {
				t.Fatalf("the first %d of %d bytes are a prior", cut, len(b))
			}
		}
		if _, err := UnmarshalPrior(c, append(bytes.Clone(b), 0)); err == nil {
			t.Fatal("a byte too many is not seen")
		}
		c.Season = 52
		if _, err := UnmarshalPrior(c, b); err == nil {
			t.Fatal("a prior of another season is not seen")
		}
	})
}

// Whatever the bytes, reading them gives an error or a prior that models live with.
func FuzzUnmarshalPrior(f *testing.F) {
	c := Config{Season: 7}
	y := []float64{0, 1, 0, 2, 0, 0, 1, 3, 0, 0, 1, 0, 2, 0, 1, 0, 0, 1, 0, 0, 2, 0, 0, 0, 1, 1, 0, 0, 2, 0, 0, 1, 0, 0, 0, 1}
	p := NewPrior(c, []*Model{Fit(c, y), Fit(c, y)})
	b, err := p.AppendBinary(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	for i := range b {
		damaged := bytes.Clone(b)
		damaged[i] ^= 0xff
		f.Add(damaged)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := UnmarshalPrior(c, b)
		if (p == nil) == (err == nil) {
			t.Fatalf("%v, %v", p, err)
		}
		if err != nil {
			return
		}
		m := Fit(Config{Season: 7, Prior: p}, y)
		if d := m.Sum(0, 28); !(d.Mean >= 0 && d.Mean < 1e6) || !(d.Quantile(.99) >= d.Quantile(.5)) {
			t.Fatalf("sum of %v, quantiles %v, %v", d.Mean, d.Quantile(.5), d.Quantile(.99))
		}
	})
}

func same(t *rapid.T, a, b *Model) {
	x, y := everything(a, 30), everything(b, 30)
	for i := range x {
		if x[i] != y[i] {
			t.Fatalf("value %d of the answers differs", i)
		}
	}
}

// A model that gets new priors as it goes, with questions in between, is the model fitted from scratch that gets the same
// ones at the same buckets; a prior of another configuration changes nothing.
func TestSetPriorReplays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, models := sites(t)
		one := NewPrior(c, models)
		two := NewPrior(c, models[:2])
		other := NewPrior(Config{Season: 52}, []*Model{Fit(Config{Season: 52}, make([]float64, 20)), Fit(Config{Season: 52}, make([]float64, 20))})
		if other == nil {
			t.Fatal("no prior of another configuration")
		}
		y := histories(false).Draw(t, "y")
		at := map[int]*Prior{}
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			at[rapid.IntRange(0, len(y)).Draw(t, "at")] = rapid.SampledFrom([]*Prior{nil, one, two}).Draw(t, "prior")
		}
		fit := func(asked bool) *Model {
			m := New(c)
			for i, v := range y {
				if p, ok := at[i]; ok {
					m.SetPrior(p)
				}
				if asked {
					everything(m, 9)
					m.SetPrior(other)
				}
				m.Append(v)
			}
			if p, ok := at[len(y)]; ok {
				m.SetPrior(p)
			}
			return m
		}
		same(t, fit(true), fit(false))
	})
}

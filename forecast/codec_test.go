package forecast

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	cli "flag"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var update = cli.Bool("update", false, "write the golden files anew")

// goesOn wants a model that was read from bytes to be the one that was written: now, and after what follows.
func goesOn(t interface {
	Helper()
	Fatalf(string, ...any)
}, c Config, m *Model, y []float64) []byte {
	t.Helper()
	b, err := m.AppendBinary(nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	c.Prior = m.config.Prior
	n, err := UnmarshalModel(c, b)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if again, _ := n.AppendBinary(nil); !bytes.Equal(again, b) {
		t.Fatalf("%d bytes became %d others", len(b), len(again))
	}
	var p, q Path
	compare := func(day int) {
		m.Forecast(&p, 40)
		n.Forecast(&q, 40)
		for i, v := range bits(&p, nil) {
			if w := bits(&q, nil)[i]; v != w {
				t.Fatalf("%d buckets after it was read, number %d of the forecast is %v, want %v", day, i, math.Float64frombits(w), math.Float64frombits(v))
			}
		}
	}
	compare(0)
	for i, v := range y {
		m.Append(v)
		n.Append(v)
		if i%13 == 0 {
			compare(i + 1)
		}
	}
	compare(len(y))
	x, _ := m.AppendBinary(nil)
	if z, _ := n.AppendBinary(nil); !bytes.Equal(x, z) {
		t.Fatalf("the model that was read has another state %d buckets later", len(y))
	}
	return b
}

// A model that was written and read at any moment goes on as if nothing had happened.
func TestModelSurvivesBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := configs().Draw(t, "config")
		if rapid.Bool().Draw(t, "with prior") {
			of := Config{Season: c.Season, Real: c.Real, Horizon: c.Horizon}
			y := histories(false)
			c.Prior = NewPrior(of, []*Model{Fit(of, y.Draw(t, "one")), Fit(of, y.Draw(t, "other"))})
		}
		y := histories(c.Real).Draw(t, "y")
		cut := rapid.IntRange(0, len(y)).Draw(t, "cut")
		b := goesOn(t, c, Fit(c, y[:cut]), y[cut:])

		short := rapid.IntRange(0, len(b)-1).Draw(t, "short")
		if _, err := UnmarshalModel(c, b[:short]); err == nil {
			t.Fatalf("the first %d of %d bytes are a model", short, len(b))
		}
		b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := UnmarshalModel(c, b); err == nil {
			t.Fatalf("a bit that has flipped is not seen")
		}
	})
}

// Three years of a shop's days, in which all that a model can hold has come into being: fits, seasons, yearly events, rings.
func TestLongModelsSurviveBytes(t *testing.T) {
	for _, kind := range []string{"busy", "counts", "sparse", "turns busy"} {
		t.Run(kind, func(t *testing.T) {
			y := longSeries(kind)
			size := 0
			for _, cut := range []int{60, 454, 455, 460, 800, 1096} {
				c := Config{Season: 7, First: 19_000}
				size = len(goesOn(t, c, Fit(c, y[:cut]), y[cut:]))
			}
			t.Logf("%d bytes after three years", size)
		})
	}
}

// longSeries is made without chance, so that the golden file is the same on every machine.
func longSeries(kind string) []float64 {
	y := make([]float64, 1130)
	seed := uint32(1)
	for i := range y {
		seed = seed*1664525 + 1013904223
		u := float64(seed>>8) / (1 << 24)
		f := float64(4 + (i%7)*(7-i%7))
		if d := i % 365; d > 300 {
			f *= 2
		}
		switch {
		case i%365 == 330:
			y[i] = math.Floor(200 * f)
		case kind == "busy", kind == "turns busy" && i > 500:
			y[i] = math.Floor(10*f*(.8+.4*u)) + .5
		case kind == "counts":
			y[i] = math.Floor(f * u / 2)
		case u > .9:
			y[i] = math.Floor(100 * (1 - u))
		}
		if i%97 == 50 {
			y[i] = math.NaN()
		}
	}
	return y
}

// Bytes of this version mean what they have always meant. Who changes them raises modelVersion.
func TestGoldenModel(t *testing.T) {
	c := Config{Season: 7, First: 19_000}
	for _, kind := range []string{"busy", "sparse"} {
		y := longSeries(kind)
		path := filepath.Join("testdata", "model-"+kind+".hex")
		if *update {
			b, _ := Fit(c, y[:900]).AppendBinary(nil)
			var text strings.Builder
			for ; len(b) > 0; b = b[min(48, len(b)):] {
				text.WriteString(hex.EncodeToString(b[:min(48, len(b))]) + "\n")
			}
			if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := hex.DecodeString(strings.ReplaceAll(string(text), "\n", ""))
		if err != nil {
			t.Fatal(err)
		}
		m, err := UnmarshalModel(c, b)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := m.AppendBinary(nil); !bytes.Equal(again, b) || m.Len() != 900 {
			t.Errorf("%s: written again, the model of %d buckets is not the golden file", kind, m.Len())
		}
		if whole := Fit(c, y[:900]); math.Abs(whole.Sum(0, 28).Mean-m.Sum(0, 28).Mean) > 1e-6*whole.Sum(0, 28).Mean {
			t.Errorf("%s: %v, want %v as the series says", kind, m.Sum(0, 28).Mean, whole.Sum(0, 28).Mean)
		}
	}
}

// Whatever stands in the bytes, a model comes of them that can be asked and goes on, or an error.
func FuzzUnmarshalModel(f *testing.F) {
	c := Config{Season: 7, First: 19_000}
	for _, kind := range []string{"busy", "sparse"} {
		for _, n := range []int{0, 30, 600} {
			b, err := Fit(c, longSeries(kind)[:n]).AppendBinary(nil)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4 { // else the fuzzer never gets past the checksum
			binary.LittleEndian.PutUint32(b[len(b)-4:], crc32.Checksum(b[:len(b)-4], castagnoli))
		}
		m, err := UnmarshalModel(c, b)
		if err != nil {
			return
		}
		var p Path
		m.Forecast(&p, 30)
		for range 8 {
			m.Append(3)
		}
		m.Forecast(&p, 30)
	})
}

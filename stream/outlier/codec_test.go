package outlier

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

// A rule that has been saved and read at any time goes on as the one that was not, byte for byte.
func TestSizeRuleSurvivesItsEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r, restarted Rule
		var priors, again Priors
		day := schemas.Date(20_000)
		for range rapid.IntRange(0, 60).Draw(t, "sales") {
			d := drawnDay(t, day)
			day = d.Day
			var told, toldAgain []schemas.Date
			v := r.Learn(d, priors.At(d.Day), priors.Learning(), func(d schemas.Date, flag bool) { told = append(told, d) })
			w := restarted.Learn(d, again.At(d.Day), again.Learning(), func(d schemas.Date, flag bool) { toldAgain = append(toldAgain, d) })
			priors.Close(day)
			again.Close(day)
			var rest []byte
			var err error
			restarted, rest, err = DecodeRule(append(restarted.Append(nil), 7))
			if err != nil || !bytes.Equal(rest, []byte{7}) {
				t.Fatalf("decode: %v, rest %v", err, rest)
			}
			if v != w || !slices.Equal(told, toldAgain) || !bytes.Equal(r.Append(nil), restarted.Append(nil)) {
				t.Fatalf("%+v, a restarted rule %+v", v, w)
			}
		}
	})
}

// The rule of a SKU that sells every day, with events, stays small.
func TestSizeRuleIsCompact(t *testing.T) {
	r, d := steadyRule()
	if n := len(r.Append(nil)); n > 115 {
		t.Errorf("a busy SKU takes %d bytes", n)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	most := 0
	for range 3 * 365 {
		units := float64(rng.IntN(40) + 180)
		if _, m, day := d.Civil(); m == 11 && day >= 22 && day <= 28 {
			units *= 3
		}
		r.sell(d, units)
		d++
		most = max(most, len(r.Append(nil)))
	}
	if len(r.events) < 3 || most > 150 {
		t.Errorf("%d bytes with %d events, want at most 150", most, len(r.events))
	}
}

func FuzzDecodeRule(f *testing.F) {
	var r Rule
	f.Add(r.Append(nil))
	for i, units := range []float64{200, 190, 230, 600, 650.5, 10000, 1e9} {
		r.sell(schemas.Date(20000+i), units)
		f.Add(r.Append(nil))
	}
	f.Add([]byte("\x02\x00\x02\xea\x01000000\x010000700\x0100000")) // bits of no context
	steady, d := steadyRule()
	steady.sell(d, 5000)
	f.Add(steady.Append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, _, err := DecodeRule(data)
		if err != nil {
			return
		}
		saved := r.Append(nil)
		again, rest, err := DecodeRule(saved)
		if err != nil || len(rest) > 0 || !bytes.Equal(again.Append(nil), saved) {
			t.Fatalf("does not survive its own encoding: %v", err)
		}
		for i := range 20 {
			r.Learn(Day{Day: r.last.AddDays(i), Units: float64(1 + i*i*i)}, nil, nil, func(schemas.Date, bool) {})
		}
		if _, _, err := DecodeRule(r.Append(nil)); err != nil {
			t.Fatalf("what was decoded learns what cannot be read: %v", err)
		}
	})
}

func TestUsualSurvivesItsEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var u, restarted Usual
		day := schemas.Date(20_000)
		for range rapid.IntRange(0, 40).Draw(t, "days") {
			day += schemas.Date(rapid.IntRange(1, 9).Draw(t, "gap"))
			lines := rapid.SliceOfN(drawnLine, 0, 6).Draw(t, "lines")
			u.Learn(day, lines)
			restarted.Learn(day, lines)
			var rest []byte
			var err error
			restarted, rest, err = DecodeUsual(append(restarted.Append(nil), 7))
			if err != nil || !bytes.Equal(rest, []byte{7}) || restarted != u {
				t.Fatalf("%+v, restarted %+v, %v", u, restarted, err)
			}
			if n := len(u.Append(nil)); n > 56 {
				t.Fatalf("%d bytes", n)
			}
		}
	})
}

func FuzzDecodeUsual(f *testing.F) {
	var u Usual
	f.Add(u.Append(nil))
	for i := range 30 {
		u.Learn(schemas.Date(20000+i), []Line{lineOf(float64(i), 2.5)})
	}
	f.Add(u.Append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		u, _, err := DecodeUsual(data)
		if err != nil {
			return
		}
		again, rest, err := DecodeUsual(u.Append(nil))
		if err != nil || len(rest) > 0 || again != u {
			t.Fatalf("%+v does not survive its own encoding: %+v, %v", u, again, err)
		}
		u.Learn(u.last+1, []Line{lineOf(3, 1)})
		u.Mark(u.last, lineOf(9, 1))
	})
}

package stream

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
		var r, restarted sizeRule
		var priors, again sitePriors
		day := schemas.Date(20_000)
		for range rapid.IntRange(0, 60).Draw(t, "sales") {
			d := drawnDay(t, day)
			day = d.Day
			var told, toldAgain []schemas.Date
			v := r.learn(d, priors.at(d.Day), priors.learning(), func(d schemas.Date, flag bool) { told = append(told, d) })
			w := restarted.learn(d, again.at(d.Day), again.learning(), func(d schemas.Date, flag bool) { toldAgain = append(toldAgain, d) })
			priors.close(day)
			again.close(day)
			var rest []byte
			var err error
			restarted, rest, err = decodeSizeRule(append(restarted.append(nil), 7))
			if err != nil || !bytes.Equal(rest, []byte{7}) {
				t.Fatalf("decode: %v, rest %v", err, rest)
			}
			if v != w || !slices.Equal(told, toldAgain) || !bytes.Equal(r.append(nil), restarted.append(nil)) {
				t.Fatalf("%+v, a restarted rule %+v", v, w)
			}
		}
	})
}

// The rule of a SKU that sells every day, with events, stays small.
func TestSizeRuleIsCompact(t *testing.T) {
	r, d := steadyRule()
	if n := len(r.append(nil)); n > 115 {
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
		most = max(most, len(r.append(nil)))
	}
	if len(r.events) < 3 || most > 150 {
		t.Errorf("%d bytes with %d events, want at most 150", most, len(r.events))
	}
}

func FuzzDecodeSizeRule(f *testing.F) {
	var r sizeRule
	f.Add(r.append(nil))
	for i, units := range []float64{200, 190, 230, 600, 650.5, 10000, 1e9} {
		r.sell(schemas.Date(20000+i), units)
		f.Add(r.append(nil))
	}
	f.Add([]byte("\x02\x00\x02\xea\x01000000\x010000700\x0100000")) // bits of no context
	steady, d := steadyRule()
	steady.sell(d, 5000)
	f.Add(steady.append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, _, err := decodeSizeRule(data)
		if err != nil {
			return
		}
		saved := r.append(nil)
		again, rest, err := decodeSizeRule(saved)
		if err != nil || len(rest) > 0 || !bytes.Equal(again.append(nil), saved) {
			t.Fatalf("does not survive its own encoding: %v", err)
		}
		for i := range 20 {
			r.learn(saleDay{Day: r.last.AddDays(i), Units: float64(1 + i*i*i)}, nil, nil, func(schemas.Date, bool) {})
		}
		if _, _, err := decodeSizeRule(r.append(nil)); err != nil {
			t.Fatalf("what was decoded learns what cannot be read: %v", err)
		}
	})
}

func TestUsualSurvivesItsEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var u, restarted usual
		day := schemas.Date(20_000)
		for range rapid.IntRange(0, 40).Draw(t, "days") {
			day += schemas.Date(rapid.IntRange(1, 9).Draw(t, "gap"))
			lines := rapid.SliceOfN(drawnLine, 0, 6).Draw(t, "lines")
			u.learn(day, lines)
			restarted.learn(day, lines)
			var rest []byte
			var err error
			restarted, rest, err = decodeUsual(append(restarted.append(nil), 7))
			if err != nil || !bytes.Equal(rest, []byte{7}) || restarted != u {
				t.Fatalf("%+v, restarted %+v, %v", u, restarted, err)
			}
			if n := len(u.append(nil)); n > 56 {
				t.Fatalf("%d bytes", n)
			}
		}
	})
}

func FuzzDecodeUsual(f *testing.F) {
	var u usual
	f.Add(u.append(nil))
	for i := range 30 {
		u.learn(schemas.Date(20000+i), []saleLine{lineOf(float64(i), 2.5)})
	}
	f.Add(u.append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		u, _, err := decodeUsual(data)
		if err != nil {
			return
		}
		again, rest, err := decodeUsual(u.append(nil))
		if err != nil || len(rest) > 0 || again != u {
			t.Fatalf("%+v does not survive its own encoding: %+v, %v", u, again, err)
		}
		u.learn(u.last+1, []saleLine{lineOf(3, 1)})
		u.mark(u.last, lineOf(9, 1))
	})
}

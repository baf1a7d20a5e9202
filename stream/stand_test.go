package stream

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

// What stands lies within the tolerance of what is expected, is the old figure wherever that does, and differs from what is
// expected no more than the old figure did. A tolerance of 0 is what is expected.
func TestNearestStands(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quantities := rapid.Map(rapid.Int64Range(0, 1e13), func(v int64) schemas.Quantity { return schemas.Quantity(v) })
		was, now := quantities.Draw(t, "was"), quantities.Draw(t, "now")
		share := rapid.Float64Range(0, schemas.MaxDemandTolerance).Draw(t, "share")
		got := nearest(was, now, share)
		low, high := quantity(now.Float()*(1-share)), quantity(now.Float()*(1+share))
		if got < low || got > high {
			t.Fatalf("%v of %v and %v is not within %v and %v", got, was, now, low, high)
		}
		if was >= low && was <= high && got != was {
			t.Fatalf("%v became %v beside %v", was, got, now)
		}
		if got != was && max(got-now, now-got) > max(was-now, now-was) {
			t.Fatalf("%v is further from %v than %v", got, now, was)
		}
		if nearest(got, now, share) != got {
			t.Fatalf("%v does not stand", got)
		}
		if nearest(was, now, 0) != now {
			t.Fatalf("without a tolerance %v is not %v", nearest(was, now, 0), now)
		}
	})
}

// stands is a site in which SKUs have been planned once.
type stands struct {
	s       *site
	periods []period
	skus    []*sku
}

func drawStands(t *rapid.T) *stands {
	b := &stands{s: &site{settings: DefaultSettings(), siteState: siteState{Today: 20003}}}
	b.s.settings.DemandTolerance = rapid.SampledFrom([]float64{0, .1, .4}).Draw(t, "tolerance")
	for i := range rapid.IntRange(1, 6).Draw(t, "periods") {
		b.periods = append(b.periods, period{Start: 20000 + schemas.Date(7*i), End: 20007 + schemas.Date(7*i)})
	}
	for _, name := range []string{"A", "B", "C"} {
		b.skus = append(b.skus, &sku{name: name, returns: never})
	}
	return b
}

// expect draws what is expected of each SKU.
func (b *stands) expect(t *rapid.T) (list []draftSKU) {
	figures := func(name string) (out []schemas.Quantity) {
		for _, v := range rapid.SliceOfN(rapid.Int64Range(0, 300), len(b.periods), len(b.periods)).Draw(t, name) {
			out = append(out, schemas.Quantity(v)*schemas.Unit)
		}
		return out
	}
	for _, k := range b.skus {
		e := draftSKU{k: k, demand: figures("demand"), safety: figures("safety")}
		e.low, e.high = slices.Clone(e.demand), slices.Clone(e.demand)
		list = append(list, e)
	}
	return list
}

// A plan that nothing was defined for keeps what stands; the current period, periods that a person has set, and all of a SKU that
// was defined anew are as expected, and so is everything without a tolerance. No safety stock is below what is asked. The order of
// SKUs does not count, and what is saved is read as it was.
func TestWhatStands(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawStands(t)
		first := b.expect(t)
		for i := range first {
			want := slices.Clone(first[i].demand)
			b.s.stand(&first[i], b.periods)
			if b.s.stands(&first[i], b.periods); !slices.Equal(first[i].demand, want) {
				t.Fatalf("the first plan has %v, want %v", first[i].demand, want)
			}
		}
		for _, k := range b.skus {
			saved := appendStanding(nil, k.standing)
			r := codec.Reader{Rest: saved}
			got := decodeStanding(&r)
			if r.Err != nil || len(r.Rest) > 0 || !slices.Equal(got, k.standing) || !bytes.Equal(appendStanding(nil, got), saved) {
				t.Fatalf("read %v of %v: %v", got, k.standing, r.Err)
			}
			k.standing = got
			if b.s.settings.DemandTolerance == 0 && (k.standing != nil || k.dirty) {
				t.Fatalf("without a tolerance %v is kept", k.standing)
			}
		}
		set, anew := -1, rapid.Bool().Draw(t, "defined anew")
		if rapid.Bool().Draw(t, "override") {
			set = rapid.IntRange(0, len(b.periods)-1).Draw(t, "set")
			o := override{}
			o.SKU, o.From, o.To = "A", b.periods[set].Start+2, b.periods[set].End-1
			b.s.Overrides = []override{o}
		}
		if anew {
			b.s.unsettle(b.skus[1])
		}
		second := b.expect(t)
		expected := make([]draftSKU, len(second))
		for i := range second {
			expected[i] = draftSKU{demand: slices.Clone(second[i].demand), safety: slices.Clone(second[i].safety)}
		}
		for _, i := range rapid.Permutation([]int{0, 1, 2}).Draw(t, "order") {
			b.s.stand(&second[i], b.periods)
		}
		share := b.s.settings.DemandTolerance
		for i := range second {
			e := &second[i]
			for p := range b.periods {
				demand, safety := expected[i].demand[p], expected[i].safety[p]
				if exact := p == 0 || i == 0 && p == set || i == 1 && anew; !exact {
					demand, safety = nearest(first[i].demand[p], demand, share), nearest(max(first[i].safety[p], safety), safety, share)
				}
				if e.safety[p] < expected[i].safety[p] {
					t.Fatalf("SKU %d, period %d: a safety stock of %v where %v is asked", i, p, e.safety[p], expected[i].safety[p])
				}
				if e.demand[p] != demand || e.safety[p] != safety {
					t.Fatalf("SKU %d, period %d: %v and %v, want %v and %v", i, p, e.demand[p], e.safety[p], demand, safety)
				}
				if e.low[p] > e.demand[p] || e.high[p] < e.demand[p] {
					t.Fatalf("SKU %d, period %d: %v is not within %v and %v", i, p, e.demand[p], e.low[p], e.high[p])
				}
			}
		}
	})
}

// Of a SKU that is defined while a plan is made, nothing of that plan stands.
func TestDefinedWhileAPlanIsMade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawStands(t)
		drawn := b.expect(t)
		for i := range drawn {
			b.s.stand(&drawn[i], b.periods)
		}
		b.s.unsettle(b.skus[2])
		for i := range drawn {
			b.s.stands(&drawn[i], b.periods)
			want := len(b.periods) - 1
			if i == 2 || b.s.settings.DemandTolerance == 0 {
				want = 0
			}
			if got := len(b.skus[i].standing); got != want {
				t.Fatalf("%d periods of %s stand, want %d", got, b.skus[i].name, want)
			}
		}
	})
}

// A tolerance outside 0 to .5 is refused by name.
func TestToleranceIsBounded(t *testing.T) {
	for _, share := range []float64{-.01, .51, math.NaN()} {
		_, err := DefaultSettings().With(&schemas.Policy{DemandTolerance: &share})
		if err == nil || !strings.HasPrefix(err.Error(), "stream: demand_tolerance: ") {
			t.Errorf("%g: %v", share, err)
		}
	}
	share := schemas.MaxDemandTolerance
	if s, err := DefaultSettings().With(&schemas.Policy{DemandTolerance: &share}); err != nil || s.DemandTolerance != share {
		t.Errorf("%g: %g, %v", share, s.DemandTolerance, err)
	}
}

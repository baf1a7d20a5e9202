package stream

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

// shop is a site with a known truth.
type shop struct {
	mean, phi float64                 // SKUs that sell on an open day: negative-binomial
	weekday   [7]float64              // share of the mean; 0: closed
	shut      func(schemas.Date) bool // beyond the weekdays
}

const shopDays = 1130

// run draws the shop's counts from day 20000 on.
func (o *shop) run(rng *rand.Rand) (counts []int, open []bool) {
	for d := schemas.Date(20000); d < 20000+shopDays; d++ {
		rate := o.mean * o.weekday[d.Weekday()]
		if o.shut != nil && o.shut(d) {
			rate = 0
		}
		n := 0
		if rate > 0 {
			n = draws(rng, rate*gamma(rng, o.phi))
		}
		counts, open = append(counts, n), append(open, rate > 0)
	}
	return counts, open
}

// gamma draws from the distribution of mean 1 and variance phi, by the rejection of G. Marsaglia and W. Tsang,
// "A simple method for generating gamma variables", 2000, for shapes of 1 and more.
func gamma(rng *rand.Rand, phi float64) float64 {
	if phi == 0 {
		return 1
	}
	d := 1/phi - 1./3
	for {
		x := rng.NormFloat64()
		v := math.Pow(1+x/math.Sqrt(9*d), 3)
		if v > 0 && math.Log(rng.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v * phi
		}
	}
}

func draws(rng *rand.Rand, mean float64) (n int) {
	for sum := rng.ExpFloat64(); sum < mean; sum += rng.ExpFloat64() {
		n++
	}
	return n
}

func noneDeclared(schemas.Date) bool { return false }

func judgeCounts(counts []int) survey {
	var a activity
	for i, n := range counts {
		for range n {
			a.add(20000+schemas.Date(i), 1)
		}
	}
	return a.judge(20000, 20000+schemas.Date(len(counts)), noneDeclared)
}

// Closed days are found and quiet ones are not taken for closed, over shops of many sizes.
func TestSilentDaysOfShops(t *testing.T) {
	all := [7]float64{1, 1, 1, 1, 1, 1, 1}
	noSundays := [7]float64{0, 1, 1, 1, 1, 1, 1}
	weekdays := [7]float64{0, 1, 1, 1, 1, 1, 0}
	holidays := func(d schemas.Date) bool { _, month, day := d.Civil(); return month%2 == 0 && day == 11 }
	vacation := func(d schemas.Date) bool { _, month, day := d.Civil(); return month == time.August && day <= 21 }
	for _, c := range []struct {
		name   string
		shop   shop
		found  float64 // least share of the closed days that are silent
		wrong  float64 // largest share of the empty open ones
		weekly [7]bool // learnt closing days
	}{
		{"busy, shut on Sundays and holidays", shop{200, .1, noSundays, holidays}, .99, .02, [7]bool{true}},
		{"middling, shut on weekends and holidays", shop{40, .1, weekdays, holidays}, .98, .02, [7]bool{true, 5: false, 6: true}},
		{"three sales a day, shut on Sundays", shop{3, 0, noSundays, nil}, .99, .02, [7]bool{true}},
		{"three sales a day, shut for three weeks in August", shop{3, 0, all, vacation}, .9, .02, [7]bool{}},
		{"five in baskets, shut on weekends", shop{5, .5, weekdays, nil}, .99, .02, [7]bool{true, 6: true}},
		{"one sale a day, shut on Sundays", shop{1, 0, noSundays, nil}, .9, .02, [7]bool{true}},
		{"one in three days, never shut", shop{1. / 3, 0, all, nil}, 0, .02, [7]bool{}},
		{"one sale a day, never shut", shop{1, 0, all, nil}, 0, .02, [7]bool{}},
		{"baskets, empty on one day in ten", shop{9, 1, all, nil}, 0, .02, [7]bool{}},
		{"baskets, empty on one day in fifty", shop{12, .5, all, nil}, 0, .02, [7]bool{}},
		// Until its first sale a Sunday looks closed.
		{"busy but for slow Sundays", shop{60, .1, [7]float64{.004, 1, 1, 1, 1, 1, 1}, nil}, 0, .07, [7]bool{}},
		{"busy in summer only", shop{20, .2, all, func(d schemas.Date) bool { _, m, _ := d.Civil(); return m < 5 || m > 9 }}, .97, .02, [7]bool{}},
	} {
		var closed, found, quiet, wrong, wrongWeekly int
		for seed := range uint64(20) {
			counts, open := c.shop.run(rand.New(rand.NewPCG(seed, 9)))
			v := judgeCounts(counts)
			for i := int(v.from - 20000); i < shopDays; i++ {
				silent := v.silent[20000+schemas.Date(i)-v.from]
				switch {
				case counts[i] > 0 && silent:
					t.Fatalf("%s: day %d sold %d and is silent", c.name, i, counts[i])
				case !open[i]:
					closed++
					found += int(flag(silent))
				case counts[i] == 0:
					quiet++
					wrong += int(flag(silent))
				}
			}
			wrongWeekly += int(flag(v.weekly != c.weekly))
		}
		t.Logf("%s: %d of %d closed days silent, %d of %d quiet ones; weekly wrong in %d of 20", c.name, found, closed, wrong, quiet, wrongWeekly)
		if closed > 0 && float64(found) < c.found*float64(closed) {
			t.Errorf("%s: %d of %d closed days found", c.name, found, closed)
		}
		if float64(wrong) > c.wrong*float64(quiet) || wrongWeekly > 1 {
			t.Errorf("%s: %d of %d quiet days taken for closed, weekly closing days wrong in %d of 20", c.name, wrong, quiet, wrongWeekly)
		}
	}
}

// The first sale on a learnt closing day ends it at once, and opens no other week.
func TestASaleEndsALearntClosingDay(t *testing.T) {
	var a activity
	today := schemas.Date(20000 + 70)
	for d := schemas.Date(20000); d < today; d++ {
		if d.Weekday() != time.Sunday {
			for range 20 {
				a.add(d, 1)
			}
		}
	}
	for today.Weekday() != time.Sunday {
		for range 20 {
			a.add(today, 1)
		}
		today++
	}
	sundays := func(v survey) (n int) {
		for i, silent := range v.silent {
			if silent {
				n++
				if (v.from + schemas.Date(i)).Weekday() != time.Sunday {
					t.Errorf("%v is silent", v.from+schemas.Date(i))
				}
			}
		}
		return n
	}
	v := a.judge(20000, today, noneDeclared)
	before := sundays(v)
	if !v.weekly[time.Sunday] || before < 10 {
		t.Fatalf("learnt %v, %d Sundays silent", v.weekly, before)
	}
	a.add(today, 1)
	if v := a.judge(20000, today, noneDeclared); v.weekly[time.Sunday] || sundays(v) != before {
		t.Errorf("after a sale on the open day: learnt %v, %d Sundays silent", v.weekly, sundays(v))
	}
	a.add(today, -1)
	a.add(today-7, 1)
	if v := a.judge(20000, today, noneDeclared); v.weekly[time.Sunday] || sundays(v) != before-1 {
		t.Errorf("after a late sale of the last Sunday: learnt %v, %d Sundays silent", v.weekly, sundays(v))
	}
	a.add(today-7, -1)
	declared := func(d schemas.Date) bool { return d.Weekday() == time.Sunday && d > today-70 }
	if v := a.judge(20000, today, declared); v.weekly[time.Sunday] {
		t.Error("Sundays that a calendar has closed teach a weekly closing day")
	}
}

// Counts say the same in whatever order they came and however often they were taken back.
func TestActivityHasNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 120).Draw(t, "counts")
		weekday := time.Weekday(rapid.IntRange(0, 6).Draw(t, "closed"))
		var changes []schemas.Date
		for i := range counts {
			d := 20000 + schemas.Date(i)
			if d.Weekday() == weekday {
				counts[i] = 0
			}
			for range counts[i] {
				changes = append(changes, d)
			}
		}
		var shuffled activity
		for _, d := range rapid.Permutation(changes).Draw(t, "order") {
			shuffled.add(d, 1)
			if rapid.IntRange(0, 9).Draw(t, "again") == 0 {
				shuffled.add(d, 1)
				shuffled.add(d, -1)
			}
		}
		today := 20000 + schemas.Date(len(counts))
		want, got := judgeCounts(counts), shuffled.judge(20000, today, noneDeclared)
		if got.from != want.from || got.weekly != want.weekly || !slices.Equal(got.silent, want.silent) {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

func BenchmarkSurvey(b *testing.B) {
	counts, _ := (&shop{200, .1, [7]float64{0, 1, 1, 1, 1, 1, 1}, nil}).run(rand.New(rand.NewPCG(1, 1)))
	a := activity{skus: map[schemas.Date]int{}}
	for i, n := range counts {
		a.skus[20000+schemas.Date(i)] = n
	}
	b.ReportAllocs()
	for b.Loop() {
		a.judge(20000, 20000+shopDays, noneDeclared)
	}
}

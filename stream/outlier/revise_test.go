package outlier

import (
	"maps"
	"math"
	"slices"
	"testing"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

// flagsOf are the flags that hold in the end when sales come one a day.
func flagsOf(units ...float64) (flagged []int) {
	var r Rule
	const first = schemas.Date(20_000)
	flags := make([]bool, len(units))
	for i, u := range units {
		flags[i] = r.Learn(Day{Day: first.AddDays(i), Units: u}, nil, nil, func(d schemas.Date, flag bool) {
			flags[d-first] = flag
		}).Flag
	}
	for i, flag := range flags {
		if flag {
			flagged = append(flagged, i)
		}
	}
	return flagged
}

func around(level float64, n int) []float64 {
	units := make([]float64, n)
	for i := range units {
		units[i] = math.Round(level * (1 + .1*math.Sin(float64(i)*2.3)))
	}
	return units
}

func TestRevise(t *testing.T) {
	for _, c := range []struct {
		name    string
		units   []float64
		flagged []int
	}{
		{"nothing is wrong", around(100, 60), nil},
		{"an error among many", slices.Concat(around(100, 30), []float64{5000}, around(100, 20)), []int{30}},
		{"an error at the very end", slices.Concat(around(100, 30), []float64{5000}), []int{30}},
		{"the first sale", slices.Concat([]float64{5000}, around(100, 20)), []int{0}},
		{"the first sale, before anything tells", []float64{5000, 100, 100}, nil},
		{"the second sale", slices.Concat([]float64{100, 5000}, around(100, 20)), []int{1}},
		{"a new level is believed", slices.Concat(around(100, 30), around(1000, 30)), nil},
		{"two errors apart", slices.Concat(around(100, 30), []float64{5000}, around(100, 4), []float64{4000}, around(100, 10)), []int{30, 35}},
	} {
		if flagged := flagsOf(c.units...); !slices.Equal(flagged, c.flagged) {
			t.Errorf("%s: flagged %v, want %v", c.name, flagged, c.flagged)
		}
	}
}

// Two errors in a row are held although the sales after them are those of a declared event, which say nothing: the second
// does not vouch for the first.
func TestErrorsBeforeAnEventStayHeld(t *testing.T) {
	for _, errors := range []float64{500, 5000, 60_000} {
		for silent := range 8 {
			var r Rule
			flags := map[schemas.Date]bool{}
			day := schemas.Date(20_000)
			sell := func(units float64, declared bool) {
				day++
				flags[day] = r.Learn(Day{Day: day, Units: units, Declared: declared}, nil, nil, func(d schemas.Date, flag bool) {
					flags[d] = flag
				}).Flag
			}
			for _, u := range around(10, 20) {
				sell(u, false)
			}
			first := day + 1
			sell(errors, false)
			sell(errors, false)
			for n, u := range around(10, 20) {
				sell(u, n < silent)
				if !flags[first] || !flags[first+1] {
					t.Fatalf("%v, with %d sales of an event after it: held %v and %v once %d are known", errors, silent, flags[first], flags[first+1], n+1)
				}
			}
		}
	}
}

// drawnDay is a day as the rule may get it, on or after a day.
func drawnDay(t *rapid.T, day schemas.Date) Day {
	d := Day{
		Day: day.AddDays(rapid.SampledFrom([]int{1, 1, 1, 2, 7, 400}).Draw(t, "gap")),
		Units: rapid.OneOf(
			rapid.Float64Range(1, 20),
			rapid.SampledFrom([]float64{1, 2, 3, 4, 5, 6, 90, 120, 300, 5000, 1e-6, 9e12, 0, -1, math.NaN(), math.Inf(1)}),
		).Draw(t, "units"),
		Context: Context(rapid.IntRange(0, int(contexts)-1).Draw(t, "context")),
	}
	switch rapid.IntRange(0, 19).Draw(t, "kind") {
	case 0:
		d.Declared = true
	case 1:
		d.Review = Accepted
	case 2:
		d.Review = Rejected
	}
	return d
}

// Who follows the calls, or asks for the ring at the end, knows the flag of every sale, also when the sales
// are learnt by two copies, one after the other; a reviewed sale keeps the verdict of the person.
func TestReviseTellsEveryFlag(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Rule
		told, reviewed := map[schemas.Date]bool{}, map[schemas.Date]bool{}
		left := map[schemas.Date]bool{} // sales that have left the ring
		day := schemas.Date(20_000)
		for range rapid.IntRange(0, 60).Draw(t, "sales") {
			d := drawnDay(t, day)
			day = d.Day
			before := map[schemas.Date]bool{}
			r.Each(func(d schemas.Date, flag bool) { before[d] = flag })
			v := r.Learn(d, nil, nil, func(of schemas.Date, flag bool) {
				if _, ok := before[of]; !ok || left[of] || of >= d.Day {
					t.Fatalf("told of %v, which is not in the ring", of)
				}
				told[of] = flag
			})
			if !Judged(d.Units) {
				continue
			}
			told[d.Day] = v.Flag
			if d.Review != Unreviewed {
				reviewed[d.Day] = d.Review == Rejected
			}
			now := map[schemas.Date]bool{}
			last := schemas.Date(math.MinInt32)
			r.Each(func(d schemas.Date, flag bool) {
				if d <= last {
					t.Fatalf("%v after %v", d, last)
				}
				last, now[d] = d, flag
			})
			for d, flag := range now {
				if told[d] != flag {
					t.Fatalf("%v is flagged %v, told %v", d, flag, told[d])
				}
			}
			for d := range before {
				if _, ok := now[d]; !ok {
					left[d] = true
				}
			}
			if len(now) != min(len(before)+1, reviseLast) {
				t.Fatalf("%d sales in the ring after %d", len(now), len(before))
			}
		}
		for d, flag := range reviewed {
			if told[d] != flag {
				t.Fatalf("a review of %v says %v, the rule %v", d, flag, told[d])
			}
		}
	})
}

// A copy goes its own way: what it learns does not reach the original, nor the other way round, and a
// history that is replayed on it gives the same flags.
func TestSizeRuleCopiesAreIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var settled Rule
		day := schemas.Date(20_000)
		var days []Day
		for range rapid.IntRange(0, 40).Draw(t, "sales") {
			d := drawnDay(t, day)
			day = d.Day
			days = append(days, d)
		}
		from := rapid.IntRange(0, len(days)).Draw(t, "settled")
		learn := func(r *Rule, days []Day, told map[schemas.Date]bool) {
			for _, d := range days {
				v := r.Learn(d, nil, nil, func(of schemas.Date, flag bool) { told[of] = flag })
				if Judged(d.Units) {
					told[d.Day] = v.Flag
				}
			}
		}
		flags := map[schemas.Date]bool{}
		learn(&settled, days[:from], flags)
		before := string(settled.Append(nil))
		all := maps.Clone(flags)
		live := settled
		learn(&live, days[from:], all)
		if string(settled.Append(nil)) != before {
			t.Fatal("the copy has taught the original")
		}
		again := settled
		replayed := maps.Clone(flags)
		learn(&again, days[from:], replayed)
		if string(again.Append(nil)) != string(live.Append(nil)) || !maps.Equal(all, replayed) {
			t.Fatal("a second copy has come to something else")
		}
		end := string(live.Append(nil))
		for range 2 * eventsMost {
			live.remember(day, 7)
		}
		if string(again.Append(nil)) != end || string(settled.Append(nil)) != before {
			t.Fatal("events of one copy are those of another")
		}
	})
}

// Judging changes nothing, and what it says is what learning says.
func TestOutlierJudgeIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Rule
		day := schemas.Date(20_000)
		for range rapid.IntRange(0, 40).Draw(t, "sales") {
			d := drawnDay(t, day)
			day = d.Day
			before := string(r.Append(nil))
			v := r.Judge(d, nil)
			if string(r.Append(nil)) != before {
				t.Fatal("judge has changed the rule")
			}
			if v.Flag && r.sales >= coldSales && d.Review == Unreviewed && !(v.Ratio > d.ratio() && v.Score > scoresOf[d.Context].gross) {
				t.Fatalf("flagged without being gross: %+v", v)
			}
			unknown := d
			unknown.Context = ContextUnknown
			if w := r.Judge(unknown, nil); !w.Suspect && w != v {
				t.Fatalf("%+v without the context, %+v with it", w, v)
			}
			if learnt := r.Learn(d, nil, nil, nil); learnt != v {
				t.Fatalf("judged %+v, learnt %+v", v, learnt)
			}
			if e := r.expected(d.Day); math.IsNaN(e) || math.IsInf(e, 0) {
				t.Fatalf("expects %v", e)
			}
		}
	})
}

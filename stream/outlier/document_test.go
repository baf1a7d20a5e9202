package outlier

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

var drawnLine = rapid.Custom(func(t *rapid.T) Line {
	return lineOf(
		rapid.SampledFrom([]float64{0, 1e-6, 1, 2, 12, 48, 600, 9e12, math.NaN()}).Draw(t, "units"),
		rapid.SampledFrom([]float64{0, -1, 1e-9, .85, 2.1, 2.55, 1e30, math.Inf(1), math.NaN()}).Draw(t, "price"),
	)
})

// Lines of a day come in any order, and a mark depends on the lines up to the day's prior day alone.
func TestUsualDependsOnTheDaysAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var u, shuffled Usual
		marks := map[schemas.Date]Mark{}
		line := drawnLine.Draw(t, "line")
		for settled := schemas.Date(20_000); settled < 20_060; settled++ {
			lines := rapid.SliceOfN(drawnLine, 0, 3).Draw(t, "lines")
			u.Learn(settled, lines)
			slices.Reverse(lines)
			shuffled.Learn(settled, lines)
			if u != shuffled {
				t.Fatalf("%+v, in another order %+v", u, shuffled)
			}
			for day := settled; day <= settled+9; day++ {
				m := u.Mark(day, line)
				if before, ok := marks[day]; ok && before != m {
					t.Fatalf("a line of %v was marked %b, then %b", day, before, m)
				}
				marks[day] = m
				if m&markCheap != 0 && m&markPrice == 0 || m >= markClass && m&markSize == 0 || m > markMost {
					t.Fatalf("mark %b", m)
				}
			}
		}
	})
}

// The usual line is the middle of ordinary lines; absurd ones among them hardly move it.
func TestUsualLine(t *testing.T) {
	var u Usual
	rng := rand.New(rand.NewPCG(1, 9))
	for day := range schemas.Date(100) {
		lines := []Line{lineOf(12, 2.55), lineOf(math.Ceil(12*math.Exp(.5*rng.NormFloat64())), 2.55)}
		if day%10 == 9 {
			lines = append(lines, lineOf(74215, 1.04))
		}
		if day == 2 && u.Mark(day+20, lines[0]) != 0 {
			t.Error("four lines are no usual one")
		}
		u.Learn(day, lines)
	}
	for _, c := range []struct {
		line  Line
		cheap bool
		class [2]int // least, most
	}{
		{lineOf(12, 2.55), false, [2]int{0, 0}},
		{lineOf(24, 2.4), false, [2]int{0, 1}},
		{lineOf(48, 2.1), true, [2]int{2, 3}},
		{lineOf(600, 2.55), false, [2]int{9, 10}},
		{lineOf(1e9, 9), false, [2]int{15, 15}},
	} {
		m := u.Mark(200, c.line)
		if m&markPrice == 0 || m&markSize == 0 || (m&markCheap != 0) != c.cheap || m.class() < c.class[0] || m.class() > c.class[1] {
			t.Errorf("%+v: mark %b, class %d; want cheap %v, class %v", c.line, m, m.class(), c.cheap, c.class)
		}
	}
	if m := u.Mark(200, lineOf(12, 0)); m&markPrice != 0 {
		t.Errorf("a line without price is marked %b", m)
	}
	if m := u.Mark(20, lineOf(12, 2.55)); m != 0 {
		t.Errorf("a line before all that is kept is marked %b", m)
	}
}

func markOf(class int, price Mark) Mark { return markSize | Mark(class)*markClass | price }

func TestDocumentContext(t *testing.T) {
	const cheap = markPrice | markCheap
	for _, c := range []struct {
		name   string
		own    Mark
		others []Mark
		want   Context
	}{
		{"nothing is known", 0, nil, ContextUnknown},
		{"only the size is known", markOf(9, 0), nil, ContextUnknown},
		{"a day of many lines, none of them large", markOf(4, markPrice), []Mark{markOf(0, 0)}, ContextBulk},
		{"alone at the usual price", markOf(9, markPrice), nil, ContextMixed},
		{"alone at a low price", markOf(9, cheap), nil, ContextBulk},
		{"among ordinary lines", markOf(9, markPrice), []Mark{markOf(0, 0), markOf(1, 0), markOf(5, 0)}, ContextPlain},
		{"among ordinary lines, without a price", markOf(9, 0), []Mark{markOf(0, 0)}, ContextPlain},
		{"among ordinary lines at a low price", markOf(9, cheap), []Mark{markOf(0, 0), markOf(1, 0), markOf(5, 0)}, ContextMixed},
		{"among large lines", markOf(9, markPrice), []Mark{markOf(0, 0), markOf(4, 0)}, ContextBulk},
		{"far above large lines", markOf(12, markPrice), []Mark{markOf(0, 0), markOf(4, 0)}, ContextPlain},
		{"among lines that nothing is known of", markOf(9, 0), []Mark{0, 0}, ContextUnknown},
		{"without a usual size, among large lines", 0, []Mark{markOf(3, 0)}, ContextBulk},
		{"without a usual size, among ordinary lines", cheap, []Mark{markOf(0, 0)}, ContextUnknown},
	} {
		var d Documents
		for _, m := range c.others {
			d.Add(7, 100, m)
		}
		d.Add(7, 100, c.own)
		d.Add(7, 101, markOf(15, 0)) // another day
		d.Add(8, 100, markOf(15, 0)) // another document
		if got := d.Context(7, 100, c.own); got != c.want {
			t.Errorf("%s: context %d, want %d", c.name, got, c.want)
		}
	}
}

// Lines come and go in any order: the context is that of the lines that stand, those of expired days
// excepted, as a plain count over them finds it.
func TestDocumentsAgreeWithTheirLines(t *testing.T) {
	type line struct {
		document uint64
		day      schemas.Date
		mark     Mark
	}
	draw := rapid.Custom(func(t *rapid.T) line {
		m := Mark(rapid.IntRange(0, int(markMost)).Draw(t, "mark"))
		if m&markSize == 0 {
			m &= markClass - 1
		}
		return line{uint64(rapid.IntRange(0, 2).Draw(t, "document")), schemas.Date(rapid.IntRange(100, 102).Draw(t, "day")), m}
	})
	rapid.Check(t, func(t *rapid.T) {
		var d Documents
		var standing []line
		watched := map[line][]uint32{} // by document and day
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			l := draw.Draw(t, "line")
			key := line{document: l.document, day: l.day}
			var told []uint32
			switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
			case kind < 6 || len(standing) == 0:
				told = d.Add(l.document, l.day, l.mark)
				standing = append(standing, l)
			case kind < 8:
				i := rapid.IntRange(0, len(standing)-1).Draw(t, "which")
				l = standing[i]
				key = line{document: l.document, day: l.day}
				told = d.Remove(l.document, l.day, l.mark)
				standing = slices.Delete(standing, i, i+1)
			case kind == 8:
				sku := uint32(rapid.IntRange(0, 3).Draw(t, "sku"))
				d.Watch(l.document, l.day, sku)
				if l.document != 0 && !slices.Contains(watched[key], sku) {
					watched[key] = append(watched[key], sku)
					slices.Sort(watched[key])
				}
				continue
			default:
				d.Expire(l.day)
				standing = slices.DeleteFunc(standing, func(s line) bool { return s.day < l.day })
				for k := range watched {
					if k.day < l.day {
						delete(watched, k)
					}
				}
				continue
			}
			if !slices.Equal(told, watched[key]) {
				t.Fatalf("%v watch, want %v", told, watched[key])
			}
		}
		for i, own := range standing {
			var classes []int
			for j, l := range standing {
				if j != i && l.document == own.document && l.day == own.day && l.mark&markSize != 0 && own.document != 0 {
					classes = append(classes, l.mark.class())
				}
			}
			slices.Sort(classes)
			class, ok := d.others(own.document, own.day, own.mark)
			if ok != (len(classes) > 0) || ok && class != classes[len(classes)/2] {
				t.Fatalf("others of %+v: %d, %v; their classes are %v", own, class, ok, classes)
			}
		}
	})
}

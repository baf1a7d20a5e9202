package outlier

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"drumbeat/schemas"
)

// retailDay is what a SKU sold on a day, by line.
type retailDay struct {
	sku   string
	date  schemas.Date
	lines []retailLine
}

type retailLine struct {
	Units, price float64
	document     uint64
}

func (l retailLine) line() Line { return lineOf(l.Units, l.price) }

func (d *retailDay) units() float64 {
	sum := 0.0
	for _, l := range d.lines {
		sum += l.Units
	}
	return sum
}

// retailRun is what the rule made of the web shop's days.
type retailRun struct{ once, final []bool }

// judgeRetail feeds the days in their order, as a site does whose lines never come late; spoiled is the
// line of each day that is multiplied by factor, nil for none at all.
func judgeRetail(days []retailDay, spoiled []int, factor float64, withContext bool) retailRun {
	run := retailRun{once: make([]bool, len(days)), final: make([]bool, len(days))}
	site := newSiteRules()
	usuals := map[string]*Usual{}
	places := map[string]map[schemas.Date]int{}
	for from := 0; from < len(days); {
		to := from
		for to < len(days) && days[to].date == days[from].date {
			to++
		}
		today := days[from:to]
		var docs Documents
		marks := make([]Mark, len(today)) // of the largest line of each day
		largest := make([]int, len(today))
		lines := make([][]retailLine, len(today))
		for i := range today {
			d := &today[i]
			u := usuals[d.sku]
			if u == nil {
				u = new(Usual)
				usuals[d.sku] = u
				places[d.sku] = map[schemas.Date]int{}
			}
			for j, l := range d.lines {
				if spoiled != nil && (j == spoiled[from+i] || spoiled[from+i] == wholeDay) {
					l.Units *= factor
				}
				lines[i] = append(lines[i], l)
				m := u.Mark(d.date, l.line())
				docs.Add(l.document, d.date, m)
				if j == 0 || l.Units > lines[i][largest[i]].Units {
					largest[i], marks[i] = j, m
				}
			}
			var learnt []Line
			for _, l := range lines[i] {
				learnt = append(learnt, l.line())
			}
			u.Learn(d.date, learnt)
		}
		for i := range today {
			d, n := &today[i], from+i
			day := Day{Day: d.date}
			for _, l := range lines[i] {
				day.Units += l.Units
			}
			if withContext && site.rule(d.sku).Judge(day, site.priors.At(d.date)).Suspect {
				day.Context = docs.Context(d.lines[largest[i]].document, d.date, marks[i])
			}
			places[d.sku][d.date] = n
			v := site.learn(d.sku, day, func(on schemas.Date, flag bool) { run.final[places[d.sku][on]] = flag })
			run.once[n], run.final[n] = v.Flag, v.Flag
		}
		from = to
	}
	return run
}

// retailFile is half a year of a web shop: see the README of ../shared/data.
const retailFile = "../../../shared/data/online_retail_2010-12_2011-06.csv.gz"

// retailRows are the rows of the file, without its head.
func retailRows(t testing.TB) [][]string {
	t.Helper()
	file, err := os.Open(retailFile)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("%s is not here: the data set is no part of the repository", retailFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(unzipped).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// onlineRetail reads the sales of products by SKU and day, in the order of days.
func onlineRetail(t testing.TB) []retailDay {
	type key struct {
		sku  string
		date schemas.Date
	}
	at := map[key]int{}
	var days []retailDay
	for _, row := range retailRows(t) {
		sku, quantity := row[1], float(t, row[3])
		if quantity <= 0 || len(sku) < 5 || sku[0] < '0' || sku[0] > '9' {
			continue
		}
		sku, err := schemas.CanonicalSKU(sku)
		if err != nil {
			t.Fatal(err)
		}
		when, err := schemas.ParseInstant(row[4])
		if err != nil {
			t.Fatal(err)
		}
		d := schemas.DateOf(when.In(time.UTC))
		i, ok := at[key{sku, d}]
		if !ok {
			i = len(days)
			at[key{sku, d}] = i
			days = append(days, retailDay{sku: sku, date: d})
		}
		h := fnv.New64a()
		h.Write([]byte(row[0]))
		days[i].lines = append(days[i].lines, retailLine{quantity, float(t, row[5]), h.Sum64()})
	}
	slices.SortStableFunc(days, func(a, b retailDay) int { return int(a.date) - int(b.date) })
	return days
}

// busiest are the n SKUs with most sale days.
func busiest(days []retailDay, n int) map[string]bool {
	sales := map[string]int{}
	for i := range days {
		sales[days[i].sku]++
	}
	skus := make([]string, 0, len(sales))
	for sku := range sales {
		skus = append(skus, sku)
	}
	slices.SortFunc(skus, func(a, b string) int {
		if sales[a] != sales[b] {
			return sales[b] - sales[a]
		}
		if a < b {
			return -1
		}
		return 1
	})
	top := map[string]bool{}
	for _, sku := range skus[:n] {
		top[sku] = true
	}
	return top
}

// wholeDay stands for a day of which all lines are multiplied, noLine for one of which none is.
const (
	noLine   = -1
	wholeDay = math.MaxInt
)

// spoilLines chooses a random line, or all of them, on about one of 200 sale days.
func spoilLines(days []retailDay, seed uint64, whole bool) []int {
	rng := rand.New(rand.NewPCG(seed, 7))
	spoiled := make([]int, len(days))
	for i := range days {
		spoiled[i] = noLine
		if rng.Float64() < .005 {
			spoiled[i] = rng.IntN(len(days[i].lines))
			if whole {
				spoiled[i] = wholeDay
			}
		}
	}
	return spoiled
}

func (r *retailRun) found(spoiled []int, in func(i int) bool) (once, final, all int) {
	for i, line := range spoiled {
		if line == noLine || !in(i) {
			continue
		}
		all++
		if r.once[i] {
			once++
		}
		if r.final[i] {
			final++
		}
	}
	return once, final, all
}

// Half a year of a web shop: few sale days of its busiest SKUs are flagged, and errors put on it are found.
// Nobody knows which of its own days are errors, so every flag counts as false.
func TestOutlierRuleOnOnlineRetail(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	days := onlineRetail(t)
	top := busiest(days, 300)
	everywhere := func(int) bool { return true }
	for _, c := range []struct {
		name                  string
		context               bool
		once, final, units    float64 // most, of 1,000 sale days and of 100 units
		lines, wholes, absurd float64 // least recall in the end: x50 of a line, x50 of a day, x1000 of a line
	}{
		{"units alone", false, 3, 2.5, 4, .42, .55, .94},
		{"with document and price", true, 2.5, 1, 2.5, .68, .8, .98},
	} {
		run := judgeRetail(days, nil, 1, c.context)
		var once, final, all int
		var units, held float64
		for i := range days {
			d := &days[i]
			if d.sku == "23166" && d.units() > 74000 && !run.once[i] {
				t.Errorf("%s: the order of 74,215 is not flagged at once", c.name)
			}
			if !top[d.sku] {
				continue
			}
			all++
			units += d.units()
			if run.once[i] {
				once++
			}
			if run.final[i] {
				final++
				held += d.units()
			}
		}
		rate := func(n int) float64 { return 1000 * float64(n) / float64(all) }
		t.Logf("%s: of 1,000 sale days of the top 300, %.2f flagged at once, %.2f in the end with %.1f %% of the units", c.name, rate(once), rate(final), 100*held/units)
		if rate(once) > c.once || rate(final) > c.final || held > c.units/100*units {
			t.Errorf("%s: too many flags", c.name)
		}
		for _, e := range []struct {
			name   string
			factor float64
			whole  bool
			seeds  uint64
			least  float64
		}{{"x50 of a line", 50, false, 6, c.lines}, {"x50 of a day", 50, true, 2, c.wholes}, {"x1000 of a line", 1000, false, 2, c.absurd}} {
			var once, final, all, topFinal, topAll int
			for seed := range e.seeds {
				spoiled := spoilLines(days, seed, e.whole)
				run := judgeRetail(days, spoiled, e.factor, c.context)
				o, f, n := run.found(spoiled, everywhere)
				once, final, all = once+o, final+f, all+n
				_, f, n = run.found(spoiled, func(i int) bool { return top[days[i].sku] })
				topFinal, topAll = topFinal+f, topAll+n
			}
			recall := float64(final) / float64(all)
			t.Logf("%s: %s on %d days, found %.3f at once, %.3f in the end; %.3f of the top 300", c.name, e.name, all, float64(once)/float64(all), recall, float64(topFinal)/float64(topAll))
			if recall < e.least {
				t.Errorf("%s: %s found %.3f, want %.2f", c.name, e.name, recall, e.least)
			}
		}
	}
}

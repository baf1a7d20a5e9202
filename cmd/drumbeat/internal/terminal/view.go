package terminal

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"drumbeat/schemas"
)

// View is what a person sees of a site: the sales that come in, what became of them, what will be sold,
// what will be made, and how good that plan is. Parts that are not known yet are left empty.
type View struct {
	Title     string // "demo: three SKUs, one factory"
	Feed      Feed
	Audit     Audit
	Forecasts []Forecast     // empty: taken from Lines
	Head      *schemas.Head  // nil: no plan yet
	Lines     []schemas.Line // of the whole plan
	Latency   Latency
	Accuracy  []Accuracy // by horizon; empty: no window has closed
	Notes     []string   // below everything: where to look, what to press

	// MaxPeriods and MaxSKUs limit the rows of the plan and the SKUs that are shown one by one; zero
	// shows 13 periods and 8 SKUs.
	MaxPeriods, MaxSKUs int

	density density
}

// Feed is how the sales come in.
type Feed struct {
	Events int64   // read so far
	Total  int64   // of the whole input; 0: not known
	Rate   float64 // events a second
	Lag    int64   // events that wait
	Day    string  // the site's day, "" before the first sale
	Idle   bool    // nothing is coming
}

// Audit counts what became of the events: Read = Kept + Flagged + Rejected + Duplicate. Repaired ones
// are among Kept or Flagged.
type Audit struct {
	Read      int64 `json:"read"`
	Kept      int64 `json:"kept"`
	Flagged   int64 `json:"flagged"`
	Rejected  int64 `json:"rejected"`
	Duplicate int64 `json:"duplicate"`
	Repaired  int64 `json:"repaired"`

	ByReason map[string]int64 `json:"by_reason"` // of rejections, flags and repairs
}

// Forecast is the demand expected of one SKU, by period.
type Forecast struct {
	SKU   string    `json:"sku"`
	Model string    `json:"model,omitempty"`
	Mean  []float64 `json:"mean"`
	Low   []float64 `json:"low"` // 80 % interval
	High  []float64 `json:"high"`
}

// Latency is the time from a sale to the plan that covers it.
type Latency struct {
	Last, Median, P99 time.Duration

	Plans int // revisions measured
}

// Frame draws the whole view, cut to a width of columns.
func (v *View) Frame(s Style, columns int) []string {
	f := frame{style: s, columns: columns, dense: v.density >= noGaps}
	v.top(&f)
	v.feed(&f)
	v.audit(&f)
	if v.density < noForecast {
		v.forecast(&f)
	}
	if v.Head != nil {
		v.plan(&f)
		v.resources(&f)
		v.shortages(&f)
		v.infeasible(&f)
		v.result(&f)
	}
	v.accuracy(&f)
	if len(v.Notes) > 0 {
		f.gap()
		for _, note := range v.Notes {
			f.add(s.Ink(Dim, note))
		}
	}
	for i, line := range f.lines {
		f.lines[i] = s.cut(line, columns)
	}
	return f.lines
}

// Fit draws the view into a number of rows, as far as that is possible: it shows fewer periods and SKUs,
// then leaves out the lines between the parts, then the forecast. The totals stay.
func (v *View) Fit(s Style, columns, rows int) []string {
	var lines []string
	for _, step := range []struct {
		dense         density
		periods, skus int
	}{{airy, v.maxPeriods(), v.maxSKUs()}, {airy, 6, 3}, {noGaps, 6, 3}, {noForecast, 6, 3}, {noForecast, 3, 3}} {
		small := *v
		small.density, small.MaxSKUs = step.dense, min(step.skus, v.maxSKUs())
		// The periods take what is left of the rows, but not fewer than the step allows.
		for small.MaxPeriods = v.maxPeriods(); ; small.MaxPeriods-- {
			if lines = small.Frame(s, columns); len(lines) <= rows {
				return lines
			}
			if small.MaxPeriods <= step.periods {
				break
			}
		}
	}
	return lines
}

// density is how much a frame leaves out.
type density int

const (
	airy density = iota
	noGaps
	noForecast
)

// Summary is the view in one line.
func (v *View) Summary() string {
	line := fmt.Sprintf("%s events read", Count(v.Audit.Read))
	if v.Feed.Total > 0 {
		line = fmt.Sprintf("%s of %s", line[:len(line)-len(" events read")], Count(v.Feed.Total)) + " events read"
	}
	if a := v.Audit; a.Read > 0 {
		line += fmt.Sprintf(", %s kept, %s flagged, %s rejected, %s duplicate", Count(a.Kept), Count(a.Flagged), Count(a.Rejected), Count(a.Duplicate))
	}
	if v.Head == nil {
		return line + "; no plan yet"
	}
	line += fmt.Sprintf("; revision %d %s, cost %s", v.Head.Revision, v.Head.Status, Amount(v.Head.Cost.Total))
	if v.Head.ShortageTotal > 0 {
		line += ", short of " + quantity(v.Head.ShortageTotal)
	}
	if v.Latency.Plans > 0 {
		line += ", " + Duration(v.Latency.Last) + " after the sale"
	}
	return line
}

// frame collects lines.
type frame struct {
	style   Style
	columns int
	dense   bool // without lines between the parts
	lines   []string
}

func (f *frame) add(line string) { f.lines = append(f.lines, line) }

func (f *frame) gap() {
	if !f.dense {
		f.lines = append(f.lines, "")
	}
}

// section begins a part of the view: a rule with a title and a note at its end.
func (f *frame) section(title, note string) {
	s := f.style
	dash := s.pick("─", "-")
	if note != "" {
		note = " " + note + " "
	}
	fill := max(0, f.columns-width(title)-width(note)-6)
	f.gap()
	f.add(s.Ink(Dim, strings.Repeat(dash, 2)) + " " + s.Ink(Bold, title) + " " +
		s.Ink(Dim, strings.Repeat(dash, fill)+note+strings.Repeat(dash, 2)))
}

func (v *View) top(f *frame) {
	left := f.style.Ink(Bold, v.Title)
	if v.Head == nil {
		f.add(left)
		return
	}
	ink := Good
	if v.Head.Status != schemas.PlanOptimal || v.Head.ShortageTotal > 0 {
		ink = Bad
	}
	status := string(v.Head.Status)
	if v.Head.ShortageTotal > 0 {
		status += ", with shortages"
	}
	right := fmt.Sprintf("revision %s  %s", Count(v.Head.Revision), f.style.Ink(ink, status))
	f.add(left + pad(right, max(width(right)+2, f.columns-width(left)), true))
}

func (v *View) feed(f *frame) {
	s := f.style
	note := ""
	if v.Feed.Day != "" {
		note = v.Feed.Day
	}
	f.section("sales", note)
	line := Count(v.Feed.Events) + " events"
	if v.Feed.Events == 0 && v.Feed.Total == 0 {
		f.add(s.Ink(Dim, "waiting for the first sale"))
		return
	}
	if v.Feed.Total > 0 {
		share := float64(v.Feed.Events) / float64(v.Feed.Total)
		line = s.Ink(Accent, s.Bar(share, 1, 32)) + fmt.Sprintf("  %5s", Percent(share)) + "  " +
			Count(v.Feed.Events) + " of " + Count(v.Feed.Total) + " events"
	}
	if v.Feed.Idle {
		line += "  " + s.Ink(Dim, "feed is quiet")
	} else {
		line += "  " + Count(int64(math.Round(v.Feed.Rate))) + "/s"
	}
	if v.Feed.Lag > 0 {
		line += "  " + s.Ink(Warn, "lag "+Count(v.Feed.Lag))
	}
	f.add(line)
}

func (v *View) audit(f *frame) {
	a, s := v.Audit, f.style
	if a.Read == 0 {
		return
	}
	ink := func(n int64, ink Ink, word string) string {
		if n == 0 {
			ink = Dim
		}
		return s.Ink(ink, Count(n)+" "+word)
	}
	line := fmt.Sprintf("%s read = %s + %s + %s + %s", Count(a.Read), ink(a.Kept, Good, "kept"), ink(a.Flagged, Warn, "flagged"),
		ink(a.Rejected, Bad, "rejected"), ink(a.Duplicate, Plain, "duplicate"))
	if a.Repaired > 0 {
		line += "  " + s.Ink(Accent, "("+Count(a.Repaired)+" repaired)")
	}
	f.add(line)
	reasons := slices.SortedFunc(maps.Keys(a.ByReason), func(x, y string) int {
		return cmp.Or(cmp.Compare(a.ByReason[y], a.ByReason[x]), cmp.Compare(x, y))
	})
	line = ""
	for i, reason := range reasons {
		part := Count(a.ByReason[reason]) + " " + reason
		more := fmt.Sprintf(", and %d more", len(reasons)-i)
		if i > 0 {
			part = ", " + part
		}
		if width(line)+width(part)+len(more) > f.columns && i > 0 {
			line += more
			break
		}
		line += part
	}
	if line != "" {
		f.add(s.Ink(Dim, line))
	}
}

// quantity writes a quantity as people read it.
func quantity(q schemas.Quantity) string { return Amount(q.Float()) }

// periods are the names of the head's periods; months need no day.
func (v *View) periods() []string {
	if v.Head == nil {
		return nil
	}
	months := make([]string, len(v.Head.Periods))
	for i, name := range v.Head.Periods {
		month, first := strings.CutSuffix(name, "-01")
		if !first || len(month) != len("2006-01") || len(months) < 2 {
			return v.Head.Periods
		}
		months[i] = month
	}
	return months
}

// Plural is a number with its noun.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

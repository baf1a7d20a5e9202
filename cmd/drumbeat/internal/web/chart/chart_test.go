package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// mark is an element of a drawing.
type mark struct {
	name, class, title string
	attr               map[string]string
}

func (m mark) at(t *rapid.T, name string) float64 {
	v, err := strconv.ParseFloat(m.attr[name], 64)
	if err != nil {
		t.Fatalf("%s of %+v: %v", name, m, err)
	}
	return v
}

// parse reads a drawing as XML, which proves that it is well formed and that all text is escaped, and
// checks that everything lies inside of the viewBox.
func parse(t *rapid.T, svg string) (marks []mark) {
	dec := xml.NewDecoder(strings.NewReader(svg))
	var open []int
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			m := mark{name: tok.Name.Local, attr: map[string]string{}}
			switch m.name {
			case "svg", "title", "desc", "rect", "line", "path", "circle", "text":
			default:
				t.Fatalf("an element %q in %s", m.name, svg)
			}
			for _, a := range tok.Attr {
				m.attr[a.Name.Local] = a.Value
			}
			m.class = m.attr["class"]
			open = append(open, len(marks))
			marks = append(marks, m)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if n := len(open); n > 1 && marks[open[n-1]].name == "title" {
				marks[open[n-2]].title += string(tok)
			}
		}
	}
	var height float64
	for i, m := range marks {
		if m.name == "svg" {
			box := strings.Fields(m.attr["viewBox"])
			if i != 0 || m.title == "" || len(box) != 4 || box[2] != strconv.Itoa(Width) {
				t.Fatalf("the drawing begins with %+v", m)
			}
			height, _ = strconv.ParseFloat(box[3], 64)
		}
		m.inside(t, height)
	}
	return marks
}

var numbers = regexp.MustCompile(`-?[0-9.]+`)

func (m mark) inside(t *rapid.T, height float64) {
	const slack = .11 // coordinates are rounded to a tenth
	check := func(x, y float64) {
		if !(x >= -slack && x <= Width+slack && y >= -slack && y <= height+slack) {
			t.Fatalf("(%v, %v) of %+v is outside of %d x %v", x, y, m, Width, height)
		}
	}
	switch m.name {
	case "rect":
		check(m.at(t, "x"), m.at(t, "y"))
		check(m.at(t, "x")+m.at(t, "width"), m.at(t, "y")+m.at(t, "height"))
	case "line":
		check(m.at(t, "x1"), m.at(t, "y1"))
		check(m.at(t, "x2"), m.at(t, "y2"))
	case "circle":
		check(m.at(t, "cx"), m.at(t, "cy"))
	case "text":
		check(m.at(t, "x"), m.at(t, "y"))
	case "path":
		pairs := numbers.FindAllString(strings.ReplaceAll(m.attr["d"], "h0", ""), -1)
		for i := 0; i+1 < len(pairs); i += 2 {
			x, _ := strconv.ParseFloat(pairs[i], 64)
			y, _ := strconv.ParseFloat(pairs[i+1], 64)
			check(x, y)
		}
	}
}

var (
	genValue = rapid.OneOf(rapid.Float64Range(0, 2e6), rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{0, math.NaN(), math.Inf(1), -3, 1e12}))
	genName  = rapid.OneOf(rapid.StringMatching(`[A-Z]{1,5}-[0-9]{3}`), rapid.SampledFrom([]string{`<script>alert(1)</script>`, `a"b'&`, "]]>"}))
)

func genRow(n int) *rapid.Generator[[]float64] { return rapid.SliceOfN(genValue, 0, n) }

func genNames(t *rapid.T) []string { return rapid.SliceOfN(genName, 0, 30).Draw(t, "periods") }

// drawnAbove counts the values that a chart must have drawn.
func drawnAbove(values []float64, n int) (count int) {
	for i, v := range values {
		if i < n && plus(v) > 0 {
			count++
		}
	}
	return count
}

func count(marks []mark, class string) (n int) {
	for _, m := range marks {
		if m.class == class {
			n++
		}
	}
	return n
}

// titled wants a mark of the class whose title holds the number, for every value above 0.
func titled(t *rapid.T, marks []mark, class string, values []float64, n int) {
	var titles []string
	for _, m := range marks {
		if m.class == class {
			titles = append(titles, m.title)
		}
	}
	if len(titles) != drawnAbove(values, n) {
		t.Fatalf("%d marks of class %s for %v in %d periods", len(titles), class, values, n)
	}
	for i, v := range values {
		if i >= n || plus(v) == 0 {
			continue
		}
		if !strings.HasSuffix(titles[0], ": "+Number(v)) {
			t.Fatalf("a mark of class %s says %q, want %s", class, titles[0], Number(v))
		}
		titles = titles[1:]
	}
}

func TestLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Load{Title: genName.Draw(t, "title"), Periods: genNames(t)}
		n := len(c.Periods)
		for range rapid.IntRange(0, MaxSeries).Draw(t, "series") {
			c.Series = append(c.Series, Series{genName.Draw(t, "name"), genRow(n).Draw(t, "values")})
		}
		c.Rest, c.Capacity, c.Overtime = genRow(n).Draw(t, "rest"), genRow(n).Draw(t, "capacity"), genRow(n).Draw(t, "overtime")
		c.Short, c.Price = genRow(n).Draw(t, "short"), genRow(n).Draw(t, "price")
		marks := parse(t, string(c.SVG()))
		for k, s := range c.Series {
			titled(t, marks, "s"+strconv.Itoa(k+1), s.Values, n)
		}
		titled(t, marks, "rest", c.Rest, n)
		titled(t, marks, "short", c.Short, n)
		for _, m := range marks {
			if m.class == "s1" && !strings.HasPrefix(m.title, c.Series[0].Name+" in ") {
				t.Fatalf("a bar of %q says %q", c.Series[0].Name, m.title)
			}
		}
	})
}

// Bars stand on each other and their heights are in the ratio of their values.
func TestLoadStacks(t *testing.T) {
	c := Load{Title: "factory", Periods: []string{"2026-01"}, Series: []Series{{"A", []float64{6000}}, {"B", []float64{3000}}}, Capacity: []float64{9000}}
	rapid.Check(t, func(t *rapid.T) {
		marks := parse(t, string(c.SVG()))
		var a, b mark
		for _, m := range marks {
			switch m.class {
			case "s1":
				a = m
			case "s2":
				b = m
			}
		}
		if math.Abs(a.at(t, "y")-b.at(t, "y")-b.at(t, "height")) > .15 || math.Abs(a.at(t, "height")-2*b.at(t, "height")) > .2 {
			t.Fatalf("%+v and %+v", a, b)
		}
	})
}

func TestStock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Stock{Title: genName.Draw(t, "title"), Periods: genNames(t)}
		n := len(c.Periods)
		c.Production, c.Receipts, c.Inventory = genRow(n).Draw(t, "make"), genRow(n).Draw(t, "receipts"), genRow(n).Draw(t, "stock")
		c.Safety, c.Shortage = genRow(n).Draw(t, "safety"), genRow(n).Draw(t, "shortage")
		c.Frozen = rapid.SliceOfN(rapid.Bool(), 0, n).Draw(t, "frozen")
		marks := parse(t, string(c.SVG()))
		titled(t, marks, "make", c.Production, n)
		titled(t, marks, "receipts", c.Receipts, n)
		titled(t, marks, "short", c.Shortage, n)
	})
}

func TestDemand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
		at := func(i int) time.Time { return start.AddDate(0, 0, i) }
		c := Demand{Title: genName.Draw(t, "title")}
		for i, v := range genRow(400).Draw(t, "history") {
			c.History = append(c.History, Observed{at(i), v})
		}
		drawn := 0
		for i, v := range genRow(20).Draw(t, "flagged") {
			c.Flagged = append(c.Flagged, Flagged{Observed{at(i), v}, "flagged"})
		}
		for i, v := range genRow(90).Draw(t, "forecast") {
			c.Forecast = append(c.Forecast, Expected{at(len(c.History) + i), v, v * .9, v * 1.1, v * .8, v * 1.3})
			if finite(v) {
				drawn++
			}
		}
		marks := parse(t, string(c.SVG()))
		if len(c.Forecast) <= maxDots && count(marks, "forecast-dot") != drawn {
			t.Fatalf("%d dots for %d forecasts", count(marks, "forecast-dot"), drawn)
		}
	})
}

func TestTrend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		labels := genNames(t)
		c := Trend{Title: genName.Draw(t, "title"), Labels: labels, Values: rapid.SliceOfN(genValue, len(labels), len(labels)).Draw(t, "values")}
		parse(t, string(c.SVG()))
	})
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Number(13558.5555), "13,558.56"}, {Number(14000), "14,000"}, {Number(0.5), "0.5"}, {Number(-1234567.1), "−1,234,567.1"},
		{Number(0.00123), "0.0012"}, {Number(math.NaN()), Missing}, {Number(0), "0"}, {Number(999), "999"}, {Number(-0.004), "−0.004"},
		{Whole(2200298.4), "2,200,298"}, {Whole(-0.2), "0"}, {Signed(12), "+12"}, {Signed(-12), "−12"}, {Signed(0), "0"},
		{Percent(1), "100 %"}, {Percent(.056), "5.6 %"}, {Percent(.05), "5 %"}, {Percent(12.5), "1,250 %"}, {compact(1.5e6), "1.5M"}, {compact(16000), "16,000"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// Without its separators a formatted number reads back as the value to two decimals.
func TestNumberReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(-1e12, 1e12).Draw(t, "value")
		s := strings.NewReplacer(",", "", "−", "-").Replace(Number(v))
		got, err := strconv.ParseFloat(s, 64)
		if err != nil || math.Abs(got-v) > .005+1e-9*math.Abs(v) {
			t.Fatalf("%v is shown as %s", v, Number(v))
		}
	})
}

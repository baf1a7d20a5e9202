package terminal

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNumberReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(-1e12, 1e12).Draw(t, "v")
		decimals := rapid.IntRange(0, 3).Draw(t, "decimals")
		s := Number(v, decimals)
		got, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", ""), 64)
		if err != nil || math.Abs(got-v) > 0.5*math.Pow10(-decimals)*(1+1e-9)+1e-3*math.Abs(v)*1e-12 {
			t.Fatalf("Number(%v, %d) = %q: %v %v", v, decimals, s, got, err)
		}
		whole, _, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
		for i, group := range strings.Split(whole, ",") {
			if len(group) > 3 || i > 0 && len(group) != 3 {
				t.Fatalf("Number(%v) = %q", v, s)
			}
		}
		if s == "-0" || strings.HasPrefix(s, "-0.") && strings.Trim(s, "-0.") == "" {
			t.Fatalf("Number(%v) = %q", v, s)
		}
	})
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Amount(1234567.4), "1,234,567"}, {Amount(5), "5"}, {Amount(5.77), "5.77"}, {Amount(5.5), "5.5"}, {Amount(-0.001), "0"},
		{Amount(math.NaN()), "-"}, {Number(math.Inf(1), 2), "-"}, {Count(int64(-1000)), "-1,000"},
		{Percent(0), "0 %"}, {Percent(0.0123), "1.2 %"}, {Percent(0.999), "100 %"}, {Percent(math.Inf(1)), "-"},
		{Duration(40 * time.Microsecond), "40 µs"}, {Duration(850 * time.Millisecond), "850 ms"}, {Duration(1312 * time.Millisecond), "1.3 s"},
		{Duration(42 * time.Second), "42 s"}, {Duration(125 * time.Second), "2 min 5 s"}, {Duration(192 * time.Minute), "3 h 12 min"},
		{Duration(-time.Second), "-1.0 s"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestBar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Style{Unicode: rapid.Bool().Draw(t, "unicode")}
		n := rapid.IntRange(1, 40).Draw(t, "width")
		value, full := rapid.Float64Range(-1, 10).Draw(t, "value"), rapid.Float64Range(0, 10).Draw(t, "full")
		bar := s.Bar(value, full, n)
		if width(bar) != n {
			t.Fatalf("%q is %d wide, want %d", bar, width(bar), n)
		}
		isFull := bar == strings.Repeat(s.pick("█", "#"), n)
		if want := value >= full && value > 0; isFull != want && (n > 1 || s.Unicode || want) {
			t.Fatalf("%v of %v draws %q", value, full, bar)
		}
		if isEmpty := strings.TrimSpace(bar) == ""; isEmpty != (value <= 0) && n*8 > 1 && (s.Unicode || n > 1) {
			t.Fatalf("%v of %v draws %q", value, full, bar)
		}
	})
	if got := (Style{Unicode: true}).Bar(math.NaN(), 1, 3); got != "   " {
		t.Errorf("NaN draws %q", got)
	}
}

func TestSpark(t *testing.T) {
	s := Style{Unicode: true}
	for _, c := range []struct {
		values []float64
		width  int
		want   string
	}{
		{nil, 5, ""},
		{[]float64{0, 0}, 5, "▁▁"},
		{[]float64{0, 1, 2, 3, 4, 5, 6, 7}, 8, "▁▂▃▄▅▆▇█"},
		{[]float64{1, math.NaN(), 1}, 8, "█ █"},
		{[]float64{1, 3, 7, 7, 0, 0}, 3, "▃█▁"},
		{[]float64{-1, math.Inf(1), 2}, 3, "▁██"},
	} {
		if got := s.Spark(c.values, c.width); got != c.want {
			t.Errorf("%v draws %q, want %q", c.values, got, c.want)
		}
	}
	if got := (Style{}).Spark([]float64{0, 1, 2, 3, 4, 5, 6, 7}, 8); got != "_.-=+*#@" {
		t.Errorf("ASCII draws %q", got)
	}
}

func TestCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Style{Color: true, Unicode: true}
		text := s.Ink(Bold, rapid.StringMatching(`[a-zé\t ]{0,10}`).Draw(t, "a")) + s.Ink(Bad, rapid.StringMatching(`[a-z]{0,10}`).Draw(t, "b"))
		n := rapid.IntRange(1, 25).Draw(t, "n")
		got := s.cut(text, n)
		if width(got) != min(n, width(text)) {
			t.Fatalf("cut(%q, %d) = %q", text, n, got)
		}
		if strings.ContainsAny(got, "\t\n") {
			t.Fatalf("cut(%q, %d) = %q keeps control characters", text, n, got)
		}
		if opened := strings.LastIndex(got, "\x1b["); opened >= 0 && !strings.HasPrefix(got[opened:], "\x1b[0m") {
			t.Fatalf("cut(%q, %d) = %q leaves colour on", text, n, got)
		}
	})
}

func TestTable(t *testing.T) {
	table := NewTable(Column{Title: "SKU", Max: 6}, Column{Title: "make", Right: true, Group: "Q1"}, Column{Title: "stock", Right: true, Group: "Q1"}, Left("why"))
	table.Row("A", "1", "1,000", "b")
	table.Row("LONG CODE", "20")
	want := strings.Join([]string{
		"                 Q1",
		"SKU     make  stock  why",
		"A          1  1,000  b",
		"LONG …    20", ""}, "\n")
	if got := table.String(Style{Unicode: true}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestScreenRedrawsInPlace(t *testing.T) {
	var b bytes.Buffer
	rows := 40
	s := &Screen{w: &b, live: true, size: func() (int, int) { return 20, rows }}
	var terminal vt
	show := func(err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		terminal.write(t, b.String())
		b.Reset()
		return terminal.String()
	}
	for _, c := range []struct{ got, want string }{
		{show(s.Draw(time.Time{}, []string{"one", "two", "three"}, "")), "one\ntwo\nthree"},
		{show(s.Draw(time.Time{}, []string{"uno", "dos"}, "")), "uno\ndos"},
		{show(s.Print("log 1\nlog 2\n")), "log 1\nlog 2\nuno\ndos"},
		{show(s.Draw(time.Time{}, []string{"a line that is longer than the window"}, "")), "log 1\nlog 2\na line that is long…"},
	} {
		if c.got != c.want {
			t.Errorf("got\n%s\nwant\n%s", c.got, c.want)
		}
	}
	rows = 4
	if got := show(s.Draw(time.Time{}, []string{"1", "2", "3", "4"}, "")); got != "log 1\nlog 2\n1\n2\n(2 more lines; make…" {
		t.Errorf("a frame that is too high:\n%s", got)
	}
	if !terminal.hidden {
		t.Error("the cursor shows while frames are drawn")
	}
	if got := show(s.Close([]string{"the end", "4", "3", "2", "1"})); got != "log 1\nlog 2\nthe end\n4\n3\n2\n1" || terminal.hidden {
		t.Errorf("after Close, cursor hidden %v:\n%s", terminal.hidden, got)
	}
	if err := s.Close([]string{"again"}); err != nil || b.Len() > 0 {
		t.Errorf("a second Close wrote %q, %v", b.String(), err)
	}
	if err := s.Draw(time.Time{}, []string{"late"}, "late"); err != nil || b.Len() > 0 {
		t.Errorf("Draw after Close wrote %q, %v", b.String(), err)
	}
}

// vt is as much of a terminal as a Screen needs.
type vt struct {
	lines  []string
	row    int
	hidden bool
}

func (v *vt) write(t *testing.T, s string) {
	t.Helper()
	for s != "" {
		switch {
		case strings.HasPrefix(s, hideCursor):
			v.hidden, s = true, s[len(hideCursor):]
		case strings.HasPrefix(s, showCursor):
			v.hidden, s = false, s[len(showCursor):]
		case strings.HasPrefix(s, beginUpdate), strings.HasPrefix(s, endUpdate):
			s = s[len(beginUpdate):]
		case strings.HasPrefix(s, clearToEnd):
			v.lines, s = v.lines[:min(v.row, len(v.lines))], s[len(clearToEnd):]
		case strings.HasPrefix(s, clearLine):
			if v.row < len(v.lines) {
				v.lines[v.row] = ""
			}
			s = s[len(clearLine):]
		case strings.HasPrefix(s, "\x1b["):
			n, rest, _ := strings.Cut(s[2:], "A")
			up, err := strconv.Atoi(n)
			if err != nil || up > v.row {
				t.Fatalf("cannot go up by %q from row %d", n, v.row)
			}
			v.row, s = v.row-up, rest
		case s[0] == '\r':
			s = s[1:]
		default:
			end := strings.IndexAny(s, "\n\x1b")
			for len(v.lines) <= v.row {
				v.lines = append(v.lines, "")
			}
			if end > 0 {
				v.lines[v.row] = s[:end]
			}
			s = s[end:]
			if s[0] == '\n' {
				v.row++
				s = s[1:]
			}
		}
	}
}

func (v *vt) String() string { return strings.Join(v.lines, "\n") }

func TestScreenIntoAPipe(t *testing.T) {
	var b bytes.Buffer
	s := NewScreen(&b)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, summary := range []string{"a", "b", "c", "c", "d"} {
		if err := s.Draw(at.Add(time.Duration(i)*time.Second), []string{"frame"}, summary); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Print("log"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close([]string{"end"}); err != nil {
		t.Fatal(err)
	}
	if want := "a\nc\nd\nlog\nend\n"; b.String() != want || s.Live() {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestProgress(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var b bytes.Buffer
	p := NewProgress(&b, Style{}, "sales.csv", at)
	p.Update(at.Add(time.Second), 0.1, "10 events")
	p.Update(at.Add(5*time.Second), 0.5, "50 events")
	p.Update(at.Add(11*time.Second), -1, "90 events")
	p.Done("100 events in 12 s")
	want := "sales.csv   50 %  50 events  5.0 s left\nsales.csv  90 events\nsales.csv  100 events in 12 s\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}

	b.Reset()
	p = &Progress{w: &b, live: true, label: "sales.csv", start: at, last: at, columns: func() int { return 50 }}
	p.Update(at.Add(50*time.Millisecond), 0.1, "10 events")
	p.Update(at.Add(time.Second), 0.5, "50 events")
	p.Clear()
	want = "\rsales.csv  ############               50 %  50 e~\x1b[K\r\x1b[K"
	if b.String() != want {
		t.Errorf("got\n%q\nwant\n%q", b.String(), want)
	}
}

func TestDetect(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	for _, c := range []struct {
		env  func(string) string
		want Style
	}{
		{env("LANG", "en_GB.UTF-8"), Style{Unicode: true}},
		{env("LANG", "en_GB.UTF-8", "LC_ALL", "C"), Style{}},
		{env("LC_CTYPE", "C.utf8"), Style{Unicode: true}},
		{env(), Style{}},
	} {
		if got := Detect(&bytes.Buffer{}, c.env); got != c.want {
			t.Errorf("got %+v, want %+v", got, c.want)
		}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if IsTerminal(null) || Width(null) != 100 {
		t.Errorf("%s: terminal %v, width %d", os.DevNull, IsTerminal(null), Width(null))
	}
}

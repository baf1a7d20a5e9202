package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// runForecast runs the command on a file with the given text and returns both tables, the exit status and the streams.
func runForecast(t *testing.T, text string, flags ...string) (paths, sums [][]string, status int, out, errs string) {
	t.Helper()
	dir := t.TempDir()
	from, f, c := filepath.Join(dir, "in.csv"), filepath.Join(dir, "f.csv"), filepath.Join(dir, "c.csv")
	write(t, from, []byte(text))
	var o, e bytes.Buffer
	args := append([]string{"forecast", "--from", from, "--out", f, "--cumulative", c}, flags...)
	status = run(t.Context(), args, streams{strings.NewReader(""), &o, &e})
	if status == 0 {
		paths, sums = table(t, f), table(t, c)
	}
	return paths, sums, status, o.String(), e.String()
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func table(t *testing.T, file string) [][]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// days writes n days from 2024-01-01 of one series.
func days(id string, n int, y func(i int, day time.Time) string) string {
	var b strings.Builder
	for i := range n {
		day := time.Date(2024, 1, 1+i, 0, 0, 0, 0, time.UTC)
		if v := y(i, day); v != "skip" {
			fmt.Fprintf(&b, "%s,%s,%s\n", id, day.Format(time.DateOnly), v)
		}
	}
	return b.String()
}

const header = "unique_id,ds,y\n"

func TestForecastCommandWritesBothTables(t *testing.T) {
	text := header +
		days(`"late, ""quoted"""`, 30, func(i int, _ time.Time) string { return "40" }) +
		days("gaps", 60, func(i int, _ time.Time) string {
			if i%5 == 2 {
				return "skip"
			}
			return "7.5"
		}) +
		days("zero", 20, func(int, time.Time) string { return "0" }) +
		days("short", 1, func(int, time.Time) string { return "3" }) +
		days("below", 40, func(i int, _ time.Time) string { return strconv.Itoa(i%3 - 1) })
	paths, sums, status, _, errs := runForecast(t, text, "--freq", "D", "--horizon", "9")
	if status != 0 {
		t.Fatalf("exit %d: %s", status, errs)
	}
	if got, want := strings.Join(paths[0], ","), "unique_id,ds,mean,median,lo-80,hi-80,lo-95,hi-95"; got != want {
		t.Errorf("header %s, want %s", got, want)
	}
	if got, want := strings.Join(sums[0], ","), "unique_id,h,mean,q50,q80,q90,q95,q99"; got != want {
		t.Errorf("header %s, want %s", got, want)
	}
	if len(paths) != 1+5*9 || len(sums) != 1+5*9 {
		t.Fatalf("%d and %d rows, want 46 each", len(paths), len(sums))
	}
	var order []string
	for i, first := range []string{"2024-01-31", "2024-03-01", "2024-01-21", "2024-01-02", "2024-02-10"} {
		row := paths[1+9*i]
		order = append(order, row[0])
		if row[1] != first {
			t.Errorf("%s begins on %s, want %s", row[0], row[1], first)
		}
	}
	if want := []string{`late, "quoted"`, "gaps", "zero", "short", "below"}; !slices.Equal(order, want) {
		t.Errorf("order %q, want that of the file", order)
	}
	for i, want := range []float64{40, 7.5, 0, 3} {
		if got := number(t, paths[1+9*i][2]); got < want*.999 || got > want*1.001 {
			t.Errorf("%s: mean %v, want %v", order[i], got, want)
		}
	}
	for i := range order {
		total := 0.0
		for k := range 9 {
			total += number(t, paths[1+9*i+k][2])
			got := number(t, sums[1+9*i+k][2])
			if d := got - total; d > 1e-6 || d < -1e-6 {
				t.Errorf("%s: sum of %d is %v, of the path %v", order[i], k+1, got, total)
			}
		}
	}
}

func TestForecastCommandIsDeterministic(t *testing.T) {
	var text strings.Builder
	text.WriteString(header)
	for s := range 40 {
		text.WriteString(days(fmt.Sprint("s", s), 100, func(i int, _ time.Time) string { return strconv.Itoa(i * (s + 3) % 11) }))
	}
	a, b, _, outA, _ := runForecast(t, text.String(), "--freq", "D", "--horizon", "14", "--explain")
	c, d, _, outB, _ := runForecast(t, text.String(), "--freq", "D", "--horizon", "14", "--explain")
	if fmt.Sprint(a, b, outA) != fmt.Sprint(c, d, outB) {
		t.Error("two runs differ")
	}
	if !strings.Contains(outA, "level(") || !strings.Contains(outA, "s39") {
		t.Errorf("--explain does not name the models: %.300s", outA)
	}
}

func TestForecastCommandReadsGzip(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	fmt.Fprint(w, header+"a,5,1\na,6,1\na,7,1\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	paths, _, status, _, errs := runForecast(t, b.String(), "--freq", "1", "--horizon", "2")
	if status != 0 || paths[1][1] != "8" || paths[2][1] != "9" {
		t.Fatalf("exit %d, %v, %s", status, paths, errs)
	}
}

func TestForecastCommandCalendars(t *testing.T) {
	for _, c := range []struct{ freq, first, second, next string }{
		{"D", "2024-02-28", "2024-02-29", "2024-03-01"},
		{"W-FRI", "2024-12-20", "2024-12-27", "2025-01-03"},
		{"W", "2024-12-22", "2024-12-29", "2025-01-05"},
		{"W-SUN", "1969-12-21", "1969-12-28", "1970-01-04"},
		{"MS", "2024-11-01", "2024-12-01", "2025-01-01"},
		{"1", "-3", "-2", "-1"},
		{"D", "2024-02-28 00:00:00", "2024-02-29 00:00:00", "2024-03-01"},
	} {
		paths, _, status, _, errs := runForecast(t, header+"a,"+c.first+",1\na,"+c.second+",1\n", "--freq", c.freq, "--horizon", "1")
		if status != 0 || paths[1][1] != c.next {
			t.Errorf("%s: %v after %s, want %s (%s)", c.freq, paths, c.second, c.next, errs)
		}
	}
}

func TestForecastCommandNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ name, text, freq, want string }{
		{"number", header + "a,2024-01-01,1\na,2024-01-02,x1\n", "D", `in.csv:3: field y: "x1" is not a number`},
		{"infinity", header + "a,2024-01-01,Inf\n", "D", "in.csv:2: field y"},
		{"date", header + "a,01/02/2024,1\n", "D", "in.csv:2: field ds"},
		{"week", header + "a,2024-01-04,1\n", "W-FRI", "in.csv:2: field ds"},
		{"month", header + "a,2024-01-02,1\n", "MS", "in.csv:2: field ds"},
		{"index", header + "a,1.5,1\n", "1", "in.csv:2: field ds"},
		{"twice", header + "a,1,1\nb,1,1\na,1,1\n", "1", "in.csv:4: field ds"},
		{"span", header + "a,1,1\na,90000000000,1\n", "1", "in.csv:3: field ds"},
		{"column", "id,ds,y\n", "D", "field unique_id"},
		{"short", header + "a,1\n", "1", "line 2"},
		{"empty", "", "1", "is empty"},
		{"no rows", header, "1", "no series"},
		{"id", header + ",1,1\n", "1", "field unique_id"},
		{"frequency", header + "a,1,1\n", "H", "--freq"},
		{"huge", header + "a,1,1e308\n", "1", "in.csv:2: field y: 1e308 is beyond 1e+15"},
	} {
		_, _, status, _, errs := runForecast(t, c.text, "--freq", c.freq, "--horizon", "3")
		if status != 2 || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: exit %d, stderr %q, want one line with %q", c.name, status, errs, c.want)
		}
	}
}

// Exports differ in the case of the header, the separator, the byte order mark, line ends and what stands for a missing value.
func TestForecastCommandReadsExports(t *testing.T) {
	plain := header + "a,2024-01-01,1\na,2024-01-02,\na,2024-01-03,4\n"
	want, _, _, _, _ := runForecast(t, plain, "--freq", "D", "--horizon", "2")
	for _, text := range []string{
		"\ufeff" + strings.ReplaceAll(plain, "\n", "\r\n"), strings.ReplaceAll(plain, ",", ";"), strings.ReplaceAll(plain, ",", "\t"),
		strings.Replace(plain, "unique_id,ds,y", "Unique_ID, DS ,Y", 1), strings.Replace(plain, "02,\n", "02,NA\n", 1),
	} {
		if got, _, status, _, errs := runForecast(t, text, "--freq", "D", "--horizon", "2"); status != 0 || !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%q: status %d, %s%v, want %v", text, status, errs, got, want)
		}
	}
}

// The tables may go through pipes; none is written over the input or the other.
func TestForecastCommandPipes(t *testing.T) {
	text := header + "a,1,1\na,2,3\n"
	from := filepath.Join(t.TempDir(), "in.csv")
	write(t, from, []byte(text))
	command := func(more ...string) (int, string, string) {
		var o, e bytes.Buffer
		status := run(t.Context(), append([]string{"forecast", "--freq", "1", "--horizon", "1"}, more...), streams{strings.NewReader(text), &o, &e})
		return status, o.String(), e.String()
	}
	status, out, errs := command("--from", "-", "--out", "-", "--explain")
	if status != 0 || !strings.HasPrefix(out, "unique_id,ds,mean,") || strings.Count(out, "\n") != 2 || !strings.Contains(errs, "weight") {
		t.Errorf("status %d, printed %q and %q", status, out, errs)
	}
	for _, wrong := range [][]string{{"--from", from, "--out", from}, {"--from", from, "--out", from + ".f", "--cumulative", from}, {"--from", from, "--out", "-", "--cumulative", "-"}} {
		if status, _, errs := command(wrong...); status != exitUsage || !strings.Contains(errs, ": is ") {
			t.Errorf("%v: status %d, %q", wrong, status, errs)
		}
	}
	if kept, err := os.ReadFile(from); err != nil || string(kept) != text {
		t.Errorf("the input is %q, %v", kept, err)
	}
}

// A known event in the past lifts its next occurrence, the days around it stay as they are, and its past does not lift
// ordinary days.
func TestForecastCommandEvents(t *testing.T) {
	event := func(day time.Time) bool { return day.Day() == 15 }
	text := header + days("a", 10+366, func(i int, day time.Time) string {
		if event(day) {
			return "300"
		}
		return "100"
	}) + days("b", 10+366, func(int, time.Time) string { return "50" })
	events := "name,ds,unique_id\n"
	for m := range 14 {
		events += fmt.Sprintf("sale,%s,a\n", time.Date(2024, time.Month(1+m), 15, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
	}
	file := filepath.Join(t.TempDir(), "e.csv")
	write(t, file, []byte(events))
	paths, sums, status, _, errs := runForecast(t, text, "--freq", "D", "--horizon", "10", "--events", file)
	if status != 0 {
		t.Fatalf("exit %d: %s", status, errs)
	}
	for k, row := range paths[1:11] {
		want := 100.0
		if row[1] == "2025-01-15" {
			want = 300
		}
		if got := number(t, row[2]); got < .98*want || got > 1.02*want {
			t.Errorf("day %d, %s: %v, want %v", k+1, row[1], got, want)
		}
	}
	if got := number(t, sums[10][2]); got < 1180 || got > 1220 {
		t.Errorf("sum of ten days with the event is %v, want 1200", got)
	}
	if got := number(t, paths[11][2]); got < 49 || got > 51 {
		t.Errorf("the other series: %v, want 50", got)
	}
}

func TestForecastCommandCountry(t *testing.T) {
	closed := map[string]bool{"2024-01-01": true, "2024-12-25": true, "2025-01-01": true, "2025-12-25": true}
	text := header + days("a", 366+358-1, func(_ int, day time.Time) string {
		if closed[day.Format(time.DateOnly)] {
			return "0"
		}
		return "100"
	})
	paths, _, status, _, errs := runForecast(t, text, "--freq", "D", "--horizon", "10", "--country", "ES")
	if status != 0 {
		t.Fatalf("exit %d: %s", status, errs)
	}
	for _, row := range paths[1:] {
		if got := number(t, row[2]); row[1] == "2025-12-25" && got > 60 || row[1] == "2025-12-28" && (got < 95 || got > 105) {
			t.Errorf("%s: %v", row[1], got)
		}
	}
	for _, c := range [][]string{{"--country", "XX", "--freq", "D"}, {"--country", "ES", "--freq", "1"}} {
		text := header + "a,1,1\n"
		if c[3] == "D" {
			text = header + "a,2024-01-01,1\n"
		}
		if _, _, status, _, errs := runForecast(t, text, append(c, "--horizon", "3")...); status != 2 || !strings.Contains(errs, "--country") {
			t.Errorf("%v: exit %d, %s", c, status, errs)
		}
	}
}

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/cmd/drumbeat/internal/terminal"
)

// runClean runs `drumbeat clean --json` in-process and returns the audit and the rows of --out.
func runClean(t *testing.T, from string, args ...string) (terminal.Audit, []cleanedRow) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.csv")
	var o, e bytes.Buffer
	args = append([]string{"clean", "--from", from, "--out", out, "--json"}, args...)
	if status := run(context.Background(), args, streams{strings.NewReader(""), &o, &e}); status != 0 {
		t.Fatalf("%v: status %d: %s", args, status, &e)
	}
	var audit terminal.Audit
	if err := json.Unmarshal(o.Bytes(), &audit); err != nil {
		t.Fatalf("%v\n%s", err, &o)
	}
	rows := readCleaned(t, out)
	counts, reasons := map[string]int64{}, map[string]int64{}
	for _, r := range rows {
		counts[r.verdict]++
	}
	for reason, n := range audit.ByReason {
		reasons[cmp.Or(reasonWords[reason].of, "rejected")] += n
	}
	if reasons["flagged"] != audit.Flagged || reasons["rejected"] != audit.Rejected || reasons["repaired"] < audit.Repaired {
		t.Fatalf("the reasons of %v do not add up: %+v", reasons, audit)
	}
	if int64(len(rows)) != audit.Read || audit.Read != audit.Kept+audit.Flagged+audit.Rejected+audit.Duplicate {
		t.Fatalf("%d rows, audit %+v", len(rows), audit)
	}
	if counts["clean"]+counts["repaired"] != audit.Kept || counts["flagged"] != audit.Flagged ||
		counts["rejected"] != audit.Rejected || counts["duplicate"] != audit.Duplicate || audit.Repaired < counts["repaired"] {
		t.Fatalf("verdicts %v, audit %+v", counts, audit)
	}
	return audit, rows
}

type cleanedRow struct {
	row                                  int
	sku, date, quantity, verdict, reason string
}

func readCleaned(t *testing.T, path string) []cleanedRow {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(records[0], ","); got != "row,sku,date,quantity,verdict,reason" {
		t.Fatalf("header %q", got)
	}
	var rows []cleanedRow
	for _, c := range records[1:] {
		n, err := strconv.Atoi(c[0])
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, cleanedRow{n, c[1], c[2], c[3], c[4], c[5]})
	}
	return rows
}

// shuffled writes the generator's rows of a seed as a file in random order.
func shuffled(t *testing.T, seed uint64) (path string, rows []generate.Row) {
	t.Helper()
	rows = generate.ThreeSKU(seed)
	generate.Shuffle(rows, seed)
	var b bytes.Buffer
	if err := generate.WriteCSV(&b, rows); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "sales.csv")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, rows
}

// TestCleanAgainstTruth measures the robust method where the truth is known, on 20 data sets; on 100 with
// DRUMBEAT_LONG=1.
func TestCleanAgainstTruth(t *testing.T) {
	takeTurn(t, otherLane)
	var visible, found, flagged, certain, repaired, blackFriday int
	sets := seeds(20)
	for seed := uint64(1); seed <= sets; seed++ {
		path, truth := shuffled(t, seed)
		audit, rows := runClean(t, path)
		for i, x := range truth {
			r := rows[i]
			if r.row != i+2 || r.sku != x.SKU {
				t.Fatalf("seed %d: row %d of the input came out as %+v", seed, i+2, r)
			}
			held := r.verdict == "flagged"
			switch x.Dirt {
			case generate.Times50:
				if x.Quantity > 0 {
					visible++
					if held {
						found++
					}
				}
			case generate.MissingQuantity:
				if r.verdict != "rejected" || r.reason != "missing-quantity" || r.quantity != "" || r.date != x.GivenDate {
					t.Fatalf("seed %d: %+v became %+v", seed, x, r)
				}
			case generate.MissingDate:
				if r.verdict != "rejected" || r.reason != "missing-date" || r.date != "" || r.quantity != x.GivenQuantity {
					t.Fatalf("seed %d: %+v became %+v", seed, x, r)
				}
			case generate.Negative:
				if !held || r.quantity != "-100" {
					t.Fatalf("seed %d: %+v became %+v", seed, x, r)
				}
			case generate.BrokenDate:
				if sure(x) {
					certain++
					if r.verdict == "repaired" && r.date == x.Date.Format(time.DateOnly) {
						repaired++
					}
				} else if r.verdict != "rejected" || r.reason != "uncertain-date" && r.reason != "bad-date" || r.date != "" {
					t.Fatalf("seed %d: %+v became %+v", seed, x, r)
				}
			case generate.Clean:
				if held && x.SKU == "SKU-001" && x.Date.Month() == time.November {
					blackFriday++
				}
			}
			if held && x.Dirt != generate.Negative {
				flagged++
			}
		}
		if audit.Flagged == 0 {
			t.Fatalf("seed %d: nothing is flagged", seed)
		}
	}
	recall, precision := float64(found)/float64(visible), float64(found)/float64(flagged)
	t.Logf("%d sets: recall %d of %d = %.4f, precision %d of %d = %.4f, certain dates %d of %d, Black-Friday days held %d",
		sets, found, visible, recall, found, flagged, precision, repaired, certain, blackFriday)
	if recall < .98 || precision < .98 || repaired != certain || blackFriday > int(sets)/5 {
		t.Errorf("recall %.4f, precision %.4f, %d of %d certain dates, %d Black-Friday days", recall, precision, repaired, certain, blackFriday)
	}
}

// sure says that a broken date has one certain reading.
func sure(x generate.Row) bool {
	for _, layout := range []string{"2006.01.02", "20060102"} {
		if _, err := time.Parse(layout, x.GivenDate); err == nil {
			return true
		}
	}
	_, err := time.Parse("02/01/2006", x.GivenDate)
	return err == nil && x.Date.Day() > 12
}

// The order of a file of daily rows cannot be seen in the verdicts.
func TestCleanAnyOrder(t *testing.T) {
	_, truth := shuffled(t, 3)
	want := map[string]cleanedRow{}
	for n := range 3 {
		generate.Shuffle(truth, uint64(10+n))
		var b bytes.Buffer
		if err := generate.WriteCSV(&b, truth); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "sales.csv")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		_, rows := runClean(t, path)
		for i, x := range truth {
			// A row without a date is told apart from its like by its true day.
			key, r := x.SKU+x.Date.String(), rows[i]
			r.row = 0
			if n > 0 && want[key] != r {
				t.Fatalf("%+v was %+v, in another order it is %+v", x, want[key], r)
			}
			want[key] = r
		}
	}
}

// TestCleanZScore compares with the published rule, computed here from the truth's own texts.
func TestCleanZScore(t *testing.T) {
	visible, found, held := 0, 0, 0
	for seed := uint64(1); seed <= 5; seed++ {
		path, truth := shuffled(t, seed)
		audit, rows := runClean(t, path, "--method", "zscore")
		of := map[string][]float64{}
		values := make([]float64, len(truth))
		for i, x := range truth {
			values[i] = math.NaN()
			_, bad := time.Parse(time.DateOnly, x.GivenDate)
			q, none := strconv.ParseFloat(x.GivenQuantity, 64)
			if bad == nil && none == nil && q >= 0 {
				values[i] = q
				of[x.SKU] = append(of[x.SKU], q)
			}
		}
		flagged := int64(0)
		for i, x := range truth {
			want := "rejected"
			if !math.IsNaN(values[i]) {
				want = "clean"
				sum, squares := 0.0, 0.0
				for _, v := range of[x.SKU] {
					sum += v
				}
				mean := sum / float64(len(of[x.SKU]))
				for _, v := range of[x.SKU] {
					squares += (v - mean) * (v - mean)
				}
				if math.Abs(values[i]-mean)/math.Sqrt(squares/float64(len(of[x.SKU])-1)) > 3 {
					want = "flagged"
					flagged++
				}
			}
			reason := map[string]string{"flagged": "z-score"}[want]
			if want == "rejected" {
				reason = map[generate.Dirt]string{
					generate.MissingDate: "missing-date", generate.BrokenDate: "bad-date",
					generate.MissingQuantity: "missing-quantity", generate.Negative: "negative",
				}[x.Dirt]
			}
			if rows[i].verdict != want || rows[i].reason != reason {
				t.Fatalf("seed %d: %+v is %q for %q, want %q for %q", seed, x, rows[i].verdict, rows[i].reason, want, reason)
			}
			if x.Dirt == generate.Times50 && x.Quantity > 0 {
				visible++
				if want == "flagged" {
					found++
				}
			}
			if want == "flagged" {
				held++
			}
		}
		dates, r := audit.ByReason["missing-date"]+audit.ByReason["bad-date"], audit.ByReason
		if dates != 56 || r["missing-quantity"] != 41 || r["negative"] != 16 || r["z-score"] != flagged || audit.Kept+flagged != 3288-113 {
			t.Errorf("seed %d: audit %+v, want 56 dates, 41 quantities and 16 negatives dropped", seed, audit)
		}
		// 56 dates, 41 quantities and 16 negatives are dropped whatever the seed.
		if audit.Read != 3288 || audit.Rejected != 113 || audit.Flagged != flagged || audit.Repaired != 0 || flagged == 0 {
			t.Errorf("seed %d: audit %+v, want %d flagged", seed, audit, flagged)
		}
	}
	// On the published file the rule finds 34 of 42 visible errors, and flags nothing else.
	recall, precision := float64(found)/float64(visible), float64(found)/float64(held)
	t.Logf("recall %d of %d = %.3f, precision %d of %d = %.3f", found, visible, recall, found, held, precision)
	if recall < .65 || recall > .95 || precision < .97 {
		t.Errorf("recall %.3f, precision %.3f: not the published rule", recall, precision)
	}
}

// What a document says about its lines, customers and codes that are no product.
func TestCleanDocuments(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines.csv")
	err := os.WriteFile(path, []byte(`doc,line,rev,when,code,qty,who
1,1,,2024-03-01,a-1,5,X
1,2,,2024-03-01,B-2,7,X
1,1,,2024-03-01,a-1,5,X
1,2,2,2024-03-01,B-2,9,X
2,1,,2024-03-04,POST,1,X
3,1,,2024-03-05,A-1,-5,X
4,1,,2024-03-06,B-2,-100,Y
,,,2024-03-06,B-2,-1,
5,1,,2024-03-07,B-2,"1,5",X
6,1,,03/04/2024,B-2,1,X
7,1,,2024-03-07,,1,X
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	audit, rows := runClean(t, path, "--map", "document=doc,line=line,version=rev,date=when,sku=code,quantity=qty,customer=who")
	want := []cleanedRow{
		{2, "A-1", "2024-03-01", "5", "repaired", "sku-form"},
		{3, "B-2", "2024-03-01", "7", "clean", ""},
		{4, "A-1", "2024-03-01", "5", "duplicate", ""},
		{5, "B-2", "2024-03-01", "9", "clean", "corrected"},
		{6, "POST", "2024-03-04", "1", "clean", "not-demand"},
		{7, "A-1", "2024-03-05", "-5", "clean", "reversed"},
		{8, "B-2", "2024-03-06", "-100", "flagged", "return-exceeds-sales"},
		{9, "B-2", "2024-03-06", "-1", "flagged", "unreferenced-negative"},
		{10, "B-2", "2024-03-07", "", "rejected", "bad-quantity"},
		{11, "B-2", "", "1", "rejected", "uncertain-date"},
		{12, "", "2024-03-07", "1", "rejected", "missing-sku"},
	}
	for i, w := range want {
		if rows[i] != w {
			t.Errorf("row %+v, want %+v", rows[i], w)
		}
	}
	if audit.Kept != 5 || audit.Flagged != 2 || audit.Rejected != 3 || audit.Duplicate != 1 || audit.Repaired != 1 ||
		audit.ByReason["sku-form"] != 1 || audit.ByReason["unreferenced-negative"] != 1 {
		t.Errorf("audit %+v", audit)
	}
	if _, rows := runClean(t, path, "--day-first", "--map", "document=doc,line=line,version=rev,date=when,sku=code,quantity=qty,customer=who"); rows[9].date != "2024-04-03" || rows[9].verdict != "repaired" {
		t.Errorf("with --day-first: %+v", rows[9])
	}
}

// A day of several rows is judged by its sum; the rows that are held are those that make it gross.
func TestCleanHoldsTheRowThatIsWrong(t *testing.T) {
	var b strings.Builder
	b.WriteString("sku,date,quantity\n")
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := range 60 {
		for _, q := range []int{40 + n%7, 60 - n%5} {
			if n == 30 && q >= 55 {
				q *= 50
			}
			fmt.Fprintf(&b, "A,%s,%d\n", day.AddDate(0, 0, n).Format(time.DateOnly), q)
		}
	}
	path := filepath.Join(t.TempDir(), "sales.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	audit, rows := runClean(t, path)
	if audit.Flagged != 1 || rows[61].verdict != "flagged" || rows[61].quantity != "3000" || rows[60].verdict != "clean" {
		t.Errorf("audit %+v, rows %+v", audit, rows[60:62])
	}
}

func TestCleanBadInput(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, text, says string }{
		{"empty.csv", "", "empty.csv: the file is empty"},
		{"nosku.csv", "date,quantity\n2024-01-01,1\n", "nosku.csv:1: sku: required"},
		{"nodate.csv", "sku,quantity\nA,1\n", "nodate.csv:1: date: required"},
		{"short.csv", "sku,date,quantity\nA,2024-01-01,1\nA,2024-01-02\n", "short.csv:3: the row has not the 3 fields"},
		{"quote.csv", "sku,date,quantity\nA,2024-01-01,1\nA,\"2024-01-02,1\n", "quote.csv:3: column"},
		{"latin.csv", "sku,date,quantity\nA\xe9,2024-01-01,1\n", "latin.csv:2: sku: not UTF-8"},
		{"events.jsonl", "{}\n", "events.jsonl: lines of JSON"},
		{"cut.csv.gz", "sku,date,quantity\n", "cut.csv.gz: the name ends in .gz"},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, method := range []string{"robust", "zscore"} {
			refusesClean(t, c.says, "--from", path, "--method", method)
		}
	}
	refusesClean(t, "no such file", "--from", filepath.Join(dir, "none.csv"))
	path := filepath.Join(dir, "nosku.csv")
	refusesClean(t, "is the input", "--from", path, "--out", path)
	refusesClean(t, "time_zone", "--from", path, "--time-zone", "Mars/North")
}

// The verdicts may go through a pipe; the audit then stands on standard error.
func TestCleanToStandardOutput(t *testing.T) {
	var o, e bytes.Buffer
	status := run(t.Context(), []string{"clean", "--from", "-", "--out", "-", "--json"}, streams{strings.NewReader("Sku;Date;Quantity\nA;2024-01-01;1\n"), &o, &e})
	if want := "row,sku,date,quantity,verdict,reason\n2,A,2024-01-01,1,clean,\n"; status != 0 || o.String() != want || !strings.Contains(e.String(), `"read":1,`) {
		t.Errorf("status %d, printed %q and %q", status, &o, &e)
	}
}

func refusesClean(t *testing.T, says string, args ...string) {
	t.Helper()
	var o, e bytes.Buffer
	status := run(context.Background(), append([]string{"clean"}, args...), streams{strings.NewReader(""), &o, &e})
	if status != exitUsage || !strings.Contains(e.String(), says) || strings.Count(e.String(), "\n") != 1 || o.Len() > 0 {
		t.Errorf("%v: status %d, printed %q and %q; want one line that says %q", args, status, &o, &e, says)
	}
}

// Half a year of a web shop: every row is accounted for.
func TestCleanOnlineRetail(t *testing.T) {
	takeTurn(t, otherLane)
	audit, rows := cleanedRetail(t)
	t.Logf("%+v", audit)
	if audit.Read != 245_903 || audit.Rejected != 0 {
		t.Errorf("audit %+v", audit)
	}
	if share := float64(audit.ByReason["outlier"]) / 245_903; share > 0.004 {
		t.Errorf("%.4f of the rows are held as outliers", share)
	}
	if r := rows[61621-2]; r.sku != "23166" || r.quantity != "74215" || r.verdict != "flagged" {
		t.Errorf("the order of 74,215 came out as %+v", r)
	}
}

// People get a table by outcome, and the largest of what is held.
func TestCleanTable(t *testing.T) {
	path, _ := shuffled(t, 1)
	var o, e bytes.Buffer
	if status := run(context.Background(), []string{"clean", "--from", path}, streams{strings.NewReader(""), &o, &e}); status != 0 {
		t.Fatalf("status %d: %s", status, &e)
	}
	for _, want := range []string{
		"read                     3,288  100.0 %  = kept + flagged + rejected + duplicate\n",
		"\nflagged                     52    1.6 %  held, until somebody reviews them\n  outlier ",
		"\n  unreferenced-negative     16    0.5 %  negative, without document and customer\nrejected ",
		"\n line  largest held  date        quantity\n  141  SKU-003       2025-05-15    25,900\n",
	} {
		if !strings.Contains(o.String(), want) {
			t.Errorf("no %q in\n%s", want, &o)
		}
	}
	if !strings.Contains(e.String(), "sales.csv  3,288 rows in ") {
		t.Errorf("it says %q", &e)
	}
}

package csvfeed

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"
	"pgregory.net/rapid"

	"drumbeat/schemas"
)

// write puts content into a file of that name in a new directory.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zip(t testing.TB, content string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// all reads a feed to its end or its first error.
func all(path string, o Options) ([]Record, error) {
	f, err := Open(path, o)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var records []Record
	for {
		var r Record
		if err := f.Next(&r); errors.Is(err, io.EOF) {
			return records, nil
		} else if err != nil {
			return records, err
		}
		r.Raw = bytes.Clone(r.Raw)
		records = append(records, r)
	}
}

// TestSalesAreAsWritten writes random cells and expects each of them back, with the line it began on,
// whatever the separator, the ends of lines, the byte order mark and the compression.
func TestSalesAreAsWritten(t *testing.T) {
	dir := t.TempDir()
	cell := rapid.OneOf(
		rapid.SampledFrom([]string{"", "6", "-3", "1.50", " 7 ", "12/05/2024", "2024-05-12", "007", "1e3", "NaN", "a;b", "tab\there"}),
		rapid.StringMatching(`[a-zA-Z0-9 ",;é€\n]{0,12}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOf(rapid.SliceOfN(cell, 4, 4)).Draw(t, "rows")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma = rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(t, "separator")
		crlf := rapid.Bool().Draw(t, "crlf")
		w.UseCRLF = crlf
		lines := make([]int, len(rows))
		if err := w.Write([]string{"Code", "Amount", "Day", "other"}); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			w.Flush()
			lines[i] = 1 + bytes.Count(b.Bytes(), []byte("\n"))
			if err := w.Write(row); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		content := b.String()
		if rapid.Bool().Draw(t, "mark") {
			content = "\ufeff" + content
		}
		name := "sales.csv"
		if rapid.Bool().Draw(t, "gzip") {
			var z bytes.Buffer
			zw := gzip.NewWriter(&z)
			if _, err := zw.Write([]byte(content)); err != nil {
				t.Fatal(err)
			}
			zw.Close()
			content, name = z.String(), "sales.csv.gz"
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := all(path, Options{Site: "north", Map: map[string]string{"sku": "Code", "quantity": "Amount", "date": "Day"}})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(rows) {
			t.Fatalf("%d events of %d rows", len(got), len(rows))
		}
		for i, r := range got {
			want := schemas.Event{ID: strconv.Itoa(lines[i]), Source: "csv:" + name, Type: schemas.TypeSale, Site: "north"}
			set := func(f *schemas.Field, s string, number bool) {
				if s != "" {
					*f = schemas.TextField(s)
				}
				if number && json.Valid([]byte(s)) && strings.TrimSpace(s) == s && s != "" && strings.ContainsAny(s[:1], "-0123456789") {
					f.Kind = schemas.Number
				}
			}
			set(&want.Sale.SKU, rows[i][0], false)
			set(&want.Sale.Quantity, rows[i][1], true)
			set(&want.Sale.Date, rows[i][2], false)
			if r.Line != lines[i] || r.Event != want || r.Raw != nil {
				t.Fatalf("row %q on line %d became %+v", rows[i], lines[i], r)
			}
		}
	})
}

func TestIsNumberIsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[-+0-9.eE]{0,8}`).Draw(t, "s")
		if got, want := isNumber(s), json.Valid([]byte(s)); got != want {
			t.Fatalf("isNumber(%q) = %v, JSON says %v", s, got, want)
		}
	})
}

func TestOwnNamesAndLeftOut(t *testing.T) {
	path := write(t, "s.csv", "sku,quantity,date,customer,Belegart\nA,1,2024-01-01,K1,web\n")
	got, err := all(path, Options{Source: "shop", Map: map[string]string{"channel": "Belegart", "customer": ""}})
	if err != nil {
		t.Fatal(err)
	}
	s := got[0].Event.Sale
	if s.SKU.Raw != "A" || s.Channel.Raw != "web" || s.Customer.Present() || got[0].Event.Source != "shop" {
		t.Errorf("%+v", got[0].Event)
	}
}

func TestHeadersInAnyCase(t *testing.T) {
	path := write(t, "s.csv", "SKU,Quantity, Date ,CUSTOMER,customer\nA,1,2024-01-01,no,yes\n")
	got, err := all(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s := got[0].Event.Sale; s.SKU.Raw != "A" || s.Quantity.Raw != "1" || s.Date.Raw != "2024-01-01" || s.Customer.Raw != "yes" {
		t.Errorf("%+v", s)
	}
	if _, err := all(path, Options{Map: map[string]string{"customer": "Customer"}}); err == nil || !strings.Contains(err.Error(), `two columns are named "Customer"`) {
		t.Errorf("two columns of one name: %v", err)
	}
}

func TestBadFiles(t *testing.T) {
	utf16 := "\xff\xfes\x00k\x00u\x00"
	cut := zip(t, strings.Repeat("sku,quantity,date\nA,1,2024-01-01\n", 1000))
	for _, c := range []struct {
		name, content string
		options       Options
		want          string // after the directory
	}{
		{"empty.csv", "", Options{}, "empty.csv: the file is empty; a header is needed"},
		{"none.csv", "sku,date\n", Options{}, "none.csv:1: quantity: required, but there is no such column; the header has sku, date (--map quantity=COLUMN)"},
		{"day.csv", "sku,quantity\n", Options{}, "day.csv:1: date: required, but there is no such column; the header has sku, quantity (--map date=COLUMN)"},
		{"map.csv", "a,b,c\n", Options{Map: map[string]string{"sku": "x"}}, `map.csv:1: sku: no column "x"; the header has a, b, c`},
		{"field.csv", "a,b,c\n", Options{Map: map[string]string{"qty": "a"}}, "field.csv: qty: --map: type sale has no such field; it has sku, quantity, date, time, document, line, version, unit_price, customer, channel"},
		{"twice.csv", "sku,sku,quantity,date\n", Options{}, `twice.csv:1: sku: two columns are named "sku"`},
		{"short.csv", "sku,quantity,date\nA,1,2024-01-01\n\nA,1\n", Options{}, "short.csv:4: the row has not the 3 fields of the header"},
		{"quote.csv", "sku,quantity,date\nA,\"1,2024-01-01\n", Options{}, `quote.csv:2: column 17: a quote (") in the wrong place, or one that is never closed`},
		{"latin1.csv", "sku,quantity,date\nCAF\xc9,1,2024-01-01\n", Options{}, "latin1.csv:2: sku: not UTF-8 text (convert the file, for example with iconv)"},
		{"utf16.csv", utf16, Options{}, "utf16.csv:1: UTF-16 text; UTF-8 is needed (convert the file, for example with iconv)"},
		{"plain.csv.gz", "sku,quantity,date\n", Options{}, "plain.csv.gz: the name ends in .gz but the content is not gzip"},
		{"cut.csv.gz", cut[:len(cut)-20], Options{}, "the compressed file is cut short"},
		{"site.csv", "sku,quantity,date\n", Options{Site: "a/b"}, `site.csv: site: "a/b" is not a site name`},
		{"l.jsonl", "{}\n", Options{Site: "a"}, "l.jsonl: --site is for CSV; lines of JSON name their sites"},
		{"l.jsonl", "{}\n", Options{Type: schemas.TypeItem}, "l.jsonl: --type is for CSV; lines of JSON name their types"},
		{"l.jsonl", "{}\n" + strings.Repeat("x", maxLine+1), Options{}, "l.jsonl:2: line longer than 1 MiB"},
	} {
		path := write(t, c.name, c.content)
		_, err := all(path, c.options)
		var bad *Error
		if !errors.As(err, &bad) || !strings.HasSuffix(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s: error %v, want …%s", c.name, err, c.want)
		}
	}
	_, err := Open("/nonexistent/sales.csv", Options{})
	if err == nil || err.Error() != "/nonexistent/sales.csv: no such file or directory" {
		t.Errorf("error %v", err)
	}
}

func TestJSONLinesPassUnread(t *testing.T) {
	for _, path := range []string{
		write(t, "e.jsonl", "{\"id\":\"1\"}\n\n  {broken \r\n"),
		write(t, "e.ndjson.gz", zip(t, "\ufeff{\"id\":\"1\"}\n\n  {broken ")),
	} {
		got, err := all(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || string(got[0].Raw) != `{"id":"1"}` || string(got[1].Raw) != "{broken" || got[1].Line != 3 {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestStandardInput(t *testing.T) {
	const rows = "sku,quantity,date\nA,1,2024-01-01\n"
	read := func(content string) []Record {
		t.Helper()
		got, err := all("-", Options{Stdin: strings.NewReader(content)})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first, second := read(rows), read(rows)
	if len(first) != 1 || first[0].Event.Source == second[0].Event.Source {
		t.Errorf("two pipes share the source %q", first[0].Event.Source)
	}
	if got := read(zip(t, rows)); len(got) != 1 {
		t.Errorf("compressed: %d events", len(got))
	}
	if got := read(`{"specversion":"1.0"}`); len(got) != 1 || got[0].Raw == nil {
		t.Errorf("JSON lines: %+v", got)
	}
}

func TestProgress(t *testing.T) {
	path := write(t, "p.csv", "sku,quantity,date\nA,1,2024-01-01\n")
	f, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r Record
	for err == nil {
		err = f.Next(&r)
	}
	if read, total := f.Progress(); read != 33 || total != 33 {
		t.Errorf("read %d of %d bytes, want 33 of 33", read, total)
	}
}

// BenchmarkSales reads rows of the shape of an invoice line; it reports rows a second.
func BenchmarkSales(b *testing.B) {
	const rows = 100_000
	var s strings.Builder
	s.WriteString("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n")
	for i := range rows {
		s.WriteString(strconv.Itoa(536365+i) + ",85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n")
	}
	path := write(b, "rows.csv", s.String())
	m := map[string]string{"sku": "StockCode", "quantity": "Quantity", "date": "InvoiceDate", "document": "InvoiceNo", "customer": "CustomerID", "unit_price": "UnitPrice"}
	b.ReportAllocs()
	for b.Loop() {
		f, err := Open(path, Options{Map: m})
		if err != nil {
			b.Fatal(err)
		}
		var r Record
		n := 0
		for err = f.Next(&r); err == nil; err = f.Next(&r) {
			n++
		}
		f.Close()
		if !errors.Is(err, io.EOF) || n != rows {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// TestNamedPipe: the name of a pipe says nothing about its content, so it identifies no events.
func TestNamedPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	sources := map[string]bool{}
	for range 2 {
		wrote := make(chan error, 1)
		go func() { wrote <- os.WriteFile(path, []byte("sku,quantity,date\nA,1,2024-01-01\n"), 0o600) }()
		got, err := all(path, Options{})
		if err := errors.Join(err, <-wrote); err != nil || len(got) != 1 {
			t.Fatalf("%d events, %v", len(got), err)
		}
		sources[got[0].Event.Source] = true
	}
	if len(sources) != 2 {
		t.Errorf("two runs share a source: %v", sources)
	}
}

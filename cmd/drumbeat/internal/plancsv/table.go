package plancsv

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"drumbeat/cmd/drumbeat/internal/csvfeed"
)

// Error is what is wrong with an input file. Line 0 is the file as a whole.
type Error struct {
	File  string
	Line  int
	Field string
	Err   error
}

// Error names file, line and field, as far as there are any.
func (e *Error) Error() string {
	text := e.File
	if e.Line > 0 {
		text += ": line " + strconv.Itoa(e.Line)
	}
	if e.Field != "" {
		text += ": " + e.Field
	}
	return text + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// maxFile is the largest file read, after decompression.
const maxFile = 1 << 30

// maxQuantity is the largest quantity a plan message can carry.
const maxQuantity = 9.2e12

// table is a CSV file in memory, with the columns found by name.
type table struct {
	file   string
	column map[string]int
	header []string
	rows   []row
}

// row is one record; line is where it begins.
type row struct {
	t     *table
	line  int
	cells []string
}

// readTable reads a file whose header has the required columns and may have the optional ones. It may have no rows:
// nobody has to have open orders.
func readTable(file string, required, optional []string) (*table, error) {
	t := &table{file: file}
	data, err := readAll(file)
	if err != nil {
		return nil, t.fail(0, "", err)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, t.fail(0, "", errors.New("is empty"))
	case bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data):
		return nil, t.fail(lineOfStray(data), "", errors.New("is not text in UTF-8 (convert the file, for example with iconv)"))
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = csvfeed.Separator(data)
	r.FieldsPerRecord = -1
	for {
		cells, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			var parse *csv.ParseError
			if errors.As(err, &parse) {
				return nil, t.fail(parse.Line, "", parse.Err)
			}
			return nil, t.fail(0, "", err)
		}
		line, _ := r.FieldPos(0)
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if t.header == nil {
			if err := t.readHeader(cells, line, required, optional); err != nil {
				return nil, err
			}
			continue
		}
		if len(cells) == 1 && cells[0] == "" {
			continue
		}
		if len(cells) != len(t.header) {
			return nil, t.fail(line, "", fmt.Errorf("%d fields, the header has %d", len(cells), len(t.header)))
		}
		t.rows = append(t.rows, row{t, line, cells})
	}
	return t, nil
}

// filled refuses a file without rows.
func (t *table) filled() error {
	if len(t.rows) == 0 {
		return t.fail(0, "", errors.New("has a header but no rows"))
	}
	return nil
}

// lineOfStray is the line of the first byte that is no text.
func lineOfStray(data []byte) int {
	for i, line := range bytes.Split(data, []byte("\n")) {
		if bytes.IndexByte(line, 0) >= 0 || !utf8.Valid(line) {
			return i + 1
		}
	}
	return 0
}

// readAll reads a file, decompressed if it is gzip.
func readAll(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("is a directory")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil || !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, err
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	data, err = io.ReadAll(io.LimitReader(z, maxFile))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the compressed file is cut short")
	}
	return data, err
}

func (t *table) fail(line int, field string, err error) error {
	return &Error{t.file, line, field, err}
}

func (t *table) readHeader(cells []string, line int, required, optional []string) error {
	t.header, t.column = cells, map[string]int{}
	for i, name := range cells {
		name = strings.ToLower(name)
		if _, twice := t.column[name]; twice && name != "" {
			return t.fail(line, name, errors.New("column stands twice"))
		}
		t.column[name] = i
	}
	known := map[string]bool{}
	for _, name := range append(append([]string(nil), required...), optional...) {
		known[name] = true
	}
	for _, name := range required {
		if _, ok := t.column[name]; !ok {
			return t.fail(line, name, fmt.Errorf("column is missing (the header is %q)", excerpt(strings.Join(cells, ","))))
		}
	}
	for _, cell := range cells {
		name := strings.ToLower(cell)
		if known[name] {
			continue
		}
		for k := range known {
			if _, there := t.column[k]; !there && distance(name, k) <= 2 && len(k) > 3 {
				return t.fail(line, cell, fmt.Errorf("unknown column; did you mean %s?", k))
			}
		}
	}
	return nil
}

// distance is the number of single-letter changes between a and b (Levenshtein).
func distance(a, b string) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		cur := make([]int, len(b)+1)
		cur[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j]+cost, prev[j+1]+1, cur[j]+1)
		}
		prev = cur
	}
	return prev[len(b)]
}

func excerpt(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}

// text returns a cell, "" where the column is absent.
func (r row) text(field string) string {
	if i, ok := r.t.column[field]; ok {
		return r.cells[i]
	}
	return ""
}

func (r row) fail(field string, format string, args ...any) error {
	return r.t.fail(r.line, field, fmt.Errorf(format, args...))
}

// sku returns the canonical form of the SKU.
func (r row) sku() (string, error) {
	name := strings.ToUpper(r.text("sku"))
	if name == "" {
		return "", r.fail("sku", "is empty")
	}
	for _, c := range name {
		if c < ' ' || c == 0x7f {
			return "", r.fail("sku", "%q has a control character", excerpt(name))
		}
	}
	return name, nil
}

// number returns a cell as a number from low to high; an empty cell is missing.
func (r row) number(field string, low, high float64) (v float64, there bool, err error) {
	text := r.text(field)
	if text == "" {
		return 0, false, nil
	}
	v, err = strconv.ParseFloat(text, 64)
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0) || (err != nil && !errors.Is(err, strconv.ErrRange)) || strings.ContainsAny(text, "xX_"):
		return 0, false, r.fail(field, "%q is not a number", excerpt(text))
	case v < 0 && low >= 0:
		return 0, false, r.fail(field, "%s is negative", excerpt(text))
	case v < low || v > high:
		return 0, false, r.fail(field, "%s is not within %g … %g", excerpt(text), low, high)
	}
	return v, true, nil
}

// amount is a required number that is not negative.
func (r row) amount(field string) (float64, error) {
	v, there, err := r.number(field, 0, maxQuantity)
	if err == nil && !there {
		err = r.fail(field, "is empty")
	}
	return v, err
}

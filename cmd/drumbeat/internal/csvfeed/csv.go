package csvfeed

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"drumbeat/schemas"
)

// startCSV reads the header and makes f.next read rows of the type.
func (f *Feed) startCSV(o Options, modified time.Time) error {
	if o.Type == schemas.TypeUnknown {
		o.Type = schemas.TypeSale
	}
	f.site = o.Site
	rows := csv.NewReader(f.input)
	rows.ReuseRecord = true
	start, _ := f.input.Peek(4096) // what Peek cannot give is reported by the first Read
	rows.Comma = Separator(start)
	first, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return &Error{File: f.name, Err: errEmpty}
	}
	if err != nil {
		return f.csvError(rows, err, nil)
	}
	header := append([]string(nil), first...)
	for _, name := range header {
		if !utf8.ValidString(name) {
			return &Error{File: f.name, Line: 1, Err: errNotUTF8}
		}
	}
	if o.Type == schemas.TypeSale {
		return f.startSales(rows, header, o)
	}
	return f.startDefinitions(rows, header, o, modified)
}

// Separator finds what separates the columns of the header with which a file starts: the most frequent of comma,
// semicolon and tab.
func Separator(start []byte) rune {
	header, _, _ := bytes.Cut(start, []byte("\n"))
	best := ','
	for _, c := range ";\t" {
		if bytes.Count(header, []byte(string(c))) > bytes.Count(header, []byte(string(best))) {
			best = c
		}
	}
	return best
}

// read reads the next row and checks the text of the columns in use.
func (f *Feed) read(rows *csv.Reader, header []string, fields []field, columns []int) (cells []string, line int, err error) {
	cells, err = rows.Read()
	if err != nil {
		return nil, 0, f.csvError(rows, err, header)
	}
	line, _ = rows.FieldPos(0)
	for i, at := range columns {
		if at >= 0 && !utf8.ValidString(cells[at]) {
			return nil, 0, &Error{File: f.name, Line: line, Field: fields[i].name, Err: errNotUTF8}
		}
	}
	return cells, line, nil
}

// csvError names file and line of an error of the CSV reader; io.EOF stays as it is.
func (f *Feed) csvError(rows *csv.Reader, err error, header []string) error {
	if errors.Is(err, io.EOF) {
		return err
	}
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		line, _ := 0, 0
		if header == nil {
			line = 1
		}
		return f.wrap(line, err)
	}
	if errors.Is(err, csv.ErrFieldCount) {
		return &Error{File: f.name, Line: parse.StartLine, Err: fmt.Errorf("the row has not the %d fields of the header", len(header))}
	}
	if errors.Is(err, csv.ErrQuote) || errors.Is(err, csv.ErrBareQuote) {
		return &Error{File: f.name, Line: parse.StartLine, Field: fmt.Sprintf("column %d", parse.Column), Err: errQuotes}
	}
	return f.wrap(parse.StartLine, parse.Err)
}

// startSales reads sales: cells become fields as they are written.
func (f *Feed) startSales(rows *csv.Reader, header []string, o Options) error {
	columns, err := f.columns(saleFields, o.Type, header, o.Map)
	if err != nil {
		return err
	}
	if columns[2] < 0 && columns[3] < 0 {
		return f.missing("date", header)
	}
	var id []byte
	f.next = func(r *Record) error {
		cells, line, err := f.read(rows, header, saleFields, columns)
		if err != nil {
			return err
		}
		id = strconv.AppendInt(id[:0], int64(line), 10)
		*r = Record{Line: line, Event: schemas.Event{ID: string(id), Source: o.Source, Type: o.Type, Site: f.site}}
		s := &r.Event.Sale
		for i, to := range [...]*schemas.Field{
			&s.SKU, &s.Quantity, &s.Date, &s.Time, &s.Document, &s.Line, &s.Version, &s.UnitPrice, &s.Customer, &s.Channel,
		} {
			if at := columns[i]; at >= 0 && cells[at] != "" {
				to.Raw, to.Kind = cells[at], schemas.Text
				if saleFields[i].kind == number && isNumber(cells[at]) {
					to.Kind = schemas.Number
				}
			}
		}
		return nil
	}
	return nil
}

// isNumber says whether s is a number as JSON writes it. Other spellings stay text: to read them is a
// repair, and repairs are counted by the cleaner.
func isNumber(s string) bool {
	i := 0
	digits := func() bool {
		start := i
		for i < len(s) && '0' <= s[i] && s[i] <= '9' {
			i++
		}
		return i > start
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else if !digits() {
		return false
	}
	if i < len(s) && s[i] == '.' {
		i++
		if !digits() {
			return false
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '-' || s[i] == '+') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(s)
}

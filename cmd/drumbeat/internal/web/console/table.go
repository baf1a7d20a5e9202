package console

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"drumbeat/cmd/drumbeat/internal/web/chart"
	"drumbeat/schemas"
)

// Table is shown as HTML and downloaded as CSV.
type Table struct {
	ID      string // its name in the page's address and in the file's name
	Caption string
	Columns []Column
	Rows    [][]Cell
	Empty   string // said where there are no rows
	CSV     string // address of the download
}

// Column heads a column; a number's cells stand to the right.
type Column struct {
	Name   string
	Number bool
}

// columns reads names; those behind a # are numbers.
func columns(names ...string) (list []Column) {
	for _, n := range names {
		name, number := strings.CutPrefix(n, "#")
		list = append(list, Column{name, number})
	}
	return list
}

// Cell is one value of a table: Text for people, Raw for machines.
type Cell struct {
	Text    string
	Raw     string
	Note    string   // said small below the text
	Link    string   // address that the text leads to
	Class   string   // of the stylesheet
	Buttons []Button // of the form around the table
	Time    bool     // Raw is an instant in RFC 3339
}

// Button sends the form around the table with ruling=Value.
type Button struct{ Value, Label, Class string }

// add appends a row.
func (t *Table) add(cells ...Cell) { t.Rows = append(t.Rows, cells) }

// text is a cell of words.
func text(s string) Cell { return Cell{Text: s, Raw: s} }

// linked is a cell of words that lead somewhere.
func linked(s, address string) Cell { return Cell{Text: s, Raw: s, Link: address} }

// classed is the cell with a class of the stylesheet.
func (c Cell) classed(class string) Cell {
	c.Class = class
	return c
}

// number is a cell of a number, exact for machines.
func number(v float64) Cell {
	return Cell{Text: chart.Number(v), Raw: strconv.FormatFloat(v, 'f', -1, 64)}
}

// quantity is a cell of a quantity.
func quantity(q schemas.Quantity) Cell { return Cell{Text: chart.Number(q.Float()), Raw: q.String()} }

// nonzero leaves the text of a zero quiet, so that the others stand out.
func nonzero(c Cell) Cell {
	if c.Raw == "0" {
		c.Text, c.Class = "·", "zero"
	}
	return c
}

// signed is a cell of a difference.
func signed(v float64) Cell {
	return Cell{Text: chart.Signed(v), Raw: strconv.FormatFloat(v, 'f', -1, 64)}
}

// share is a cell of a percentage; the machine's value is the share.
func share(v float64) Cell {
	return Cell{Text: chart.Percent(v), Raw: strconv.FormatFloat(v, 'f', -1, 64)}
}

// maybe is a share that may be unknown.
func maybe(v *float64) Cell {
	if v == nil {
		return Cell{Text: chart.Missing, Class: "zero"}
	}
	return share(*v)
}

// writeCSV writes the head and all rows.
func (t *Table) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	record := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		record[i] = strings.ReplaceAll(strings.ToLower(c.Name), " ", "_")
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for _, row := range t.Rows {
		for i, c := range row {
			record[i] = c.Raw
			if !t.Columns[i].Number {
				record[i] = inert(c.Raw)
			}
		}
		if err := out.Write(record[:len(row)]); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// inert puts an apostrophe before text that a spreadsheet would run as a formula: names come from events,
// and events come from anywhere.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

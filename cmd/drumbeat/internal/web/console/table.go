package console

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

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
	Mixed   bool   // rows are of different kinds: figures of one column have nothing in common
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

	value  *float64 // of a number whose text the column lays out
	most   int      // decimals at most
	signed bool     // with a plus
	unit   string   // behind the number
}

// Button sends the form around the table with ruling=Value.
type Button struct{ Value, Label, Class string }

// add appends a row.
func (t *Table) add(cells ...Cell) { t.Rows = append(t.Rows, cells) }

// shortText is the length up to which text stays on one line.
const shortText = 26

// text is a cell of words.
func text(s string) Cell {
	c := Cell{Text: s, Raw: s}
	if utf8.RuneCountInString(s) > shortText {
		c.Class = "sentence"
	}
	return c
}

// words is a cell of a name that programs use; people read it with blanks.
func words(s string) Cell {
	c := text(strings.ReplaceAll(s, "-", " "))
	c.Raw = s
	return c
}

// linked is a cell of words that lead somewhere.
func linked(s, address string) Cell {
	c := text(s)
	c.Link = address
	return c
}

// classed is the cell with a class of the stylesheet.
func (c Cell) classed(class string) Cell {
	c.Class = class
	return c
}

// decimal is a cell of a number with at most the given decimals; raw is exact.
func decimal(v float64, most int, raw string) Cell {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Cell{Text: chart.Missing, Class: "zero"}
	}
	return Cell{Raw: raw, value: &v, most: most}
}

func exact(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// number is a cell of a number.
func number(v float64) Cell { return decimal(v, 2, exact(v)) }

// money is a cell of an amount, without its decimals.
func money(v float64) Cell { return decimal(v, 0, exact(v)) }

// quantity is a cell of a quantity.
func quantity(q schemas.Quantity) Cell { return decimal(q.Float(), 2, q.String()) }

// difference is the number with a plus where it is above 0.
func (c Cell) difference() Cell {
	c.signed = true
	return c
}

// nonzero leaves the text of a zero quiet, so that the others stand out.
func nonzero(c Cell) Cell {
	if c.Raw == "0" {
		return Cell{Text: "·", Raw: "0", Class: "zero"}
	}
	return c
}

// alarming is a number that should be zero.
func alarming(c Cell) Cell {
	if c = nonzero(c); c.Class == "" {
		c.Class = "bad"
	}
	return c
}

// share is a cell of a percentage; the machine's value is the share.
func share(v float64) Cell {
	c := decimal(100*v, 1, exact(v))
	c.unit = " %"
	return c
}

// maybe is a share that may be unknown.
func maybe(v *float64) Cell {
	if v == nil {
		return Cell{Text: chart.Missing, Class: "zero"}
	}
	return share(*v)
}

// layOut writes the numbers of each column with the same number of decimals, so that their points stand in
// a line. Figures of a Mixed table stand for themselves.
func (t *Table) layOut() {
	for k := range t.Columns {
		decimals := 0
		for _, row := range t.Rows {
			if k < len(row) && row[k].value != nil {
				decimals = max(decimals, chart.Decimals(*row[k].value, row[k].most))
			}
		}
		for _, row := range t.Rows {
			if k >= len(row) || row[k].value == nil {
				continue
			}
			c := &row[k]
			n := decimals
			if t.Mixed {
				n = chart.Decimals(*c.value, c.most)
			}
			c.Text = chart.Fixed(*c.value, n) + c.unit
			if c.signed && *c.value > 0 {
				c.Text = "+" + c.Text
			}
		}
	}
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

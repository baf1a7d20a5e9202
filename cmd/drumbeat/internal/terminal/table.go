package terminal

import (
	"strings"
)

// Table aligns rows of cells in columns, two blanks apart.
type Table struct {
	columns []Column
	rows    [][]Cell
}

// Column is the head of a column. A text may be cut to Max characters (0: never).
type Column struct {
	Title string
	Right bool // numbers
	Max   int
	Group string // columns side by side with the same group share a line above their titles
}

// Cell is a text with its ink.
type Cell struct {
	Text string
	Ink  Ink
}

// NewTable starts a table. A table whose titles are all empty has no head.
func NewTable(columns ...Column) *Table { return &Table{columns: columns} }

// Left and Right are the heads of columns of texts and of numbers.
func Left(title string) Column  { return Column{Title: title} }
func Right(title string) Column { return Column{Title: title, Right: true} }

// Row adds a row of plain texts; missing cells are empty.
func (t *Table) Row(texts ...string) {
	cells := make([]Cell, len(texts))
	for i, s := range texts {
		cells[i].Text = s
	}
	t.rows = append(t.rows, cells)
}

// Cells adds a row of cells.
func (t *Table) Cells(cells ...Cell) { t.rows = append(t.rows, cells) }

// Lines draws the table. Cells may hold colour codes of their own.
func (t *Table) Lines(s Style) []string {
	widths := make([]int, len(t.columns))
	head := false
	for i, c := range t.columns {
		widths[i] = width(c.Title)
		head = head || c.Title != ""
	}
	for _, row := range t.rows {
		for i := range min(len(row), len(widths)) {
			w := width(row[i].Text)
			if limit := t.columns[i].Max; limit > 0 {
				w = min(w, limit)
			}
			widths[i] = max(widths[i], w)
		}
	}
	t.widen(widths)
	var lines []string
	if group := t.groups(s, widths); group != "" {
		lines = append(lines, group)
	}
	if head {
		titles := make([]Cell, len(t.columns))
		for i, c := range t.columns {
			titles[i] = Cell{c.Title, Dim}
		}
		lines = append(lines, t.line(s, titles, widths))
	}
	for _, row := range t.rows {
		lines = append(lines, t.line(s, row, widths))
	}
	return lines
}

// groupRoom is how long the name of a group may be before it is cut to the width of its columns.
const groupRoom = 16

// widen makes room for the names of groups in the first of their columns.
func (t *Table) widen(widths []int) {
	for i := 0; i < len(widths); {
		name, span, j := t.columns[i].Group, widths[i], i+1
		for ; j < len(widths) && name != "" && t.columns[j].Group == name; j++ {
			span += 2 + widths[j]
		}
		if missing := min(width(name), groupRoom) - span; missing > 0 {
			widths[i] += missing
		}
		i = j
	}
}

// groups draws the line above the titles, "" where no column has a group.
func (t *Table) groups(s Style, widths []int) string {
	var b strings.Builder
	any := false
	for i := 0; i < len(widths); {
		name, span, right, j := t.columns[i].Group, widths[i], t.columns[i].Right, i+1
		for ; j < len(widths) && name != "" && t.columns[j].Group == name; j++ {
			span += 2 + widths[j]
			right = right && t.columns[j].Right
		}
		if i > 0 {
			b.WriteString("  ")
		}
		any = any || name != ""
		b.WriteString(s.Ink(Bold, pad(s.cut(name, span), span, right)))
		i = j
	}
	if !any {
		return ""
	}
	return t.trim(s, b.String())
}

// trim drops the blanks at the end of a line of plain text.
func (t *Table) trim(s Style, line string) string {
	if s.Color {
		return line
	}
	return strings.TrimRight(line, " ")
}

func (t *Table) line(s Style, row []Cell, widths []int) string {
	var b strings.Builder
	for i, w := range widths {
		if i > 0 {
			b.WriteString("  ")
		}
		var c Cell
		if i < len(row) {
			c = row[i]
		}
		text := s.cut(c.Text, w)
		if i < len(widths)-1 || t.columns[i].Right {
			text = pad(text, w, t.columns[i].Right)
		}
		b.WriteString(s.Ink(c.Ink, text))
	}
	return t.trim(s, b.String())
}

// String draws the table with a line feed after each line.
func (t *Table) String(s Style) string {
	return strings.Join(t.Lines(s), "\n") + "\n"
}

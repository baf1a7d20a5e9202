// Package bench holds the benchmarks of the whole program: what one core decodes, how long plans take to
// solve. Each reports its figures as rows, for people in a table and for machines as JSON lines.
package bench

import (
	"context"
	"fmt"
	"strings"

	"drumbeat/cmd/drumbeat/internal/terminal"
)

// Row is one measured figure. It is also the line that `drumbeat bench --json` prints.
type Row struct {
	Bench  string  `json:"bench"`
	Case   string  `json:"case"`
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
}

// String is the figure in words: cold seconds 2.100 s.
func (r Row) String() string {
	s := strings.ReplaceAll(r.Metric, "_", " ") + " " + figure(r.Value)
	if r.Unit != "1" {
		s += " " + r.Unit
	}
	return s
}

// figure keeps about three digits.
func figure(v float64) string {
	switch {
	case v == 0 || v >= 100 || v <= -100:
		return terminal.Number(v, 0)
	case v >= 10 || v <= -10:
		return terminal.Number(v, 1)
	case v >= 0.1 || v <= -0.1:
		return terminal.Number(v, 3)
	case v >= 1e-4 || v <= -1e-4:
		return terminal.Number(v, 5)
	}
	return fmt.Sprintf("%.1e", v)
}

// Bench is a benchmark that has a name.
type Bench struct {
	Name string
	Help string // what it measures, in one line
	// Run reports each figure as soon as it is known.
	Run func(ctx context.Context, report func(Row)) error
}

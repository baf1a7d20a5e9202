package bench

import "context"

// Row is one measured figure. It is also the line that `drumbeat bench --json` prints.
type Row struct {
	Bench  string  `json:"bench"`
	Case   string  `json:"case"`
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
}

// Bench is a benchmark that has a name.
type Bench struct {
	Name string
	Help string // what it measures, in one line
	// Run reports each figure as soon as it is known.
	Run func(ctx context.Context, report func(Row)) error
}

package bench

// Row is one measured figure. It is also the line that `drumbeat bench --json` prints.
type Row struct {
	Bench  string  `json:"bench"`
	Case   string  `json:"case"`
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
}

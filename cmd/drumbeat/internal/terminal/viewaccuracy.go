package terminal

import "fmt"

// Accuracy is how the published forecasts of a site compare with demand over one horizon. A share of which
// nothing is known yet is nil.
type Accuracy struct {
	Horizon    string   `json:"horizon"` // "1d", "7d", "28d" or "cover"
	SKUs       int      `json:"skus"`
	Windows    int64    `json:"windows"`
	WAPE       *float64 `json:"wape"`
	NaiveWAPE  *float64 `json:"naive_wape"`
	Bias       *float64 `json:"bias"`        // above 0: the forecast was too high
	Coverage80 *float64 `json:"coverage_80"` // within the 80 % interval
	Coverage95 *float64 `json:"coverage_95"` // not above the .95 quantile
}

// horizons are the horizons in words.
var horizons = map[string]string{
	"1d": "next day", "7d": "next 7 days", "28d": "next 28 days", "cover": "lead time and review",
}

// accuracy draws how good the published forecasts were, a row a horizon.
func (v *View) accuracy(f *frame) {
	if len(v.Accuracy) == 0 {
		return
	}
	f.section("accuracy", "of published forecasts, against demand")
	for _, line := range AccuracyTable(v.Accuracy).Lines(f.style) {
		f.add(line)
	}
}

// AccuracyTable has a row a horizon.
func AccuracyTable(list []Accuracy) *Table {
	t := NewTable(Left("forecast of the"), Right("SKUs"), Right("windows"), Right("error (WAPE)"), Right("naive"), Right("bias"),
		Right("in 80 %"), Right("up to .95"))
	for _, x := range list {
		name, ok := horizons[x.Horizon]
		if !ok {
			name = x.Horizon
		}
		t.Cells(Cell{Text: name}, Cell{Text: Count(x.SKUs)}, Cell{Text: Count(x.Windows)}, Cell{share(x.WAPE), Bold}, Cell{share(x.NaiveWAPE), Dim},
			Cell{Text: signed(x.Bias)}, Cell{Text: share(x.Coverage80)}, Cell{Text: share(x.Coverage95)})
	}
	return t
}

func share(v *float64) string {
	if v == nil {
		return "-"
	}
	return Percent(*v)
}

func signed(v *float64) string {
	if v == nil || *v <= 0 {
		return share(v)
	}
	return fmt.Sprint("+", Percent(*v))
}

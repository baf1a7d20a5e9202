package plancsv

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
)

// readPrevious reads a plan that `drumbeat plan --json` wrote: it is the baseline that changes are
// measured against, and its first periods may be frozen.
func (r *reader) readPrevious() error {
	file := r.files.Previous
	if file == "" {
		return nil
	}
	fail := func(line int, field string, err error) error { return &Error{file, line, field, err} }
	data, err := readAll(file)
	if err != nil {
		return fail(0, "", err)
	}
	var plan struct {
		Lines []struct {
			SKU     string `json:"sku"`
			Periods []struct {
				Period     string   `json:"period"`
				Production *float64 `json:"production"`
			} `json:"periods"`
		} `json:"lines"`
	}
	if err := json.Unmarshal(data, &plan); err != nil {
		var syntax *json.SyntaxError
		var wrong *json.UnmarshalTypeError
		switch {
		case errors.As(err, &syntax):
			return fail(lineOf(data, syntax.Offset), "", fmt.Errorf("is no JSON: %w", syntax))
		case errors.As(err, &wrong):
			return fail(lineOf(data, wrong.Offset), wrong.Field, fmt.Errorf("is a %s", wrong.Value))
		}
		return fail(0, "", err)
	}
	if len(plan.Lines) == 0 {
		return fail(0, "lines", errNoPlan)
	}
	T := len(r.p.Periods)
	for i, line := range plan.Lines {
		s, ok := r.skus[strings.ToUpper(strings.TrimSpace(line.SKU))]
		if !ok {
			continue // it left the plan
		}
		sku := &r.p.SKUs[s]
		sku.Baseline, sku.HasBaseline, sku.ChangePrice = make([]float64, T), make([]bool, T), make([]float64, T)
		for j, period := range line.Periods {
			where := fmt.Sprintf("lines[%d].periods[%d]", i, j)
			start, _, err := parsePeriod(period.Period)
			if err != nil {
				return fail(0, where+".period", err)
			}
			x := period.Production
			if x == nil || !(*x >= 0 && *x <= maxQuantity) {
				return fail(0, where+".production", errors.New("is missing or not a number from 0 on"))
			}
			if t, inside := r.cal.index[start]; inside {
				sku.Baseline[t], sku.HasBaseline[t] = *x, true
				sku.ChangePrice[t] = changePrice(r.files.ChangePrice, sku.HoldingCost, sku.ProductionCost, t, T, r.files.Frozen)
			}
		}
		if r.files.Frozen > 0 {
			sku.Fixed = append([]float64(nil), sku.Baseline[:r.files.Frozen]...)
		}
	}
	return nil
}

// changePrice is k[t] = κ·h·(T − t)/(T − F) with t from 0: dearer the sooner it is, always below the
// production cost.
func changePrice(kappa, h, c float64, t, T, frozen int) float64 {
	return math.Min(kappa*h*float64(T-t)/float64(max(1, T-frozen)), 0.999*c)
}

// lineOf is the line that a byte offset is in.
func lineOf(data []byte, offset int64) int {
	return 1 + strings.Count(string(data[:min(int(offset), len(data))]), "\n")
}

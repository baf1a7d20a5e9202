package terminal

import (
	"fmt"
	"math"
	"strings"
	"time"

	"drumbeat/schemas"
)

// shortages draws the largest shortages and what they wait for.
func (v *View) shortages(f *frame) {
	h := v.Head
	if len(h.Shortages) == 0 {
		return
	}
	note := quantity(h.ShortageTotal) + " units of demand not met"
	if h.ShortageTotal == 0 {
		note = "all demand is met; stock is below its safety level"
	}
	f.section("shortages", note)
	const most = 5
	for _, x := range h.Shortages[:min(len(h.Shortages), most)] {
		line := fmt.Sprintf("%s in %s: %s %s", f.style.Ink(Bold, x.SKU), x.Period, f.style.Ink(Bad, quantity(x.Quantity)), x.Kind)
		if x.Resource != "" {
			line += fmt.Sprintf("; %s binds at %s a unit", x.Resource, Number(x.Price, 2))
		}
		if len(x.DisplacedBy) > 0 {
			line += "; displaced by " + strings.Join(x.DisplacedBy[:min(3, len(x.DisplacedBy))], ", ")
		}
		f.add(line)
	}
	if more := len(h.Shortages) - most; more > 0 {
		f.add(f.style.Ink(Dim, fmt.Sprintf("and %d more", more)))
	}
}

// infeasible says why a strict plan does not exist and what would do.
func (v *View) infeasible(f *frame) {
	x := v.Head.Infeasibility
	if x == nil {
		return
	}
	f.section("no plan is feasible", "cause: "+x.Cause)
	what := x.Resource
	if what == "" {
		what = x.SKU
	}
	f.add(fmt.Sprintf("%s is first short in %s; up to %s it lacks %s", f.style.Ink(Bold, what), x.FirstShortPeriod, x.PeakPeriod, f.style.Ink(Bad, Amount(x.Missing))))
	if x.Factor != nil {
		line := fmt.Sprintf("feasible with %s times the capacity", Number(*x.Factor, 4))
		if x.UniformExtra != nil {
			line += fmt.Sprintf(", or %s more in every period", Number(*x.UniformExtra, 2))
		}
		f.add(line)
	}
}

// result draws what the plan costs, how that is known, and how long it took.
func (v *View) result(f *frame) {
	h, s := v.Head, f.style
	t := NewTable(Column{}, Column{})
	solved := h.Status != schemas.PlanInfeasible
	cost := []string{Amount(h.Cost.Production) + " production", Amount(h.Cost.Holding) + " holding"}
	if h.Cost.Overtime != 0 {
		cost = append(cost, Amount(h.Cost.Overtime)+" overtime")
	}
	if h.Cost.Shortage != 0 {
		cost = append(cost, Amount(h.Cost.Shortage)+" shortage")
	}
	line := s.Ink(Bold, Amount(h.Cost.Total)) + " = " + strings.Join(cost, " + ")
	if solved {
		t.Cells(Cell{"cost", Dim}, Cell{Text: line})
		if h.Cost.Stability != 0 {
			t.Cells(Cell{"stability", Dim}, Cell{Text: Amount(h.Cost.Stability) + " dearer than a plan that need not keep to the former one"})
		}
	}
	if solved {
		t.Cells(Cell{"certificate", Dim}, Cell{Text: certificate(s, h)})
	}
	if h.Cause.Trigger != "" {
		line = h.Cause.Trigger
		if h.Cause.Detail != "" {
			line += ": " + h.Cause.Detail
		}
		if len(h.Cause.SKUs) > 0 {
			line += " (" + strings.Join(h.Cause.SKUs[:min(4, len(h.Cause.SKUs))], ", ")
			if len(h.Cause.SKUs) > 4 {
				line += fmt.Sprintf(" and %d more", len(h.Cause.SKUs)-4)
			}
			line += ")"
		}
		t.Cells(Cell{"cause", Dim}, Cell{Text: line})
	}
	if h.Reason != "" {
		t.Cells(Cell{"reason", Dim}, Cell{h.Reason, Bad})
	}
	if l := v.Latency; l.Plans > 0 {
		t.Cells(Cell{"sale to plan", Dim}, Cell{Text: latency(s, l.Last, l.Median, l.P99, l.Plans)})
	}
	var odd []string
	if h.State.AssumedStock > 0 {
		odd = append(odd, "stock assumed for "+Plural(h.State.AssumedStock, "SKU"))
	}
	if h.State.ProvisionalItems > 0 {
		odd = append(odd, Plural(h.State.ProvisionalItems, "SKU")+" without an item")
	}
	if n := len(h.State.StaleSKUs); n > 0 {
		odd = append(odd, Plural(n, "SKU")+" with an old forecast")
	}
	if n := len(h.Excluded); n > 0 {
		odd = append(odd, Plural(n, "SKU")+" left out")
	}
	if len(odd) > 0 {
		t.Cells(Cell{"note", Dim}, Cell{strings.Join(odd, ", "), Warn})
	}
	if lines := t.Lines(s); len(lines) > 0 {
		f.section("result", "plan "+h.PlanID)
		f.lines = append(f.lines, lines...)
	}
}

// certificate says what the independent check of the plan found. What it bounds is the objective: the cost
// and the price of departing from the former plan.
func certificate(s Style, h *schemas.Head) string {
	c := h.Certificate
	if !c.Checked {
		return s.Ink(Warn, "not checked")
	}
	what := "objective " + Amount(h.Objective)
	if change := h.Objective - h.Cost.Total; change >= 0.005 {
		what += " (cost + " + Amount(change) + " price of change)"
	} else {
		what = "cost " + Amount(h.Objective)
	}
	verdict := " is optimal"
	switch {
	case c.RoundingGap > 0:
		verdict = " is within " + Percent(c.RoundingGap) + " of the bound without whole units"
	case c.Gap > provenGap:
		verdict = " is above the bound of " + Amount(c.Bound)
	}
	return s.Ink(Good, "checked") + ": " + what + verdict + ", gap " + tiny(c.Gap)
}

// provenGap is the relative gap up to which a plan is called optimal: the tolerance of its check.
const provenGap = 1e-6

func latency(s Style, last, median, p99 time.Duration, plans int) string {
	line := s.Ink(Bold, Duration(last))
	if plans > 1 {
		line += s.Ink(Dim, fmt.Sprintf("  half within %s, 99 %% within %s, %s plans", Duration(median), Duration(p99), Count(plans)))
	}
	return line
}

// tiny writes a figure that ought to be zero; what rounding leaves of one is none.
func tiny(v float64) string {
	if math.Abs(v) < 1e-12 {
		return "0"
	}
	return fmt.Sprintf("%.0e", v)
}

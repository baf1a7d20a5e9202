package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"drumbeat/optimize"
)

// periodsAcross is how many periods a table shows side by side.
const periodsAcross = 13

// printPlan writes a plan for people: what to make, what binds, what it costs, what proves it. free is
// the plan with unlimited capacity, to say what the bottleneck costs; nil for none.
func printPlan(out io.Writer, p *optimize.Problem, plan, free *optimize.Plan) error {
	w := bufio.NewWriter(out)
	if plan.Status == optimize.Infeasible {
		printInfeasible(w, p, plan.Infeasibility)
		return w.Flush()
	}
	fmt.Fprintf(w, "Plan: %s (%s), %d SKUs, %d periods\n", plan.Status, p.Mode, len(p.SKUs), len(p.Periods))
	for s := range p.SKUs {
		printSKU(w, p, plan, s)
	}
	printResources(w, p, plan)
	printShortages(w, p, plan)

	fmt.Fprintf(w, "\nCost          %14s\n  production  %14s\n  holding     %14s\n", money(plan.Cost.Total), money(plan.Cost.Production), money(plan.Cost.Holding))
	if plan.Cost.Orders > 0 {
		fmt.Fprintf(w, "    orders    %14s\n", money(plan.Cost.Orders))
	}
	if plan.Cost.Overtime > 0 {
		fmt.Fprintf(w, "  overtime    %14s\n", money(plan.Cost.Overtime))
	}
	if free != nil && free.Status == optimize.Optimal && !isShort(p, plan) {
		fmt.Fprintf(w, "Bottleneck    %14s   what capacity costs: the total less the total without limits\n", money(plan.Objective-free.Objective))
	}
	if plan.MovedUnits > 0 || p.Frozen > 0 {
		fmt.Fprintf(w, "Moved units   %14s   frozen values moved: %d\n", figure(plan.MovedUnits), plan.FrozenMoves)
	}
	c := plan.Certificate
	fmt.Fprintf(w, "Certificate: objective %s, lower bound %s, gap %.1e; rows and bounds hold to %.1e", money(plan.Objective), money(c.Bound), c.Gap, c.PrimalInfeasibility)
	if c.RoundingGap > 0 {
		fmt.Fprintf(w, "; lots cost at most %.2g%% more than need be", 100*c.RoundingGap)
	}
	fmt.Fprintln(w)
	return w.Flush()
}

// isShort says whether a plan gives anything up; its cost is then no measure of capacity.
func isShort(p *optimize.Problem, plan *optimize.Plan) bool {
	for s := range p.SKUs {
		if len(plan.Shortages(s)) > 0 {
			return true
		}
	}
	return false
}

// figures is one row of figures by period.
type figures struct {
	name   string
	values []float64
	money  bool
}

// printSeries writes rows of figures under their periods, some periods at a time.
func printSeries(w io.Writer, periods []string, rows []figures) {
	for from := 0; from < len(periods); from += periodsAcross {
		to := min(from+periodsAcross, len(periods))
		t := tabwriter.NewWriter(w, 8, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(t, "%-14s\t%s\t\n", "", strings.Join(periods[from:to], "\t"))
		for _, row := range rows {
			fmt.Fprintf(t, "%-14s\t", row.name)
			for _, v := range row.values[from:to] {
				if row.money {
					fmt.Fprint(t, money(v), "\t")
				} else {
					fmt.Fprint(t, figure(v), "\t")
				}
			}
			fmt.Fprintln(t)
		}
		t.Flush()
	}
}

func printSKU(w io.Writer, p *optimize.Problem, plan *optimize.Plan, s int) {
	sku := &p.SKUs[s]
	production, holding := plan.SKUCost(p, s)
	made, stock := 0.0, 0.0
	for t := range p.Periods {
		made += plan.Production[s][t]
		stock += plan.Inventory[s][t] / float64(len(p.Periods))
	}
	fmt.Fprintf(w, "\n%s: %s\n  production %s, average stock %s, cost %s\n", sku.Name, optimize.Explain(p, plan, s), figure(made), figure(stock), money(production+holding))
	rows := []figures{{"  demand", sku.Demand, false}}
	if sku.Receipts != nil {
		rows = append(rows, figures{"  receipts", sku.Receipts, false})
	}
	rows = append(rows, figures{"  production", plan.Production[s], false}, figures{"  stock", plan.Inventory[s], false})
	if hasAny(plan.Lost[s]) {
		rows = append(rows, figures{"  lost", plan.Lost[s], false})
	}
	if plan.Backlog != nil && hasAny(plan.Backlog[s]) {
		rows = append(rows, figures{"  backlog", plan.Backlog[s], false})
	}
	if hasAny(plan.Shortfall[s]) {
		rows = append(rows, figures{"  below safety", plan.Shortfall[s], false})
	}
	printSeries(w, p.Periods, rows)
}

func hasAny(v []float64) bool {
	for _, x := range v {
		if x > 1e-4 {
			return true
		}
	}
	return false
}

func printResources(w io.Writer, p *optimize.Problem, plan *optimize.Plan) {
	load := plan.Load(p)
	for r := range p.Resources {
		res := &p.Resources[r]
		full := 0
		for t := range p.Periods {
			if plan.Prices[r][t] > 1e-9 {
				full++
			}
		}
		note := "never binds"
		if full > 0 {
			note = fmt.Sprintf("bottleneck in %d of %d periods", full, len(p.Periods))
		}
		fmt.Fprintf(w, "\nResource %s: %s\n", res.Name, note)
		rows := []figures{{"  load", load[r], false}, {"  capacity", res.Capacity, false}}
		if hasAny(plan.Overtime[r]) {
			rows = append(rows, figures{"  overtime", plan.Overtime[r], false})
		}
		printSeries(w, p.Periods, append(rows, figures{"  price", plan.Prices[r], true}))
	}
	for _, row := range plan.RaisedRows {
		fmt.Fprintf(w, "Frozen or pinned production exceeds %s in %s by %s\n", p.Resources[row.Resource].Name, p.Periods[row.Period], figure(row.By))
	}
}

func printShortages(w io.Writer, p *optimize.Problem, plan *optimize.Plan) {
	head := false
	for s := range p.SKUs {
		for _, short := range plan.Shortages(s) {
			if !head {
				fmt.Fprintf(w, "\nShortages\n")
				head = true
			}
			fmt.Fprintf(w, "  %s in %s: %s %s", p.SKUs[s].Name, p.Periods[short.Period], figure(short.Quantity), short.Kind)
			if r, price, names := optimize.DisplacedBy(p, plan, s, short.Period); r >= 0 {
				fmt.Fprintf(w, ", %s full at price %s", p.Resources[r].Name, money(price))
				if len(names) > 0 {
					fmt.Fprintf(w, ", used by %s", strings.Join(names, ", "))
				}
			}
			fmt.Fprintln(w)
		}
	}
}

func printInfeasible(w io.Writer, p *optimize.Problem, inf *optimize.Infeasibility) {
	fmt.Fprintf(w, "No feasible plan (%s)\n", p.Mode)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-20s %s\n", name, value)
		}
	}
	line("cause", inf.Cause)
	line("resource", inf.Resource)
	line("SKU", inf.SKU)
	line("first short period", inf.FirstShortPeriod)
	if inf.Missing > 0 {
		line("missing", figure(inf.Missing)+" by "+inf.PeakPeriod)
	}
	if len(inf.SmallestCapacity) > 0 {
		least, most := math.Inf(1), 0.0
		for _, c := range inf.SmallestCapacity {
			least, most = math.Min(least, c), math.Max(most, c)
		}
		text := money(least)
		if most > least+0.005 {
			text += " … " + money(most)
		}
		line("smallest capacity", text+" a period")
	}
	if inf.Factor != nil {
		line("factor", strconv.FormatFloat(*inf.Factor, 'f', 6, 64))
	} else if inf.Cause == "capacity" {
		line("factor", "none is enough")
	}
	if inf.UniformExtra != nil {
		line("extra in each period", money(*inf.UniformExtra))
	}
	for i, v := range inf.Repair {
		name := ""
		if i == 0 {
			name = "cheapest overtime"
		}
		fmt.Fprintf(w, "  %-20s %s of %s in %s\n", name, figure(v.Extra), v.Resource, v.Period)
	}
	if n := len(inf.BindingPeriods); n > 0 {
		line("binding periods", inf.BindingPeriods[0]+" … "+inf.BindingPeriods[n-1])
	}
}

// money prints an amount with two decimals and thousands separated.
func money(v float64) string { return thousands(strconv.FormatFloat(v+0, 'f', 2, 64)) }

// figure prints a quantity with at most three decimals and thousands separated.
func figure(v float64) string {
	return thousands(strconv.FormatFloat(math.Round(v*1000)/1000+0, 'f', -1, 64))
}

func thousands(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, rest := s, ""
	if dot := strings.IndexByte(s, '.'); dot >= 0 {
		whole, rest = s[:dot], s[dot:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + rest
}

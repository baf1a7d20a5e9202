package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sort"
	"time"

	"drumbeat/cmd/drumbeat/internal/plancsv"
	"drumbeat/optimize"
	"drumbeat/optimize/clp"
	"drumbeat/schemas"
)

// planCmd solves one planning problem from files.
type planCmd struct {
	Items        string   `required:"" placeholder:"items.csv" help:"sku,production_cost,holding_cost,initial_inventory,safety_stock and optional columns."`
	Demand       string   `required:"" placeholder:"demand.csv" help:"sku,period,quantity; periods are 2026-01, 2026-W05 or 2026-01-31."`
	Capacity     *float64 `xor:"capacity" placeholder:"N" help:"Capacity of every resource in every period."`
	CapacityFile string   `xor:"capacity" placeholder:"F" help:"resource,period,capacity[,overtime_capacity,overtime_cost]."`
	Routings     string   `placeholder:"F" help:"sku,resource,usage: several resources a SKU."`
	Receipts     string   `placeholder:"F" help:"order,sku,quantity,date[,start]: open orders."`
	Mode         string   `default:"elastic" placeholder:"strict|elastic" help:"What may give way: nothing, or demand and safety stock before cost. Default elastic."`
	Whole        bool     `help:"Make whole units."`
	Frozen       int      `placeholder:"N" help:"Keep the first N periods of the previous plan."`
	Previous     string   `placeholder:"plan.json" help:"Previous plan, as --json prints it."`
	ChangePrice  float64  `placeholder:"K" help:"Price of changing the previous plan, in periods of holding cost."`
	JSON         bool     `help:"Print the plan head with its lines as JSON."`
}

// offlineSite is the site of plans that no service made.
const offlineSite = "offline"

// Run solves and prints. An infeasible plan is printed as well, and is exit status 3.
func (c *planCmd) Run(ctx context.Context, std streams) error {
	p, err := c.problem()
	if err != nil {
		return badInput(err)
	}
	engine := optimize.NewEngine(clp.New, optimize.Options{})
	plan, err := engine.Solve(ctx, p, nil)
	var free *optimize.Plan
	if err == nil && !c.JSON && plan.Status == optimize.Optimal {
		free, err = engine.Solve(ctx, withoutLimits(p), nil)
	}
	if err = errors.Join(err, engine.Close()); err != nil {
		switch {
		case errors.Is(err, optimize.ErrProblem):
			return badInput(err)
		case ctx.Err() != nil:
			return err
		}
		return &exitError{exitSolver, err}
	}
	if c.JSON {
		err = c.printJSON(std, p, plan)
	} else {
		err = printPlan(std.out, p, plan, free)
	}
	if err == nil && plan.Status == optimize.Infeasible {
		err = &exitError{exitInfeasible, errors.New("no feasible plan: " + infeasibleSentence(plan.Infeasibility))}
	}
	return err
}

// withoutLimits is p with all the capacity that it could use.
func withoutLimits(p *optimize.Problem) *optimize.Problem {
	q := *p
	q.Resources = append([]optimize.Resource(nil), p.Resources...)
	for r := range q.Resources {
		q.Resources[r].Unlimited = make([]bool, len(p.Periods))
		for t := range p.Periods {
			q.Resources[r].Unlimited[t] = true
		}
	}
	return &q
}

// problem reads the files.
func (c *planCmd) problem() (*optimize.Problem, error) {
	if c.Capacity == nil && c.CapacityFile == "" {
		return nil, errors.New("--capacity or --capacity-file is needed")
	}
	if c.Mode != string(optimize.Strict) && c.Mode != string(optimize.Elastic) {
		return nil, fmt.Errorf("--mode: %q is neither strict nor elastic", c.Mode)
	}
	f := plancsv.Files{Items: c.Items, Demand: c.Demand, CapacityFile: c.CapacityFile, Routings: c.Routings, Receipts: c.Receipts,
		Previous: c.Previous, Mode: optimize.Mode(c.Mode), Whole: c.Whole, Frozen: c.Frozen, ChangePrice: c.ChangePrice}
	if c.Capacity != nil {
		f.Capacity = *c.Capacity
	}
	if err := f.Validate(); err != nil {
		return nil, err
	}
	return plancsv.Read(f)
}

// printJSON writes the plan as a head with its lines, on one line.
func (c *planCmd) printJSON(std streams, p *optimize.Problem, plan *optimize.Plan) error {
	m, err := planMessage(p, plan, time.Now().UTC().Truncate(time.Second))
	if err != nil {
		return err
	}
	_, err = std.out.Write(append(m.Append(nil), '\n'))
	return err
}

// planMessage writes a plan in the form that plans are published in, as revision 1 of the site offline.
func planMessage(p *optimize.Problem, plan *optimize.Plan, now time.Time) (*schemas.Plan, error) {
	m := &schemas.Plan{Head: schemas.Head{
		Site: offlineSite, Revision: 1, PlanID: schemas.PlanID(offlineSite, 1), Status: schemas.PlanStatus(plan.Status),
		Mode: schemas.Mode(p.Mode), CreatedAt: now, Now: now,
		Cause:       schemas.Cause{Trigger: "command", SKUs: []string{}, Detail: "drumbeat plan"},
		Periods:     p.Periods,
		Cost:        schemas.Cost(plan.Cost),
		Objective:   plan.Objective,
		Certificate: schemas.Certificate(plan.Certificate),
		Resources:   []schemas.ResourceLoad{}, Shortages: []schemas.Shortage{}, Excluded: []schemas.Excluded{},
		MovedUnits: quantity(plan.MovedUnits), FrozenMoves: plan.FrozenMoves,
		State:    schemas.PlanState{Stock: schemas.StockCountedState, StaleSKUs: []string{}},
		Checksum: schemas.Checksum(nil),
	}, Lines: []schemas.Line{}}
	if plan.Status == optimize.Infeasible {
		inf := schemas.Infeasibility(*plan.Infeasibility)
		m.Infeasibility = &inf
		return m, nil
	}
	load := plan.Load(p)
	for r := range p.Resources {
		for t, period := range p.Periods {
			m.Resources = append(m.Resources, schemas.ResourceLoad{Resource: p.Resources[r].Name, Period: period,
				Capacity: quantity(p.Resources[r].Capacity[t]), Load: quantity(load[r][t]), Overtime: quantity(plan.Overtime[r][t]),
				Price: plan.Prices[r][t]})
		}
	}
	values := make(map[string][]byte, len(p.SKUs))
	for s := range p.SKUs {
		line := planLine(p, plan, s)
		m.Lines = append(m.Lines, line)
		values[line.SKU] = line.Append(nil)
		for _, short := range plan.Shortages(s) {
			m.ShortageTotal += quantity(short.Quantity)
			m.Shortages = append(m.Shortages, planShortage(p, plan, s, short))
		}
	}
	sort.SliceStable(m.Lines, func(i, j int) bool { return m.Lines[i].SKU < m.Lines[j].SKU })
	sort.SliceStable(m.Shortages, func(i, j int) bool { return m.Shortages[i].Quantity > m.Shortages[j].Quantity })
	m.Shortages = m.Shortages[:min(len(m.Shortages), schemas.MaxShortages)]
	m.Head.Lines, m.ChangedLines = len(m.Lines), len(m.Lines)
	m.Checksum = schemas.Checksum(values)
	return m, nil
}

// planShortage names what keeps a SKU short.
func planShortage(p *optimize.Problem, plan *optimize.Plan, s int, short optimize.Short) schemas.Shortage {
	out := schemas.Shortage{SKU: p.SKUs[s].Name, Period: p.Periods[short.Period], Quantity: quantity(short.Quantity),
		Kind: schemas.ShortageKind(short.Kind), DisplacedBy: []string{}}
	if r, price, names := optimize.DisplacedBy(p, plan, s, short.Period); r >= 0 {
		out.Resource, out.Price = p.Resources[r].Name, price
		out.DisplacedBy = append(out.DisplacedBy, names...)
	}
	return out
}

// planLine writes the plan of one SKU.
func planLine(p *optimize.Problem, plan *optimize.Plan, s int) schemas.Line {
	sku := &p.SKUs[s]
	production, holding := plan.SKUCost(p, s)
	line := schemas.Line{Site: offlineSite, SKU: sku.Name, Revision: 1, Cost: production + holding, Reason: optimize.Explain(p, plan, s)}
	opening := sku.Opening
	for t, period := range p.Periods {
		arrivals, receipts, owed := 0.0, 0.0, 0.0
		if u := t - sku.LeadTime; u >= 0 {
			arrivals = plan.Production[s][u]
		}
		if sku.Receipts != nil {
			receipts = sku.Receipts[t]
		}
		if plan.Backlog != nil {
			owed = plan.Backlog[s][t]
		}
		demand := quantity(sku.Demand[t])
		line.Periods = append(line.Periods, schemas.LinePeriod{Period: period, Demand: demand, DemandLow: demand, DemandHigh: demand,
			Opening: quantity(opening), Receipts: quantity(receipts), Production: quantity(plan.Production[s][t]), Arrivals: quantity(arrivals),
			Inventory: quantity(plan.Inventory[s][t]), SafetyStock: quantity(sku.SafetyStock[t]), Shortfall: quantity(plan.Shortfall[s][t]),
			Shortage: quantity(plan.Lost[s][t] + owed), Frozen: sku.Fixed != nil && t < p.Frozen, Price: plan.Values[s][t]})
		opening = plan.Inventory[s][t] - owed
	}
	return line
}

// quantity rounds to the published six decimals. Input is limited to what fits.
func quantity(v float64) schemas.Quantity {
	q, ok := schemas.FromFloat(v)
	if !ok {
		return schemas.Quantity(math.Copysign(float64(schemas.MaxQuantity), v))
	}
	return q
}

// infeasibleSentence says what is missing, when and what would do.
func infeasibleSentence(inf *optimize.Infeasibility) string {
	who := inf.Resource
	if inf.SKU != "" {
		who = inf.SKU
	}
	text := fmt.Sprintf("%s, %s", inf.Cause, who)
	if inf.Missing > 0 {
		text += fmt.Sprintf(": %s missing by %s, first in %s", figure(inf.Missing), inf.PeakPeriod, inf.FirstShortPeriod)
	}
	if inf.Factor != nil {
		text += fmt.Sprintf("; %.6g times the capacity would do", *inf.Factor)
	}
	return text
}

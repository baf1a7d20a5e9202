package main

import (
	"context"
	"errors"
	"fmt"

	"slices"
	"strings"
	"time"

	"drumbeat/cmd/drumbeat/internal/plancsv"
	"drumbeat/optimize"
	"drumbeat/optimize/clp"
	"drumbeat/schemas"
	"drumbeat/stream"
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
	m := &schemas.Plan{}
	values := make(map[string][]byte, len(p.SKUs))
	if plan.Status != optimize.Infeasible {
		for s := range p.SKUs {
			line := stream.LineOf(offlineSite, p, plan, s, nil)
			line.Revision = 1
			m.Lines = append(m.Lines, line)
			values[line.SKU] = line.Append(nil)
		}
	}
	m.Head = stream.HeadOf(p, plan, m.Lines)
	slices.SortStableFunc(m.Lines, func(a, b schemas.Line) int { return strings.Compare(a.SKU, b.SKU) })
	m.Site, m.Revision, m.PlanID = offlineSite, 1, schemas.PlanID(offlineSite, 1)
	m.CreatedAt, m.Now = now, now
	m.Cause = schemas.Cause{Trigger: "command", Detail: "drumbeat plan"}
	m.State.Stock = schemas.StockCountedState
	m.ChangedLines, m.Checksum = len(m.Lines), schemas.Checksum(values)
	return m, nil
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

package simulate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// published is the monthly chain of scripts that Drumbeat replaces: on the first of a month it drops the rows without an
// ISO date or a quantity, the negative ones, and those beyond three standard deviations of their SKU (clean --method
// zscore); fits trend, week and year by least squares; plans twelve months by a deterministic linear programme with a
// fixed safety stock, the SKU's own or so many months of mean demand; and makes the first month of it.
type published struct {
	simple
	set    *Set
	months float64 // of safety stock, where the SKU has no figure of its own
	fixed  bool    // use the SKU's own figure
	engine *optimize.Engine
	rows   [][]cleaned
}

// cleaned is a row that has a date and a quantity.
type cleaned struct {
	day   schemas.Date
	units float64
}

func newPublished(set *Set, c *Choice, solver func() optimize.Solver) *published {
	_, asked := c.Set["months"]
	return &published{
		set: set, months: c.get("months"), fixed: !asked,
		engine: optimize.NewEngine(solver, optimize.Options{}), rows: make([][]cleaned, len(set.SKUs)),
	}
}

// Learn implements [Policy].
func (p *published) Learn(day schemas.Date, rows []Row) error {
	p.plans.Wait.tell(day, len(rows))
	for i := range rows {
		r := &rows[i]
		day, bad := schemas.ParseDate(r.Given)
		q, wrong := schemas.ParseQuantity(r.Amount)
		if bad == nil && wrong == nil && q >= 0 {
			p.rows[r.SKU] = append(p.rows[r.SKU], cleaned{day, q.Float()})
		}
	}
	return nil
}

// zLimit is the standard score beyond which a row is dropped.
const zLimit = 3

// daily are the sales by day from the first row on, without the rows of a large standard score; days without a row are
// zeros. first is the day of the first value.
func (p *published) daily(i int, today schemas.Date) (first schemas.Date, units []float64) {
	rows := p.rows[i]
	if len(rows) == 0 {
		return today, nil
	}
	n, average, squares := 0.0, 0.0, 0.0
	first = today
	for _, r := range rows {
		n++
		off := r.units - average
		average += off / n
		squares += off * (r.units - average)
		first = min(first, r.day)
	}
	first = max(first, p.set.First)
	units = make([]float64, today-first)
	for _, r := range rows {
		z := (r.units - average) / math.Sqrt(squares/(n-1)) // NaN where all rows are alike: beyond no limit
		if t := int(r.day - first); !(math.Abs(z) > zLimit) && t >= 0 && t < len(units) {
			units[t] += r.units
		}
	}
	return first, units
}

const publishedMonths = 12

// Morning implements [Policy].
func (p *published) Morning(ctx context.Context, past *Past) ([]Order, error) {
	if past.Today != past.Today.StartOfMonth() && past.Today != p.set.From {
		return nil, nil
	}
	months := make([]span, publishedMonths)
	next := month(past.Today)
	next.start = past.Today
	for t := range months {
		months[t] = next
		next = month(next.end)
	}
	problem := p.problem(past, months)
	plan, err := p.engine.Solve(ctx, problem, nil)
	if err != nil {
		return nil, fmt.Errorf("published: %w", err)
	}
	p.reviewed(past.Today)
	var list []Order
	for i := range p.set.SKUs {
		k := &p.set.SKUs[i]
		if q := k.lot(plan.Production[i][0]); q >= schemas.Unit/1000 {
			list = append(list, p.set.order(i, q, past.Today, months[0].end))
		}
	}
	return list, nil
}

// problem poses the months.
func (p *published) problem(past *Past, months []span) *optimize.Problem {
	problem := &optimize.Problem{SKUs: make([]optimize.SKU, len(p.set.SKUs))}
	for _, m := range months {
		problem.Periods = append(problem.Periods, m.start.String())
	}
	for r := range p.set.Resources {
		v := optimize.Resource{Name: p.set.Resources[r].Name}
		for _, m := range months {
			v.Capacity = append(v.Capacity, past.Room(r, m))
		}
		problem.Resources = append(problem.Resources, v)
	}
	problem.Resources = append(problem.Resources, unlimited(len(months)))
	for i := range p.set.SKUs {
		k := &p.set.SKUs[i]
		first, units := p.daily(i, past.Today)
		fit := regress(units)
		s := optimize.SKU{
			Name: k.Name, Opening: past.Stock[i].Float(), ProductionCost: k.Cost, HoldingCost: k.Holding * daysPerMonth,
			LeadTime:    int(math.Ceil(float64(k.Lead)*p.set.daysPerPeriod()/daysPerMonth - 1e-6)),
			Uses:        []optimize.Use{{Resource: len(problem.Resources) - 1, Amount: 1}},
			Demand:      make([]float64, len(months)),
			SafetyStock: make([]float64, len(months)), Receipts: make([]float64, len(months)),
		}
		if k.Resource >= 0 {
			s.Uses[0] = optimize.Use{Resource: k.Resource, Amount: k.Usage}
		}
		s.Receipts[0] = past.Coming[i].Float()
		sum := 0.0
		for t, m := range months {
			for d := m.start; d < m.end; d++ {
				s.Demand[t] += max(0, fit.at(int(d-first)))
			}
			sum += s.Demand[t]
		}
		safety := k.Safety
		if !p.fixed || safety < 0 {
			safety = p.months * sum / publishedMonths
		}
		for t := range months {
			s.SafetyStock[t] = safety
		}
		problem.SKUs[i] = s
	}
	return problem
}

// unlimited is a resource without limit.
func unlimited(periods int) optimize.Resource {
	return optimize.Resource{Name: "unlimited", Capacity: make([]float64, periods), Unlimited: slices.Repeat([]bool{true}, periods)}
}

// Close implements [Policy].
func (p *published) Close() error { return p.engine.Close() }

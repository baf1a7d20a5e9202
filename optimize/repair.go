package optimize

import (
	"context"
	"errors"
	"fmt"
	"math"
)

var errNewton = fmt.Errorf("%w: no smallest capacity within %d steps", ErrSolver, newtonSteps)

// extraLP is m with a column of extra capacity in every limited period.
type extraLP struct {
	m     *model
	lp    *LP
	first int       // extra column
	price []float64 // of the extra columns
	rows  []Row     // and where they are
}

// withExtra adds extra capacity at a price by resource, on top of all there is. Nothing needs more of it than bounds it.
func (m *model) withExtra(price func(r int) float64) *extraLP {
	x := &extraLP{m: m, lp: m.lp, first: m.lp.Columns()}
	most := make([]float64, len(m.p.Resources))
	for s := range m.p.SKUs {
		sku := &m.p.SKUs[s]
		w := m.p.window(sku)
		for _, u := range sku.Uses {
			most[u.Resource] += u.Amount * (w.least[m.T-1] + sum(w.lower))
		}
	}
	for r := range m.p.Resources {
		v := price(r)
		for t := range m.T {
			row := m.index(kindCapacityRow, r, t)
			if row < 0 || math.IsInf(m.lp.RowUpper[row], 1) {
				continue
			}
			m.lp.addColumn(v, 0, most[r]+at(m.p.Resources[r].Load, t))
			m.lp.addEntry(int(row), -1)
			x.price, x.rows = append(x.price, v), append(x.rows, Row{Resource: r, Period: t})
		}
	}
	return x
}

// priced is x with the extra columns at their price times weight, and all others at cost times share.
func (x *extraLP) priced(weight, share float64) *LP {
	lp := x.lp.clone()
	lp.Offset *= share
	for j := range lp.Cost[:x.first] {
		lp.Cost[j] *= share
	}
	for i, v := range x.price {
		lp.Cost[x.first+i] = v * weight
	}
	return lp
}

// spent is what the extra capacity of plan y costs.
func (x *extraLP) spent(y []float64) float64 { return dot(x.price, y[x.first:]) }

// extraWeight is how much dearer than its price extra capacity is taken to be at first, and extraRaises how often
// that may be too little.
const (
	extraWeight = 10
	extraRaises = 6
)

// leastExtra finds the least spent on extra capacity, and of the plans that spend no more the cheapest. stage is the
// optimum of what is spent alone, nil if no capacity would do; plan the columns' values.
//
// By prices both come from one LP in which extra capacity is dear; a second one proves that it was dear enough. As a
// whole the second is on the face of the first.
func (e *session) leastExtra(ctx context.Context, x *extraLP) (stage *Solution, plan []float64, err error) {
	var stats Stats
	if !e.guided {
		stage, err = e.run(ctx, x.priced(1, 0), x.m.justInTime(), DualSimplex, &stats)
		if err != nil || stage.Status != LPOptimal {
			return nil, nil, err
		}
		lp := x.priced(0, 1)
		fixFace(lp, stage)
		cheapest, err := e.run(ctx, lp, stage.Basis, PrimalSimplex, &stats)
		if err != nil || cheapest.Status != LPOptimal { // the face is empty by a tolerance
			return stage, stage.X, err
		}
		return stage, cheapest.X, nil
	}
	var from *Basis
	for weight, raises := float64(extraWeight), 0; raises < extraRaises; weight, raises = weight*10, raises+1 {
		whole, err := e.run(ctx, x.priced(weight, 1), from, DualSimplex, &stats)
		if err != nil || whole.Status != LPOptimal {
			return nil, nil, err
		}
		from = whole.Basis
		stage, err = e.run(ctx, x.priced(1, 0), nil, PrimalSimplex, &stats)
		if err != nil || stage.Status != LPOptimal {
			return nil, nil, err
		}
		if spent := x.spent(whole.X); spent <= stage.Objective+stageTolerance*(1+math.Abs(spent)) {
			return stage, whole.X, nil
		}
	}
	return nil, nil, errors.New("extra capacity is never dear enough")
}

// repair finds the cheapest overtime beyond what p has that gives a strict problem a plan: the LP with such
// overtime in every limited period. A unit costs what the resource's dearest overtime does; where it
// has none, as much as making what a unit of capacity makes, on the average of its SKUs. Of equally cheap
// mixes the one with the cheapest plan is taken. Nil if no capacity would do.
func (e *session) repair(ctx context.Context, p *Problem) ([]Extra, error) {
	m, err := formulateWithin(ctx, p, p.defaultWeights())
	if err != nil {
		return nil, err
	}
	if err := e.by(e.opts.guides(m)); err != nil {
		return nil, err
	}
	x := m.withExtra(p.extraPrice)
	stage, plan, err := e.leastExtra(ctx, x)
	if err != nil && e.guided && ctx.Err() == nil {
		if err := e.by(false); err != nil {
			return nil, err
		}
		stage, plan, err = e.leastExtra(ctx, x)
	}
	if err != nil || stage == nil {
		return nil, err
	}
	list := []Extra{}
	for i, row := range x.rows {
		if v := rounded(plan[x.first+i]); v > visible {
			list = append(list, Extra{Resource: p.Resources[row.Resource].Name, Period: p.Periods[row.Period], Extra: v})
		}
	}
	return list, nil
}

// extraPrice is what a unit of overtime of resource r is taken to cost where there is none.
func (p *Problem) extraPrice(r int) float64 {
	dearest := 0.0
	for _, v := range p.Resources[r].OvertimeCost {
		dearest = math.Max(dearest, v)
	}
	if dearest > 0 {
		return dearest
	}
	cost, users := 0.0, 0.0
	for s := range p.SKUs {
		for _, u := range p.SKUs[s].Uses {
			if u.Resource == r {
				cost += p.SKUs[s].ProductionCost / u.Amount
				users++
			}
		}
	}
	return math.Max(1e-3, cost/math.Max(1, users))
}

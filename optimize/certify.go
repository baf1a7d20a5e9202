package optimize

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// ErrCertificate marks a plan that is not feasible, not priced as it says, or not proved optimal.
var ErrCertificate = errors.New("optimize: plan fails its certificate")

// The tolerances of the certificate: a row or bound may be violated by certifyFeasible times its own size
// (at least 1), and the weighted objective may exceed its lower bound by certifyGap times its size plus the
// worth of a few units of every SKU: plans are rounded to 1e-6 units.
const (
	certifyFeasible = 2e-6
	certifyGap      = 1e-6
)

// Certify checks a plan against its problem, and nothing else: it shares no code with the solver or
// with the way the LP is written, so it can judge both, and stored plans as well.
//
// Feasibility: every balance, bound and capacity row recomputed. Cost: recomputed. Optimality: for
// any prices π >= 0 of capacity and values v of stock,
//
//	bound = Σ_s v·need − Σ_r π·room + Σ over decisions of min over its bounds of (reduced cost · decision)
//
// is a lower bound on the weighted objective of every feasible plan (Lagrange). Prices and Values of the
// plan are clipped first where they would make the bound −∞. Certificate.Bound is that bound less
// the plan's own weighted shortage: with as much loss and shortfall no plan is cheaper.
//
// The error wraps ErrCertificate and says what failed; the Certificate is valid with it.
func Certify(p *Problem, plan *Plan) (Certificate, error) {
	return certify(context.Background(), p, plan)
}

// certify is Certify while ctx lasts.
func certify(ctx context.Context, p *Problem, plan *Plan) (Certificate, error) {
	c := certifier{ctx: ctx, p: p, plan: plan, T: len(p.Periods)}
	if err := c.shape(); err != nil {
		return Certificate{}, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	if w, least := plan.Weights, p.defaultWeights(); !(w.Shortfall >= least.Shortfall && w.Loss >= least.Loss && w.Shortfall+w.Loss < math.Inf(1)) {
		return Certificate{}, fmt.Errorf("%w: shortage prices %+v are below %+v, or infinite", ErrCertificate, w, least)
	}
	c.lo, c.hi = matrix(len(p.SKUs), c.T), matrix(len(p.SKUs), c.T)
	c.eachSKU(func(c *certifier, s int) float64 { c.boundsOfProduction(s); return 0 })
	c.must = c.forced()
	c.eachSKU(func(c *certifier, s int) float64 { c.stock(s); return 0 })
	c.capacity()
	objective, shortage := c.objective()
	if p.Shortages == Economic {
		shortage = 0
	}
	weighted, short := objective+shortage, shortage
	var bound float64
	if p.lots() {
		weighted, shortage = objective, 0
		bound = c.boundLots(false)
		if plan.CostPrices != nil {
			given := *plan
			given.Prices, given.Values = plan.CostPrices, plan.CostValues
			alt := c
			alt.plan = &given
			bound = max(bound, alt.boundLots(true))
		}
	} else {
		bound = c.bound()
	}
	cert := Certificate{
		Bound:               bound - shortage,
		PrimalInfeasibility: c.violation,
		DualInfeasibility:   c.clipped,
		Checked:             true,
	}
	cert.Gap = (objective - cert.Bound) / max(1, math.Abs(objective))
	if p.lots() {
		cert.RoundingGap = max(0, objective-cert.Bound) / max(1, math.Abs(cert.Bound))
		if plan.short() {
			whole := objective + short
			cert.ShortageGap = max(0, whole-c.bound()) / max(1, math.Abs(whole))
		}
	}
	if err := ctx.Err(); err != nil { // not every SKU has been looked at
		return Certificate{}, err
	}
	scale := max(1, math.Abs(weighted)) + c.grains()
	var err error
	switch {
	case !(c.violation <= certifyFeasible):
		err = fmt.Errorf("%s is violated by %.3g of its size", c.worst, c.violation)
	case !(math.Abs(objective-plan.Objective) <= 1e-9*max(1, math.Abs(objective))):
		err = fmt.Errorf("objective is %.9g, stated is %.9g", objective, plan.Objective)
	case !((weighted-bound)/scale <= c.tolerance()):
		err = fmt.Errorf("weighted objective %.9g is above its bound %.9g", weighted, bound)
	case !((bound-weighted)/scale <= 1e-5):
		err = fmt.Errorf("bound %.9g is above the weighted objective %.9g", bound, weighted)
	}
	if err != nil {
		return cert, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return cert, nil
}

type certifier struct {
	ctx       context.Context
	p         *Problem
	plan      *Plan
	T         int
	lo, hi    [][]float64 // bounds of production
	must      [][]float64 // the least there can be, in lots
	violation float64
	worst     string
	clipped   float64

	level, charge, value []float64 // of the SKU that is being looked at
}

// grains is the worth of a few units of every SKU and of overtime; times certifyGap, of a few grains.
func (c *certifier) grains() float64 {
	sum := 0.0
	for _, values := range c.plan.Values {
		most := 0.0
		for _, v := range values {
			most = max(most, math.Abs(v))
		}
		sum += 3 * most
	}
	for r := range c.p.Resources {
		most := 0.0
		for _, v := range c.p.Resources[r].OvertimeCost {
			most = max(most, v)
		}
		sum += 3 * most
	}
	return sum
}

// tolerance is the gap allowed: lots have none.
func (c *certifier) tolerance() float64 {
	if c.p.lots() {
		return math.Inf(1)
	}
	return certifyGap
}

// shape checks the lengths of the plan's matrices, so that nothing below can panic, and that they hold numbers: the bound
// can do without a price that is none, who reads it cannot.
func (c *certifier) shape() error {
	S, R := len(c.p.SKUs), len(c.p.Resources)
	for _, m := range []struct {
		name string
		rows int
		m    [][]float64
		may  bool
	}{{"production", S, c.plan.Production, false}, {"inventory", S, c.plan.Inventory, false}, {"lost", S, c.plan.Lost, false},
		{"shortfall", S, c.plan.Shortfall, false}, {"backlog", S, c.plan.Backlog, true}, {"emergency", S, c.plan.Emergency, true},
		{"values", S, c.plan.Values, false}, {"overtime", R, c.plan.Overtime, false}, {"prices", R, c.plan.Prices, false},
		{"cost prices", R, c.plan.CostPrices, true}, {"cost values", S, c.plan.CostValues, true}} {
		if m.m == nil && (m.may || m.rows == 0) {
			continue
		}
		if len(m.m) != m.rows {
			return fmt.Errorf("%s has %d rows, not %d", m.name, len(m.m), m.rows)
		}
		for i, row := range m.m {
			if len(row) != c.T {
				return fmt.Errorf("%s row %d has %d periods, not %d", m.name, i, len(row), c.T)
			}
			for t, v := range row {
				if v-v != 0 {
					return fmt.Errorf("%s of %g in row %d, %s", m.name, v, i, c.p.Periods[t])
				}
			}
		}
	}
	if (c.plan.CostPrices == nil) != (c.plan.CostValues == nil) {
		return errors.New("cost prices and cost values come together")
	}
	return nil
}

// want notes the violation of low <= v <= high, relative to size. what, of whom and when say what is violated.
func (c *certifier) want(v, low, high, size float64, what, whom string, t int) {
	excess := max(low-v, v-high) / max(1, size)
	if excess > c.violation || math.IsNaN(excess) {
		if math.IsNaN(excess) {
			excess = math.Inf(1)
		}
		c.violation, c.worst = excess, what+" of "+whom+" in "+c.p.Periods[t]
	}
}

func opt(v []float64, t int) float64 {
	if t < len(v) {
		return v[t]
	}
	return 0
}

func optRow(m [][]float64, s, t int) float64 {
	if m == nil {
		return 0
	}
	return m[s][t]
}

// certifyChunk is how many SKUs are looked at together.
const certifyChunk = 256

// eachSKU looks at every SKU, on all cores, and returns the sum of what look returns, always in the same order. look
// may note violations and clipped values in its certifier. When the context ends it leaves out those that are left.
func (c *certifier) eachSKU(look func(c *certifier, s int) float64) float64 {
	S := len(c.p.SKUs)
	parts := make([]certifier, (S+certifyChunk-1)/certifyChunk)
	sums := make([]float64, len(parts))
	var next atomic.Int64
	work := func() {
		for {
			k := int(next.Add(1) - 1)
			if k >= len(parts) {
				return
			}
			own, sum := *c, 0.0
			own.violation, own.worst, own.clipped = 0, "", 0
			own.level, own.charge, own.value = nil, nil, nil
			for s := k * certifyChunk; s < min(S, (k+1)*certifyChunk); s++ {
				if ended(c.ctx, s, 16) != nil {
					return
				}
				sum += look(&own, s)
			}
			parts[k], sums[k] = own, sum
		}
	}
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(parts)) - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
	total := 0.0
	for k := range parts {
		if part := &parts[k]; part.violation > c.violation {
			c.violation, c.worst = part.violation, part.worst
		}
		c.clipped = max(c.clipped, parts[k].clipped)
		total += sums[k]
	}
	return total
}

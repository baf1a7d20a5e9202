package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
)

// lotCase is an instance of capacitated lot sizing in the manner of Trigeiro, Thomas and McClain (Management
// Science 35, 1989): items that share one resource, with order costs that by themselves would make
// an order every tbo periods. The instances are our own.
type lotCase struct {
	skus, periods int
	load          float64 // mean demand of capacity as a share of it; what is above is overtime
	tbo           float64 // time between orders
	pack          float64
}

func (c lotCase) String() string {
	return fmt.Sprintf("%dx%d load %.2f tbo %g", c.skus, c.periods, c.load, c.tbo)
}

// lotCases are all mixes of size, load and time between orders.
func lotCases() []lotCase {
	var cases []lotCase
	for _, size := range [][2]int{{20, 20}, {30, 30}} {
		for _, load := range []float64{0.75, 0.9, 1.05} {
			for _, tbo := range []float64{1, 2, 4} {
				cases = append(cases, lotCase{skus: size[0], periods: size[1], load: load, tbo: tbo})
			}
		}
	}
	return cases
}

// problem draws the instance: mean demands of 50 to 150 with a quarter of standard deviation and a tenth of empty
// periods, holding costs of 0.5 to 1.5, overtime of three tenths of capacity at the price of two periods
// of holding.
func (c lotCase) problem() *optimize.Problem {
	r := rand.New(rand.NewPCG(uint64(c.skus*c.periods), uint64(100*c.load+10*c.tbo)))
	p := &optimize.Problem{Mode: optimize.Elastic, Resources: []optimize.Resource{{Name: "line"}}}
	for t := range c.periods {
		p.Periods = append(p.Periods, fmt.Sprintf("t%02d", t+1))
	}
	total := 0.0
	for i := range c.skus {
		mean, h := 50+100*r.Float64(), 0.5+r.Float64()
		s := optimize.SKU{Name: fmt.Sprintf("item-%02d", i+1), SafetyStock: make([]float64, c.periods), ProductionCost: 1, HoldingCost: h,
			OrderCost: h * mean * c.tbo * c.tbo / 2, PackSize: c.pack, Uses: []optimize.Use{{Resource: 0, Amount: 1}}}
		for range c.periods {
			d := math.Round(math.Max(0, mean*(1+0.25*r.NormFloat64())))
			if r.Float64() < 0.1 {
				d = 0
			}
			total += d
			s.Demand = append(s.Demand, d)
		}
		s.Opening = math.Round(mean * (1 + c.tbo*r.Float64()))
		p.SKUs = append(p.SKUs, s)
	}
	line := &p.Resources[0]
	for range c.periods {
		capacity := math.Round(total / float64(c.periods) / c.load)
		line.Capacity = append(line.Capacity, capacity)
		line.Overtime = append(line.Overtime, math.Round(0.3*capacity))
		line.OvertimeCost = append(line.OvertimeCost, 2)
	}
	return p
}

// Lots measures plans in lots: how far each may be from the optimum, and how long it takes.
func Lots(ctx context.Context, report func(Row)) (err error) {
	worst, sum, cases := 0.0, 0.0, lotCases()
	for _, c := range cases {
		engine := optimize.NewEngine(clp.New, optimize.Options{})
		began := time.Now()
		plan, err := engine.Solve(ctx, c.problem(), nil)
		if err = errors.Join(err, engine.Close()); err == nil && plan.Status != optimize.Optimal {
			err = fmt.Errorf("status %s", plan.Status)
		}
		if err != nil {
			return fmt.Errorf("bench: lots: %v: %w", c, err)
		}
		gap := plan.Certificate.RoundingGap
		worst, sum = math.Max(worst, gap), sum+gap
		report(Row{Bench: "lots", Case: c.String(), Metric: "objective", Value: plan.Objective, Unit: "money"})
		report(Row{Bench: "lots", Case: c.String(), Metric: "gap", Value: 100 * gap, Unit: "%"})
		report(Row{Bench: "lots", Case: c.String(), Metric: "seconds", Value: time.Since(began).Seconds(), Unit: "s"})
	}
	report(Row{Bench: "lots", Case: "all", Metric: "mean_gap", Value: 100 * sum / float64(len(cases)), Unit: "%"})
	report(Row{Bench: "lots", Case: "all", Metric: "worst_gap", Value: 100 * worst, Unit: "%"})
	return nil
}

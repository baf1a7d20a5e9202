package solver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
	"drumbeat/stream"
)

// large is a site whose SKUs peak together, with capacity a twentieth above the mean load and a dear source of last
// resort.
func large(skus, periods, resources int) *optimize.Problem {
	r := rand.New(rand.NewPCG(1, 1))
	p := &optimize.Problem{Mode: optimize.Elastic}
	for t := range periods {
		p.Periods = append(p.Periods, fmt.Sprintf("w%02d", t))
	}
	load := make([]float64, resources)
	for i := range skus {
		base := math.Exp(r.NormFloat64()*1.2 + 4)
		cost := 5 + 45*r.Float64()
		s := optimize.SKU{
			Name: fmt.Sprintf("SKU-%06d", i), ProductionCost: cost, HoldingCost: 0.02 * cost, EmergencyCost: 4 * cost,
			Uses: []optimize.Use{{Resource: i % resources, Amount: 0.5 + r.Float64()}},
		}
		for t := range periods {
			d := math.Round(base * (1 + 0.5*math.Sin(2*math.Pi*float64(t)/float64(periods))) * (0.8 + 0.4*r.Float64()))
			s.Demand = append(s.Demand, d)
			s.SafetyStock = append(s.SafetyStock, 0.1*d)
			load[i%resources] += s.Uses[0].Amount * d / float64(periods)
		}
		p.SKUs = append(p.SKUs, s)
	}
	for i := range load {
		c := optimize.Resource{Name: fmt.Sprintf("R%d", i)}
		for range periods {
			c.Capacity = append(c.Capacity, 1.05*load[i])
		}
		p.Resources = append(p.Resources, c)
	}
	return p
}

// BenchmarkProcess measures what a process of its own costs a warm solve of 10,000 SKUs in 52 weeks, by parts.
func BenchmarkProcess(b *testing.B) {
	p := large(10_000, 52, 10)
	engine := optimize.NewEngine(clp.New, optimize.Options{})
	plan, err := engine.Solve(b.Context(), p, nil)
	if err != nil {
		b.Fatal(err)
	}
	q := request{site: "plant", from: startOwn, problem: p}
	var problem, answer bytes.Buffer
	if err := errors.Join(newWriter(&problem).request(&q), newWriter(&answer).answer(1, plan, nil)); err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			if err := errors.Join(newWriter(io.Discard).request(&q), newWriter(io.Discard).answer(1, plan, nil)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(problem.Len()+answer.Len())/1e6, "MB")
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			in := newReader(bytes.NewReader(problem.Bytes()))
			if _, id, err := in.header(); err != nil {
				b.Fatal(err)
			} else if _, err := in.request(id); err != nil {
				b.Fatal(err)
			}
			if _, err, broken := newReader(bytes.NewReader(answer.Bytes())).answer(1, p); err != nil || broken != nil {
				b.Fatal(err, broken)
			}
		}
	})
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if err := check(p, plan); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("solve", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			p.SKUs[i%100].Demand[5]++
			if plan, err = engine.Solve(b.Context(), p, plan.Start); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("pack", func(b *testing.B) { // what is stored with a plan, wherever it was made
		for b.Loop() {
			if out := stream.Solving(&stream.Job{Problem: p}, func() (*optimize.Plan, error) { return plan, nil }); out.Err != nil {
				b.Fatal(out.Err)
			}
		}
	})
	if err := engine.Close(); err != nil {
		b.Fatal(err)
	}
}

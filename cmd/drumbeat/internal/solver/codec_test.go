package solver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
)

// side is the length of everything that fill makes.
const side = 3

// fill gives every field a value, so that one that the encoding forgets is missed.
func fill(v reflect.Value, r *rand.Rand) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), r)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), r)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), side, side))
		for i := range side {
			fill(v.Index(i), r)
		}
	case reflect.String:
		v.SetString(fmt.Sprint("text ", r.Uint64()))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(1 + r.Int64N(1<<40))
	case reflect.Uint8:
		v.SetUint(1 + r.Uint64N(255))
	case reflect.Float64:
		v.SetFloat([...]float64{r.NormFloat64(), r.ExpFloat64() * 1e12, math.Copysign(0, -1), 1, 5e-324, math.MaxFloat64}[r.IntN(6)])
	default:
		panic("a field of kind " + v.Kind().String())
	}
}

// What comes out of the pipe is what went in, to the last bit of every field.
func TestEncoding(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 0))
		q := request{id: seed, site: "plant", limit: time.Duration(r.Int64()), forget: []string{"a", "b"}, from: startSent, problem: new(optimize.Problem), start: new(optimize.Start)}
		fill(reflect.ValueOf(q.problem).Elem(), r)
		fill(reflect.ValueOf(q.start).Elem(), r)
		var pipe bytes.Buffer
		if err := newWriter(&pipe).request(&q); err != nil {
			t.Fatal(err)
		}
		in := newReader(&pipe)
		kind, id, err := in.header()
		if err != nil || kind != kindSolve || id != seed {
			t.Fatal(kind, id, err)
		}
		got, err := in.request(id)
		if err != nil || !reflect.DeepEqual(got, &q) {
			t.Fatalf("seed %d: %v\n%+v\n%+v", seed, err, got.problem, q.problem)
		}
		if _, _, err := in.header(); !errors.Is(err, io.EOF) {
			t.Fatalf("something is left: %v", err)
		}

		plan := new(optimize.Plan)
		fill(reflect.ValueOf(plan).Elem(), r)
		plan.Values[0] = []float64{math.Inf(1), math.Inf(-1), 7}
		if seed%2 == 0 {
			plan.Backlog, plan.Emergency, plan.Start = nil, nil, nil
		}
		if err := newWriter(&pipe).answer(seed, plan, nil); err != nil {
			t.Fatal(err)
		}
		back, err, broken := newReader(&pipe).answer(seed, q.problem)
		if err != nil || broken != nil || !reflect.DeepEqual(back, plan) {
			t.Fatalf("seed %d: %v, %v\n%+v\n%+v", seed, err, broken, back, plan)
		}
	}
}

// An error keeps its text and its kind.
func TestErrors(t *testing.T) {
	for _, kind := range append(kinds[1:], io.ErrClosedPipe) {
		var pipe bytes.Buffer
		if err := newWriter(&pipe).answer(3, nil, fmt.Errorf("while solving: %w", kind)); err != nil {
			t.Fatal(err)
		}
		_, err, broken := newReader(&pipe).answer(3, nil)
		if broken != nil || err == nil || err.Error() != "while solving: "+kind.Error() {
			t.Fatal(err, broken)
		}
		if errors.Is(err, kind) == errors.Is(kind, io.ErrClosedPipe) {
			t.Errorf("%v is %v: %v", err, kind, errors.Is(err, kind))
		}
	}
}

// However the bytes of a message are spoiled, reading them ends with an error or a value, and takes no more memory
// than they pay for.
func FuzzRequest(f *testing.F) {
	var pipe bytes.Buffer
	q := request{id: 1, site: "plant", limit: time.Second, from: startSent, start: &optimize.Start{Periods: []string{"a"}}, problem: site(2, 0)}
	if err := newWriter(&pipe).request(&q); err != nil {
		f.Fatal(err)
	}
	f.Add(pipe.Bytes())
	f.Add([]byte{protocolVersion, kindCancel, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		in := newReader(bytes.NewReader(b))
		if kind, id, err := in.header(); err == nil && kind == kindSolve {
			if q, err := in.request(id); err == nil {
				_ = q.problem.Check()
			}
		}
	})
}

func FuzzAnswer(f *testing.F) {
	p := site(2, 0)
	engine := optimize.NewEngine(clp.New, optimize.Options{})
	plan, err := engine.Solve(f.Context(), p, nil)
	if err = errors.Join(err, engine.Close()); err != nil {
		f.Fatal(err)
	}
	for _, failed := range []error{nil, optimize.ErrSolver} {
		var pipe bytes.Buffer
		if err := newWriter(&pipe).answer(1, plan, failed); err != nil {
			f.Fatal(err)
		}
		f.Add(pipe.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		plan, failed, broken := newReader(bytes.NewReader(b)).answer(1, p)
		if failed == nil && broken == nil {
			_ = check(p, plan)
		}
	})
}

// A plan that somebody changed is found out, or the change is of nothing that is published.
func TestChangedPlansAreFound(t *testing.T) {
	p := site(6, 0)
	p.Resources[0].Overtime, p.Resources[0].OvertimeCost = make([]float64, len(p.Periods)), make([]float64, len(p.Periods))
	for u := range p.Periods {
		p.Resources[0].Overtime[u], p.Resources[0].OvertimeCost[u] = 10, 3
	}
	p.SKUs[1].Baseline, p.SKUs[1].ChangePrice = p.SKUs[0].Demand, p.SKUs[0].SafetyStock
	p.SKUs[2].Fixed, p.Frozen = []float64{30}, 1
	engine := optimize.NewEngine(clp.New, optimize.Options{})
	plan, err := engine.Solve(t.Context(), p, nil)
	if err = errors.Join(err, engine.Close()); err != nil {
		t.Fatal(err)
	}
	if err := check(p, plan); err != nil {
		t.Fatal(err)
	}
	copied := func() *optimize.Plan {
		var pipe bytes.Buffer
		if err := newWriter(&pipe).answer(1, plan, nil); err != nil {
			t.Fatal(err)
		}
		c, _, broken := newReader(&pipe).answer(1, p)
		if broken != nil {
			t.Fatal(broken)
		}
		return c
	}
	rapid.Check(t, func(rt *rapid.T) {
		c := copied()
		strange := rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1, 0.01}).Draw(rt, "by")
		figures := []*float64{
			&c.Cost.Total, &c.Cost.Production, &c.Cost.Holding, &c.Cost.Overtime, &c.Cost.Shortage, &c.Objective, &c.MovedUnits,
		}
		for _, m := range planMatrices(c) {
			if *m != nil {
				figures = append(figures, &(*m)[rapid.IntRange(0, len(*m)-1).Draw(rt, "row")][rapid.IntRange(0, len(p.Periods)-1).Draw(rt, "period")])
			}
		}
		of := rapid.IntRange(0, len(figures)-1).Draw(rt, "figure")
		*figures[of] += strange
		if err := check(p, c); err == nil && !(of >= 7 && publishable(c)) {
			rt.Fatalf("figure %d changed by %g, and nobody has seen it", of, strange)
		}
	})
	for _, change := range []func(*optimize.Plan){
		func(c *optimize.Plan) { c.Status = optimize.Infeasible },
		func(c *optimize.Plan) { c.Status = "" },
		func(c *optimize.Plan) { c.FrozenMoves = 1 },
		func(c *optimize.Plan) { c.Production = nil },
		func(c *optimize.Plan) { c.Prices = nil },
		func(c *optimize.Plan) { c.Weights = optimize.Weights{} },
		func(c *optimize.Plan) { c.Cost.Stability = math.Inf(1) },
	} {
		c := copied()
		change(c)
		if err := check(p, c); !errors.Is(err, errWrong) {
			t.Errorf("%v", err)
		}
	}
}

// publishable says that a changed matrix still is a plan as good as the other: no number is strange.
func publishable(c *optimize.Plan) bool {
	for _, m := range planMatrices(c) {
		for _, row := range *m {
			for _, v := range row {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return false
				}
			}
		}
	}
	return true
}

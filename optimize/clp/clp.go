package clp

// #cgo pkg-config: clp
// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"unsafe"

	"drumbeat/optimize"

	"github.com/lanl/clp"
)

// Version is the version of the CLP library that this was compiled against.
var Version = C.GoString(C.drumbeat_version())

// CLP's own default tolerances (1e-7) leave too much dust where shortage prices are in the thousands.
const (
	primalTolerance = 1e-8
	dualTolerance   = 1e-8
)

// Solver is an optimize.Solver. Use New, and Close when done. One goroutine at a time; several
// Solvers may run in parallel.
type Solver struct {
	simplex *clp.Simplex
	model   unsafe.Pointer // the ClpSimplex behind simplex
	flag    unsafe.Pointer // ends its runs while it is not 0
	lp      optimize.LP    // shape only: number of rows and columns, Offset and costs
	rows    int
	closed  bool
}

var _ optimize.Solver = (*Solver)(nil)

// New returns a Solver without an LP.
func New() optimize.Solver {
	s := &Solver{simplex: clp.NewSimplex()}
	s.model = reflect.ValueOf(s.simplex).Elem().FieldByName("model").UnsafePointer()
	C.drumbeat_settings(s.model, primalTolerance, dualTolerance)
	s.flag = C.drumbeat_flag(s.model)
	return s
}

// Close frees the model. The binding's finalizer, which would free it again, is removed.
func (s *Solver) Close() error {
	if !s.closed {
		s.closed = true
		runtime.SetFinalizer(s.simplex, nil)
		C.drumbeat_free(s.model, s.flag)
		s.model, s.flag = nil, nil
	}
	return nil
}

var errClosed = errors.New("clp: solver is closed")

// Load takes lp.
func (s *Solver) Load(lp *optimize.LP) error {
	if s.closed {
		return errClosed
	}
	if err := lp.Check(); err != nil {
		return err
	}
	if len(lp.Index) == 0 {
		return fmt.Errorf("clp: LP of %d rows and %d columns without an entry", lp.Rows(), lp.Columns())
	}
	s.rows = lp.Rows()
	s.keep(lp)
	lower, upper, rowLower, rowUpper := finite(lp.Lower), finite(lp.Upper), finite(lp.RowLower), finite(lp.RowUpper)
	C.drumbeat_load(s.model, C.int(lp.Columns()), C.int(lp.Rows()), ints(lp.Start), ints(lp.Index), doubles(lp.Value),
		doubles(lower), doubles(upper), doubles(lp.Cost), doubles(rowLower), doubles(rowUpper))
	return nil
}

// Change takes the numbers of lp.
func (s *Solver) Change(lp *optimize.LP) error {
	if s.closed {
		return errClosed
	}
	if err := lp.Check(); err != nil {
		return err
	}
	if lp.Rows() != s.rows || lp.Columns() != len(s.lp.Cost) {
		return fmt.Errorf("clp: change to %d rows and %d columns, loaded are %d and %d",
			lp.Rows(), lp.Columns(), s.rows, len(s.lp.Cost))
	}
	s.keep(lp)
	lower, upper, rowLower, rowUpper := finite(lp.Lower), finite(lp.Upper), finite(lp.RowLower), finite(lp.RowUpper)
	C.drumbeat_change(s.model, doubles(lower), doubles(upper), doubles(lp.Cost), doubles(rowLower), doubles(rowUpper))
	return nil
}

func (s *Solver) keep(lp *optimize.LP) {
	s.lp.Cost = append(s.lp.Cost[:0], lp.Cost...)
	s.lp.Offset = lp.Offset
}

// Solve runs CLP until it is done or ctx ends, which it notices at its next iteration.
func (s *Solver) Solve(ctx context.Context, start *optimize.Basis, method optimize.Method, limit int) (*optimize.Solution, error) {
	if s.closed {
		return nil, errClosed
	}
	n := len(s.lp.Cost)
	if start != nil {
		if len(start.Columns) != n || len(start.Rows) != s.rows {
			return nil, fmt.Errorf("clp: basis of %d columns and %d rows for an LP of %d and %d",
				len(start.Columns), len(start.Rows), n, s.rows)
		}
		C.drumbeat_put_status(s.model, (*C.uchar)(&encode(start)[0]))
	}
	defer s.watch(ctx)()
	primal := C.int(0)
	if method == optimize.PrimalSimplex {
		primal = 1
	}
	sol, attempt := &optimize.Solution{}, 0
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		most := math.MaxInt32
		if limit > 0 {
			most = limit - sol.Iterations
		}
		status := C.drumbeat_run(s.model, primal, C.int(most))
		sol.Iterations += int(C.drumbeat_iterations(s.model))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		switch status {
		case 0:
			return s.read(sol)
		case 1:
			sol.Status = optimize.LPInfeasible
			return sol, nil
		case 2:
			sol.Status = optimize.LPUnbounded
			return sol, nil
		case 3:
			sol.Status = optimize.LPStopped
			return sol, nil
		default: // numerical trouble: the other method, then both from the slack basis
			if attempt++; attempt == 4 {
				return nil, fmt.Errorf("%w: CLP ended with status %d", optimize.ErrSolver, int(status))
			}
			primal = 1 - primal
			if attempt > 1 {
				C.drumbeat_put_status(s.model, (*C.uchar)(&encode(s.slack())[0]))
			}
		}
	}
}

// watch sets the flag when ctx ends. The function returned ends the watch and clears the flag.
func (s *Solver) watch(ctx context.Context) func() {
	set := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		C.drumbeat_set_flag(s.flag, 1)
		close(set)
	})
	return func() {
		if !stop() {
			<-set
		}
		C.drumbeat_set_flag(s.flag, 0)
	}
}

// slack is the basis of all row activities.
func (s *Solver) slack() *optimize.Basis {
	b := &optimize.Basis{Columns: make([]optimize.VarStatus, len(s.lp.Cost)), Rows: make([]optimize.VarStatus, s.rows)}
	for i := range b.Rows {
		b.Rows[i] = optimize.Basic
	}
	return b
}

// read takes the optimum out of CLP.
func (s *Solver) read(sol *optimize.Solution) (*optimize.Solution, error) {
	n := len(s.lp.Cost)
	sol.X, sol.Reduced, sol.Duals = make([]float64, n), make([]float64, n), make([]float64, s.rows)
	C.drumbeat_solution(s.model, doubles(sol.X), doubles(sol.Duals), doubles(sol.Reduced))
	sol.Objective = s.lp.Offset
	for j, x := range sol.X {
		sol.Objective += s.lp.Cost[j] * x
	}
	if math.IsNaN(sol.Objective) || math.IsInf(sol.Objective, 0) {
		return nil, fmt.Errorf("%w: CLP's optimum is %g", optimize.ErrSolver, sol.Objective)
	}
	status := make([]byte, n+s.rows)
	C.drumbeat_get_status(s.model, (*C.uchar)(&status[0]))
	sol.Basis = decode(status, n)
	return sol, nil
}

// CLP's codes for the place of a variable.
const (
	clpFree = iota
	clpBasic
	clpAtUpper
	clpAtLower
	clpSuperBasic
	clpFixed
)

func encode(b *optimize.Basis) []byte {
	code := [...]byte{optimize.AtLower: clpAtLower, optimize.Basic: clpBasic, optimize.AtUpper: clpAtUpper, optimize.FreeNonbasic: clpFree}
	status := make([]byte, 0, len(b.Columns)+len(b.Rows))
	for _, v := range b.Columns {
		status = append(status, code[v])
	}
	for _, v := range b.Rows {
		status = append(status, code[v])
	}
	return status
}

func decode(status []byte, columns int) *optimize.Basis {
	place := make([]optimize.VarStatus, len(status))
	for i, c := range status {
		switch c {
		case clpBasic:
			place[i] = optimize.Basic
		case clpAtUpper:
			place[i] = optimize.AtUpper
		case clpFree, clpSuperBasic:
			place[i] = optimize.FreeNonbasic
		default:
			place[i] = optimize.AtLower
		}
	}
	return &optimize.Basis{Columns: place[:columns:columns], Rows: place[columns:]}
}

// finite replaces infinities by what CLP takes for them.
func finite(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = max(-math.MaxFloat64, min(math.MaxFloat64, x))
	}
	return out
}

func doubles(v []float64) *C.double { return (*C.double)(unsafe.SliceData(v)) }
func ints(v []int32) *C.int         { return (*C.int)(unsafe.SliceData(v)) }

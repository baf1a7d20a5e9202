package optimize

import (
	"context"
	"errors"
)

// ErrSolver marks a failure of the solver or of its answer: it stopped, gave up, or its plan did not
// pass the certificate. The previous plan stands.
var ErrSolver = errors.New("optimize: solver failed")

// VarStatus is the place of a column or of a row's activity in a basis.
type VarStatus uint8

// The places. A nonbasic variable without bounds is FreeNonbasic, at 0.
const (
	AtLower VarStatus = iota
	Basic
	AtUpper
	FreeNonbasic
)

// Basis is a place for every column and every row. Solvers repair a basis that has too many or too
// few basic variables, or is singular, by putting row activities in or out.
//
// A Solver that starts from prices of the shared rows alone has those instead.
type Basis struct {
	Columns, Rows []VarStatus
	Prices        []float64
}

// Clone returns a copy.
func (b *Basis) Clone() *Basis {
	return &Basis{append([]VarStatus(nil), b.Columns...), append([]VarStatus(nil), b.Rows...), append([]float64(nil), b.Prices...)}
}

// Method is the variant of the simplex method to use.
type Method uint8

// DualSimplex suits a basis that was optimal before bounds changed, PrimalSimplex one that was
// optimal before costs changed. Either works from any basis.
const (
	DualSimplex Method = iota
	PrimalSimplex
)

// SolveStatus is the outcome of one LP.
type SolveStatus uint8

// The outcomes. Stopped means the iteration limit.
const (
	LPOptimal SolveStatus = iota
	LPInfeasible
	LPUnbounded
	LPStopped
)

// String names the outcome.
func (s SolveStatus) String() string {
	return [...]string{"optimal", "infeasible", "unbounded", "stopped"}[s]
}

// Solution is what a Solver found. The slices belong to the caller. Duals are ∂objective/∂row bound,
// Reduced = Cost − Aᵀ Duals. Objective includes LP.Offset. Only Status and Iterations are valid unless
// Status is LPOptimal.
type Solution struct {
	Status     SolveStatus
	Objective  float64
	X          []float64
	Duals      []float64
	Reduced    []float64
	Basis      *Basis
	Iterations int
}

// Solver solves LPs that differ little from one to the next. It holds one LP.
// It is used by one goroutine at a time.
type Solver interface {
	// Load takes a new LP and forgets everything about the last one. The Solver keeps no reference to lp.
	Load(lp *LP) error
	// Change takes the costs, bounds and row bounds of lp, whose matrix is the one loaded.
	Change(lp *LP) error
	// Solve starts from the given basis, or where the last solve ended when start is nil (the slack
	// basis after Load). maxIterations <= 0 means no limit. The error is non-nil if ctx ended or
	// the solver gave up; infeasible is no error.
	Solve(ctx context.Context, start *Basis, method Method, maxIterations int) (*Solution, error)
	// Close frees what the garbage collector does not know of. A second call does nothing.
	Close() error
}

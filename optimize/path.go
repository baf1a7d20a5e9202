package optimize

import (
	"context"
	"fmt"
	"math"
)

// path is an exact Solver for LPs that are flows on paths: what is left of a Problem when no capacity couples
// its SKUs. Rows are equalities, and every column has coefficients 1 or −1 in one row (an arc from outside:
// production, a lost sale) or 1 and −1 in two neighbouring rows (stock carried, stock owed).
//
// Forward, the cost of the flow I[t] carried out of every row is a convex piecewise linear curve: the
// curve of t−1 joined with the node's own arcs, shifted by what is needed, plus the cost of carrying.
// Backward, the optimal flows and one price per row are read off. That is a dynamic programme over
// slopes; each row costs as many steps as the curve has pieces, which is few, as the cheapest
// unlimited source cuts everything above it. The answer is believed only if complementary slackness holds,
// else the solve is an ErrSolver.
//
// It has no basis: it needs none to start from and returns none. The zero value is ready; memory is
// kept from one LP to the next.
type path struct {
	lp    LP
	arcs  []arc   // by place: those of node 0, of the cut after it, of node 1, ...
	first []int32 // where those of place i begin; 2·rows + 1 of them
	idle  []int32 // columns without entries
	down  []bool  // by column: moving its curve up takes from it

	need  []float64 // of every row, less the lower bounds of its columns
	scale float64   // the sum of all quantities
	into  []curve   // G[t]: the cost of having y at t before need is taken
	own   curve     // scratch: the node's own arcs,
	carry curve     // the cut's arcs,
	value curve     // and F[t]: the cost of carrying a flow out of the node last looked at
}

// arc is a column where it counts: forward brings flow into its node or carries it on through its cut.
type arc struct {
	column  int32
	forward bool
}

// Tolerances relative to the sum of all quantities (flows) or to the largest cost (prices).
const (
	pathSame     = 1e-12 // flows that count as the same break point
	pathFeasible = 1e-9  // flow that may be missing
	pathGap      = 1e-9  // gap between the answer and its dual bound, relative to both
	pathFar      = 1e3   // room that counts as unlimited: no flow is as large, and its size would cost digits
)

// Load takes lp; the error says which column or row does not fit a path.
func (s *path) Load(lp *LP) error {
	if err := lp.Check(); err != nil {
		return err
	}
	n, m := lp.Columns(), lp.Rows()
	s.first, s.idle = append(s.first[:0], make([]int32, 2*m+1)...), s.idle[:0]
	s.arcs, s.down = append(s.arcs[:0], make([]arc, n)...), append(s.down[:0], make([]bool, n)...)
	for pass := range 2 { // count, then place
		for j := range n {
			place, forward, err := pathPlace(lp, j)
			switch {
			case err != nil:
				return err
			case place < 0 && pass == 0:
				s.idle = append(s.idle, int32(j))
			case place < 0:
			case pass == 0:
				s.first[place+1]++
			default:
				s.arcs[s.first[place]] = arc{int32(j), forward}
				s.first[place]++
				s.down[j] = !forward
			}
		}
		if pass == 0 {
			for i := range 2 * m {
				s.first[i+1] += s.first[i]
			}
		}
	}
	copy(s.first[1:], s.first[:2*m])
	s.first[0] = 0
	s.arcs = s.arcs[:n-len(s.idle)]
	s.lp.Start = append(s.lp.Start[:0], lp.Start...)
	s.lp.Index = append(s.lp.Index[:0], lp.Index...)
	s.lp.Value = append(s.lp.Value[:0], lp.Value...)
	return s.numbers(lp)
}

// pathPlace finds the place of column j: 2t for node t, 2t+1 for the cut between t and t+1, −1 for a
// column without entries.
func pathPlace(lp *LP, j int) (place int, forward bool, err error) {
	index, value := lp.Index[lp.Start[j]:lp.Start[j+1]], lp.Value[lp.Start[j]:lp.Start[j+1]]
	unit := true
	for _, v := range value {
		unit = unit && (v == 1 || v == -1)
	}
	switch {
	case len(index) == 0:
		return -1, false, nil
	case unit && len(index) == 1:
		return int(2 * index[0]), value[0] == 1, nil
	case unit && len(index) == 2 && value[0] == -value[1] && index[1] == index[0]+1:
		return int(2*index[0] + 1), value[0] == -1, nil
	case unit && len(index) == 2 && value[0] == -value[1] && index[0] == index[1]+1:
		return int(2*index[1] + 1), value[1] == -1, nil
	}
	return 0, false, fmt.Errorf("optimize: column %d is no arc of a path", j)
}

// Change takes the numbers of lp.
func (s *path) Change(lp *LP) error {
	if err := lp.Check(); err != nil {
		return err
	}
	if !s.lp.sameMatrix(lp) {
		return fmt.Errorf("optimize: Change to an LP with another matrix")
	}
	return s.numbers(lp)
}

func (s *path) numbers(lp *LP) error {
	s.lp.Cost, s.lp.Offset = append(s.lp.Cost[:0], lp.Cost...), lp.Offset
	s.lp.Lower, s.lp.Upper = append(s.lp.Lower[:0], lp.Lower...), append(s.lp.Upper[:0], lp.Upper...)
	s.lp.RowLower, s.lp.RowUpper = append(s.lp.RowLower[:0], lp.RowLower...), append(s.lp.RowUpper[:0], lp.RowUpper...)
	for i := range s.lp.RowLower {
		if s.lp.RowLower[i] != s.lp.RowUpper[i] {
			return fmt.Errorf("optimize: row %d is no equality", i)
		}
	}
	for j := range s.lp.Lower {
		if math.IsInf(s.lp.Lower[j], -1) {
			return fmt.Errorf("optimize: column %d has no lower bound", j)
		}
	}
	return nil
}

// Close does nothing.
func (s *path) Close() error { return nil }

// Solve solves afresh, whatever the start and the method.
func (s *path) Solve(ctx context.Context, _ *Basis, _ Method, _ int) (*Solution, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n, m := s.lp.Columns(), s.lp.Rows()
	flat := make([]float64, 2*n+m)
	sol := &Solution{X: flat[:n:n], Reduced: flat[n : 2*n : 2*n], Duals: flat[2*n:]}
	copy(sol.X, s.lp.Lower)
	for _, j := range s.idle {
		if s.lp.Cost[j] < 0 {
			if sol.X[j] = s.lp.Upper[j]; math.IsInf(sol.X[j], 1) {
				return &Solution{Status: LPUnbounded}, nil
			}
		}
	}
	s.needs()
	status := s.forward()
	if status == LPOptimal {
		status = s.backward(sol)
	}
	if status != LPOptimal {
		return &Solution{Status: status}, nil
	}
	return sol, s.prove(sol)
}

// place returns the arcs of a place as a curve of the flow above their lower bounds.
func (s *path) place(c *curve, place int) {
	c.reset()
	for _, a := range s.arcs[s.first[place]:s.first[place+1]] {
		j := a.column
		c.add(j, a.forward, s.lp.Cost[j], s.room(j))
	}
}

// room is what column j can carry above its lower bound.
func (s *path) room(j int32) float64 {
	room := s.lp.Upper[j] - s.lp.Lower[j]
	if room > pathFar*s.scale {
		return math.Inf(1)
	}
	return room
}

// needs fills need and scale.
func (s *path) needs() {
	s.scale = 1
	s.need = append(s.need[:0], s.lp.RowLower...)
	for j, low := range s.lp.Lower {
		if low == 0 {
			continue
		}
		for k := s.lp.Start[j]; k < s.lp.Start[j+1]; k++ {
			s.need[s.lp.Index[k]] -= s.lp.Value[k] * low
		}
		s.scale += math.Abs(low)
	}
	for _, v := range s.lp.RowLower {
		s.scale += math.Abs(v)
	}
}

// forward computes every G[t] = F[t−1] joined with the node's own arcs, and F[t] = G[t](· + need) + the
// cost of carrying.
func (s *path) forward() SolveStatus {
	m := s.lp.Rows()
	for len(s.into) < m {
		s.into = append(s.into, curve{})
	}
	s.value.reset() // nothing is carried into the first node
	for t := range m {
		s.place(&s.own, 2*t)
		s.place(&s.carry, 2*t+1)
		tolerance := pathFeasible * (1 + math.Abs(s.own.left) + math.Abs(s.own.right))
		if s.own.left > s.own.right+tolerance || s.carry.left > s.carry.right+tolerance {
			return LPUnbounded
		}
		s.own.trim(nil)
		s.carry.trim(nil)
		s.into[t].join(&s.value, &s.own)
		if s.into[t].left > s.into[t].right+tolerance {
			return LPUnbounded
		}
		if !s.value.sum(&s.into[t], s.need[t], &s.carry, pathFeasible*s.scale) {
			return LPInfeasible
		}
	}
	return LPOptimal
}

// backward reads off the flows, from the last node, out of which nothing is carried, and the prices: v[t]
// must be a slope of G[t] and v[t+1] − v[t] one of the cost of carrying. Of those that are, it takes the
// greatest finite one: what one more unit needed would cost.
func (s *path) backward(sol *Solution) SolveStatus {
	flow, next, same := 0.0, 0.0, pathSame*s.scale
	for t := s.lp.Rows() - 1; t >= 0; t-- {
		s.fill(sol, &s.carry, 2*t+1, flow)
		carryLow, carryHigh := s.carry.slopes(flow, same)
		y := flow + s.need[t]
		low, high := s.into[t].slopes(y, same)
		carried, over := s.into[t].flow(y, nil)
		if math.Abs(over) > pathFeasible*s.scale {
			return LPInfeasible
		}
		carried += s.into[t].carried
		low, high = math.Max(low, next-carryHigh), math.Min(high, next-carryLow)
		switch {
		case low > high:
			next = (low + high) / 2
		case !math.IsInf(high, 1):
			next = high
		case !math.IsInf(low, -1):
			next = low
		}
		sol.Duals[t] = next
		s.fill(sol, &s.own, 2*t, y-carried)
		flow = carried
	}
	return LPOptimal
}

// fill shares a flow out among the arcs of a place, cheapest first. c is scratch and then their curve.
func (s *path) fill(sol *Solution, c *curve, place int, flow float64) {
	s.place(c, place)
	arcs := s.arcs[s.first[place]:s.first[place+1]]
	for _, a := range arcs {
		if !a.forward && !math.IsInf(s.room(a.column), 1) {
			sol.X[a.column] = s.lp.Upper[a.column]
		}
	}
	moved := func(column int32, by float64) {
		if s.down[column] {
			by = -by
		}
		sol.X[column] += by
	}
	c.trim(moved)
	c.flow(flow, moved)
	for _, a := range arcs { // what is full is exactly full
		x, low, up := &sol.X[a.column], s.lp.Lower[a.column], s.lp.Upper[a.column]
		if dust := pathSame * (1 + math.Abs(*x)); *x < low+dust {
			*x = low
		} else if *x > up-dust {
			*x = up
		}
	}
}

// prove fills in objective and reduced costs and checks every row and complementary slackness, whose sum is
// what the answer can be above the optimum.
func (s *path) prove(sol *Solution) error {
	sol.Objective = s.lp.Offset
	largest, size, gap := 1.0, 1.0, 0.0
	for j, c := range s.lp.Cost {
		largest = math.Max(largest, math.Abs(c))
		size += math.Abs(c * sol.X[j])
		sol.Objective += c * sol.X[j]
	}
	left := append(s.need[:0], s.lp.RowLower...)
	for j, r := range s.lp.Cost {
		for k := s.lp.Start[j]; k < s.lp.Start[j+1]; k++ {
			r -= s.lp.Value[k] * sol.Duals[s.lp.Index[k]]
			left[s.lp.Index[k]] -= s.lp.Value[k] * sol.X[j]
		}
		sol.Reduced[j] = r
		switch {
		case r > pathSame*largest:
			gap += r * (sol.X[j] - s.lp.Lower[j])
		case r < -pathSame*largest:
			gap -= r * (s.lp.Upper[j] - sol.X[j])
		}
	}
	for i, v := range left {
		if !(math.Abs(v) <= 2*pathFeasible*s.scale) {
			return fmt.Errorf("%w: row %d of a path is short of %g", ErrSolver, i, v)
		}
	}
	if !(gap <= pathGap*size) {
		return fmt.Errorf("%w: path flow of cost %g is %g above its bound", ErrSolver, sol.Objective, gap)
	}
	return nil
}

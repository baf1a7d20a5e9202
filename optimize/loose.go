package optimize

import (
	"context"
)

// looseFace is the optimal face of m's LP at sol without what cannot move on it: an LP with the costs of breakTies over
// the paths that can flow in more than one way, beside all shared rows and what is on no path. columns are its columns' places in m's
// LP. It is nil if nothing can move. r is the solve that found sol.
//
// The columns that have room on the face are edges between the nodes of a path and, for sources and the way out behind the
// last node, to a root. Where they are a forest, the needs of the nodes decide every flow. A cycle is two edges side by
// side, or a second way to the root from nodes that hang together.
func (m *model) looseFace(sol *Solution, periods []uint64, r *rounds) (face *LP, columns []int32) {
	whole, S, T := m.lp, m.lp.Paths, m.T
	bounds := newFaceBounds(sol)
	rows := whole.Rows() - S*T
	load := make([]float64, rows)
	var loose []int32
	for s := range S {
		if r.only(s, bounds.tolerance) {
			r.now.take(r.c, s, r.prices, load)
			for j := m.first[s]; r.c.lowered[s] && j < m.first[s+1]; j++ {
				m.loadOf(j, whole.Lower[j], load)
			}
			continue
		}
		if m.moves(s, sol, &bounds) {
			loose = append(loose, int32(s))
			continue
		}
		for j := m.first[s]; j < m.first[s+1]; j++ {
			m.loadOf(j, sol.X[j], load)
		}
	}
	shared := m.first[S]
	others := false
	for j := int(shared); j < whole.Columns(); j++ {
		low, high := bounds.of(whole, sol, j)
		others = others || low < high
	}
	if len(loose) == 0 {
		if !others {
			return nil, nil
		}
		loose = append(loose, 0) // so that there is a path
		for j := m.first[0]; j < m.first[1]; j++ {
			m.loadOf(j, -sol.X[j], load)
		}
	}
	face = &LP{Paths: len(loose), PathLength: T, Start: []int32{0}}
	nodes := len(loose) * T
	face.RowLower, face.RowUpper = make([]float64, nodes+rows), make([]float64, nodes+rows)
	add := func(j int, shift int32) {
		low, high := bounds.of(whole, sol, j)
		face.addColumn(0, low, high)
		for k := whole.Start[j]; k < whole.Start[j+1]; k++ {
			row := whole.Index[k]
			if row >= int32(S*T) {
				row += int32(nodes - S*T)
			} else {
				row += shift
			}
			face.addEntry(int(row), whole.Value[k])
		}
		columns = append(columns, int32(j))
	}
	for i, s := range loose {
		copy(face.RowLower[i*T:(i+1)*T], whole.RowLower[int(s)*T:])
		copy(face.RowUpper[i*T:(i+1)*T], whole.RowUpper[int(s)*T:])
		from := len(columns)
		for j := m.first[s]; j < m.first[s+1]; j++ {
			add(int(j), int32(i*T)-s*int32(T))
		}
		m.tieCosts(kindStockRow, int(s), periods, func(j int32, cost float64) {
			face.Cost[from+int(j-m.first[s])] = cost
		})
	}
	from := len(columns)
	for j := int(shared); j < whole.Columns(); j++ {
		add(j, 0)
	}
	for r := range m.p.Resources {
		m.tieCosts(kindCapacityRow, r, periods, func(j int32, cost float64) { face.Cost[from+int(j-shared)] = cost })
	}
	for k := range rows {
		low, high := bounds.row(whole, sol, S*T+k)
		face.RowLower[nodes+k], face.RowUpper[nodes+k] = low-load[k], high-load[k]
	}
	return face, columns
}

// loadOf adds what x units of column j take of the shared rows.
func (m *model) loadOf(j int32, x float64, load []float64) {
	if x == 0 {
		return
	}
	nodes := int32(m.lp.Paths * m.T)
	for k := m.lp.Start[j]; k < m.lp.Start[j+1]; k++ {
		if row := m.lp.Index[k]; row >= nodes {
			load[row-nodes] += m.lp.Value[k] * x
		}
	}
}

// moves says whether path s can flow in more than one way on the face. It may say so although it cannot.
func (m *model) moves(s int, sol *Solution, bounds *faceBounds) bool {
	lp, T := m.lp, m.T
	var sources, arcs [512]uint8
	if T > len(sources) {
		return true
	}
	begin, end := int32(s*T), int32((s+1)*T)
	for j := m.first[s]; j < m.first[s+1]; j++ {
		if low, high := bounds.of(lp, sol, int(j)); low >= high {
			continue
		}
		at, on := end, 0
		leaves := false
		for k := lp.Start[j]; k < lp.Start[j+1]; k++ {
			if row := lp.Index[k]; row < end {
				at, on = min(at, row), on+1
				leaves = lp.Value[k] < 0
			}
		}
		switch {
		case on == 0:
			return true
		case on == 1 && !(leaves && at == end-1):
			sources[at-begin]++
		default:
			arcs[at-begin]++
		}
	}
	rooted := false
	for t := range T {
		if sources[t] > 1 || arcs[t] > 1 || (rooted && sources[t] > 0) {
			return true
		}
		rooted = rooted || sources[t] > 0
		if arcs[t] == 0 {
			rooted = false
		}
	}
	return rooted && arcs[T-1] > 0
}

// breakTiesLoose is breakTies for a solver by prices: only what can move is solved again.
func (e *session) breakTiesLoose(ctx context.Context, r *result) error {
	g, ok := e.solver.(*guided)
	if !ok || g.last == nil {
		return nil
	}
	m := r.m
	face, columns := m.looseFace(r.duals, e.periodSeeds(m.p.Periods), &g.c.memory)
	r.x = r.duals.X
	if face == nil {
		return nil
	}
	ties := &guided{inner: g.inner, solver: g.solver, eps: g.eps}
	defer func() {
		g.solver, ties.solver = ties.solver, nil
		_ = ties.Close() // holds no solver
	}()
	if err := ties.Load(face); err != nil {
		return err
	}
	ties.last = &lastFlow{x: make([]float64, len(columns)), free: make([]bool, len(columns))}
	for i, j := range columns {
		ties.last.x[i], ties.last.free[i] = r.x[j], g.last.free[j]
	}
	sol, err := ties.Solve(ctx, nil, PrimalSimplex, e.limit(face))
	if err != nil {
		return err
	}
	r.stats.Iterations += sol.Iterations
	r.stats.Stages++
	if sol.Status == LPOptimal {
		for i, j := range columns {
			r.x[j] = max(m.lp.Lower[j], min(m.lp.Upper[j], sol.X[i]))
		}
	}
	return nil
}

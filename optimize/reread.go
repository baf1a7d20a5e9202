package optimize

import (
	"math"
	"slices"
)

// rereadShare is the share of paths up to which those that differ are read one by one.
const rereadShare = 0.25

// reread takes lp, which differs from the one last read in the numbers of the paths named and in what is on no path. It
// says no where it has to be read from the start: a path has other sources or arcs that can move, or a row another kind of
// limit.
func (c *coupled) reread(lp *LP, paths []int32) bool {
	if c.lp == nil || lp.Paths != c.S || lp.PathLength != c.T || lp.Rows() != c.S*c.T+c.K || lp.Columns() != c.width ||
		float64(len(paths)) > max(1, rereadShare*float64(c.S)) {
		return false
	}
	nodes := c.S * c.T
	for k, limit := range c.limit {
		lower, upper := lp.RowLower[nodes+k], lp.RowUpper[nodes+k]
		if math.IsInf(limit, 1) != math.IsInf(upper, 1) || c.equal[k] != (lower == upper) || (!c.equal[k] && !math.IsInf(lower, -1)) {
			return false
		}
	}
	c.lp = lp
	for _, s := range paths {
		if !c.again(int(s)) {
			return false
		}
	}
	c.others()
	return true
}

// again reads path s into the place that it has.
func (c *coupled) again(s int) bool {
	for n := s * c.T; n < (s+1)*c.T; n++ {
		if c.lp.RowLower[n] != c.lp.RowUpper[n] {
			return false
		}
	}
	ends := c.ends(c.S)
	at, to := c.ends(s), c.ends(s+1)
	c.cut(at)
	gone := func(j int32) bool { return j >= c.own[s] && j < c.own[s+1] }
	c.full, c.apart = slices.DeleteFunc(c.full, gone), slices.DeleteFunc(c.apart, gone)
	end, err := c.path(s, int(c.own[s]))
	if err != nil || int32(end) != c.own[s+1] || c.ends(s+1) != to {
		return false
	}
	c.cut(ends)
	slices.Sort(c.apart)
	return true
}

// pathEnd is where the nodes, sources, entries and pieces of some first paths end.
type pathEnd struct{ node, source, entry, piece int }

// ends is where the first s paths end.
func (c *coupled) ends(s int) pathEnd {
	e := pathEnd{node: s * c.T, source: int(c.first[s*c.T])}
	e.entry = int(c.entry[e.source])
	if s > 0 {
		e.piece = int(c.cuts[e.node-1].last)
	}
	return e
}

// cut makes the lists end at e. What is behind stays in memory.
func (c *coupled) cut(e pathEnd) {
	c.first, c.entry = c.first[:e.node+1], c.entry[:e.source+1]
	c.cost, c.room, c.column, c.twin = c.cost[:e.source], c.room[:e.source], c.column[:e.source], c.twin[:e.source]
	c.row, c.amount = c.row[:e.entry], c.amount[:e.entry]
	c.cuts, c.piece = c.cuts[:e.node], c.piece[:e.piece]
}

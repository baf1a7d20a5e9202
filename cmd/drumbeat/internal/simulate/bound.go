package simulate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"drumbeat/optimize"
)

// bound is the linear programme of who knows the demand, by SKU and day. It leaves out packs, least orders and order costs,
// and lets what is ordered arrive on any day on which an order of some policy could:
//
//	on its way   way[t-1] + start[t-wait] = way[t] + arrive[t]
//	at most      way[t] <= what has started later than t-longest
//	stock        stock[t-1] - waiting[t-1] + arrive[t] + lost[t] = demand[t] + stock[t] - waiting[t]
//	capacity     usage of what starts on the day <= capacity + overtime
//
// with start for arrive where there is no lead time. What an account credits for what is left over is a cost of the last
// day, so the value is the ledger's.
type bound struct {
	set      *Set
	goodwill float64 // that a lost unit costs beside what the set says
	days     int
	lp       optimize.LP
	rows     map[int32]float64 // entries of the column that is being made
	start    [][]int32         // columns by SKU and day, -1: never there in time
	arrive   [][]int32         // nil without a lead time
	value    float64           // of the solution
}

// newBound is the programme of a list of SKUs.
func newBound(set *Set, list []int, goodwill float64) *bound {
	b := &bound{set: set, goodwill: goodwill, days: set.days(), rows: map[int32]float64{}, start: make([][]int32, len(set.SKUs)), arrive: make([][]int32, len(set.SKUs))}
	b.lp.Start = []int32{0}
	capacity := make([]int32, len(set.Resources))
	for r := range set.Resources {
		capacity[r] = b.resource(r)
	}
	for _, i := range list {
		b.sku(i, capacity)
	}
	return b
}

// row appends a row, column the column that has the entries in rows.
func (b *bound) row(lower, upper float64) int32 {
	b.lp.RowLower, b.lp.RowUpper = append(b.lp.RowLower, lower), append(b.lp.RowUpper, upper)
	return int32(len(b.lp.RowLower) - 1)
}

func (b *bound) column(cost, upper float64) int32 {
	at := len(b.lp.Index)
	for r := range b.rows {
		b.lp.Index = append(b.lp.Index, r)
	}
	slices.Sort(b.lp.Index[at:])
	for _, r := range b.lp.Index[at:] {
		b.lp.Value = append(b.lp.Value, b.rows[r])
	}
	clear(b.rows)
	b.lp.Cost, b.lp.Lower, b.lp.Upper = append(b.lp.Cost, cost), append(b.lp.Lower, 0), append(b.lp.Upper, upper)
	b.lp.Start = append(b.lp.Start, int32(len(b.lp.Index)))
	return int32(len(b.lp.Cost) - 1)
}

// resource makes the capacity rows of a resource and returns the first of them.
func (b *bound) resource(r int) int32 {
	first := int32(len(b.lp.RowLower))
	for t := range b.days {
		plain, most := b.set.capacity(r, b.set.From.AddDays(t))
		b.rows[b.row(math.Inf(-1), plain)] = -1
		b.column(b.set.Resources[r].OvertimeCost, most-plain)
	}
	return first
}

// sku makes rows and columns of a SKU.
func (b *bound) sku(i int, capacity []int32) {
	k := &b.set.SKUs[i]
	stock := int32(len(b.lp.RowLower))
	for t := range b.days {
		left := b.set.demand(i, b.set.From.AddDays(t)).Float()
		if t == 0 {
			left -= k.Opening.Float()
		}
		b.row(left, left)
	}
	arrives := stock
	wait, longest := b.set.waits(i)
	if k.Lead > 0 {
		arrives = b.travel(i, stock, wait, longest)
	}
	b.start[i] = make([]int32, b.days)
	for t := range b.days {
		b.start[i][t] = -1
		if t+wait >= b.days {
			continue
		}
		b.rows[arrives+int32(t+wait)] = 1
		if k.Resource >= 0 {
			b.rows[capacity[k.Resource]+int32(t)] = k.Usage
		}
		if k.Lead > 0 {
			for u := t + wait; u < min(t+longest, b.days); u++ {
				b.rows[arrives+int32(b.days+u)] = -1
			}
		}
		b.start[i][t] = b.column(k.Cost, math.Inf(1))
	}
	for t := range b.days {
		end := 0.0
		if t == b.days-1 {
			end = 1
		}
		b.carry(stock, t, -1)
		b.column(k.Holding-end*k.Cost, math.Inf(1))
		if k.Backlog > 0 {
			b.carry(stock, t, 1)
			b.column(k.Backlog+end*k.Lost, math.Inf(1))
		} else {
			b.rows[stock+int32(t)] = 1
			b.column(k.Lost+b.goodwill, b.set.demand(i, b.set.From.AddDays(t)).Float())
		}
	}
	b.lp.Offset += k.Cost * k.Opening.Float()
}

// travel makes the rows and columns of what is on its way to the stock rows, and returns the first of its balances; the rows
// of the longest wait follow them.
func (b *bound) travel(i int, stock int32, wait, longest int) int32 {
	first := int32(len(b.lp.RowLower))
	for range b.days {
		b.row(0, 0)
	}
	for range b.days {
		b.row(math.Inf(-1), 0)
	}
	b.arrive[i] = make([]int32, b.days)
	for t := range b.days {
		b.rows[first+int32(t)] = -1
		b.rows[stock+int32(t)] = 1
		b.arrive[i][t] = b.column(0, math.Inf(1))
		if longest > wait {
			b.carry(first, t, -1)
			b.rows[first+int32(b.days+t)] = 1
			b.column(0, math.Inf(1))
		}
	}
	return first
}

// carry is what stands at the end of a day: sign in its row, the opposite in that of the next day.
func (b *bound) carry(first int32, t int, sign float64) {
	b.rows[first+int32(t)] = sign
	if t+1 < b.days {
		b.rows[first+int32(t+1)] = -sign
	}
}

// waits is the shortest and the longest time in days in which what starts on a day arrives: an order that starts on the last
// day of a period may come on the first day of the period that lies the lead time after, one that starts on the first on its last.
func (s *Set) waits(i int) (shortest, longest int) {
	lead := s.SKUs[i].Lead
	if lead == 0 {
		return 0, 0
	}
	shortest = math.MaxInt
	for d := s.From; d < s.Until; d++ {
		p := s.after(d, lead)
		shortest, longest = min(shortest, int(p.start-d)), max(longest, int(p.end-1-d))
	}
	return shortest, longest
}

// solve returns the orders of an optimal solution: what starts first arrives first.
func (b *bound) solve(ctx context.Context, solver optimize.Solver) ([]Order, error) {
	if err := solver.Load(&b.lp); err != nil {
		return nil, err
	}
	solution, err := solver.Solve(ctx, nil, optimize.DualSimplex, 0)
	switch {
	case err != nil:
		return nil, err
	case solution.Status != optimize.LPOptimal:
		return nil, fmt.Errorf("the linear programme is %v", solution.Status)
	}
	b.value = solution.Objective
	var orders []Order
	for i, columns := range b.start {
		var coming []float64 // by day of arrival, less what is ordered
		for _, c := range b.arrive[i] {
			coming = append(coming, solution.X[c])
		}
		due := 0
		for t, c := range columns {
			if c < 0 {
				continue
			}
			left := solution.X[c]
			if coming == nil {
				orders = append(orders, b.order(i, t, t, left))
				continue
			}
			for left > 0 && due < b.days {
				part := min(left, coming[due])
				orders = append(orders, b.order(i, t, due, part))
				left -= part
				if coming[due] -= part; left > 0 {
					due++
				}
			}
		}
	}
	return slices.DeleteFunc(orders, func(o Order) bool { return o.Quantity <= 0 }), nil
}

// order starts and arrives on days of the run. It pays no order cost.
func (b *bound) order(i, start, due int, units float64) Order {
	from, at := b.set.From.AddDays(start), b.set.From.AddDays(due)
	return Order{SKU: i, Quantity: quantity(units), From: from, To: from + 1, Due: at, End: at + 1, unpaid: true}
}

package view

import (
	"cmp"
	"context"
	"slices"

	"drumbeat/schemas"
)

// maxMoves is how many moves a Diff lists.
const maxMoves = 1000

// Diff implements [Reader].
func (s *Stored) Diff(ctx context.Context, site string, from, to int64) (*Diff, error) {
	later, err := s.Plan(ctx, site, to)
	if err != nil {
		return nil, err
	}
	to = later.Revision
	if from == 0 {
		from = max(1, to-1)
	}
	earlier, err := s.Plan(ctx, site, from)
	if err != nil {
		return nil, err
	}
	before, err := s.Lines(ctx, LineQuery{Site: site, Revision: from})
	if err != nil {
		return nil, err
	}
	after, err := s.Lines(ctx, LineQuery{Site: site, Revision: to})
	if err != nil {
		return nil, err
	}
	d := &Diff{
		Basis: later.Basis, From: from, To: to, Cause: later.Head.Cause, CostFrom: earlier.Head.Cost, CostTo: later.Head.Cost,
		ShortageFrom: earlier.Head.ShortageTotal, ShortageTo: later.Head.ShortageTotal, Moves: []Move{}, Joined: []string{}, Left: []string{},
		Incomplete: earlier.Head.Status != schemas.PlanInfeasible && len(before.Lines) < earlier.Head.Lines,
	}
	d.compare(before.Lines, after.Lines)
	return d, nil
}

// compare walks both lists, which are in the order of SKU.
func (d *Diff) compare(before, after []Line) {
	var moved schemas.Quantity // twice
	for len(before) > 0 || len(after) > 0 {
		var order int
		switch {
		case len(before) == 0:
			order = 1
		case len(after) == 0:
			order = -1
		default:
			order = cmp.Compare(before[0].SKU, after[0].SKU)
		}
		switch {
		case order < 0:
			d.Left, before = append(d.Left, before[0].SKU), before[1:]
		case order > 0:
			d.Joined = append(d.Joined, after[0].SKU)
			d.moves(nil, &after[0])
			after = after[1:]
		default:
			moved += d.moves(&before[0], &after[0])
			before, after = before[1:], after[1:]
		}
	}
	d.MovedUnits = moved / 2
	d.MovesTotal = len(d.Moves)
	slices.SortStableFunc(d.Moves, func(a, b Move) int { return cmp.Compare(distance(b), distance(a)) })
	d.Moves = d.Moves[:min(len(d.Moves), maxMoves)]
}

// moves lists what differs in the periods of the later line and returns by how much, over the periods of both.
func (d *Diff) moves(before, after *Line) (moved schemas.Quantity) {
	was := map[string]schemas.Quantity{}
	if before != nil {
		for i := range before.Periods {
			was[before.Periods[i].Period] = before.Periods[i].Production
		}
	}
	for i := range after.Periods {
		p := &after.Periods[i]
		from, both := was[p.Period]
		to := p.Production
		if i == 0 && both {
			to += min(max(0, from-to), ordered(before, after))
		}
		if from == to {
			continue
		}
		m := Move{SKU: after.SKU, Period: p.Period, From: from, To: to}
		d.Moves = append(d.Moves, m)
		if both {
			moved += distance(m)
		}
	}
	return moved
}

// ordered is what has become orders between two lines: as a period begins, what was planned in it becomes an order,
// which is no move.
func ordered(before, after *Line) (sum schemas.Quantity) {
	had := map[string]schemas.Quantity{}
	for i := range before.Periods {
		had[before.Periods[i].Period] = before.Periods[i].Receipts
	}
	for i := range after.Periods {
		sum += after.Periods[i].Receipts - had[after.Periods[i].Period]
	}
	return max(0, sum)
}

func distance(m Move) schemas.Quantity { return max(m.To-m.From, m.From-m.To) }

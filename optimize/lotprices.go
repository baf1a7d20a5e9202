package optimize

import (
	"context"
	"math"
)

// lotRounds is how many prices are tried for the bound of plans in lots. Of many SKUs, so many are tried on a sample first.
const (
	lotRounds       = 200
	lotSample       = 150
	lotSampleRounds = 100
)

// findPrices looks for prices of capacity, of many SKUs on a sample with its share of the room first.
func (q *lotSearch) findPrices(ctx context.Context) {
	if len(q.lotted) > 4*lotSample {
		q.takeSample()
		q.climb(ctx, lotSampleRounds)
		q.sampled, q.share = nil, nil
	}
	q.climb(ctx, lotRounds)
}

// takeSample takes each so many-th SKU, with the share of every resource's room that it has of the load.
func (q *lotSearch) takeSample() {
	q.sampled, q.share = make([]bool, len(q.p.SKUs)), make([]float64, len(q.p.Resources))
	all := make([]float64, len(q.p.Resources))
	every := max(1, len(q.p.SKUs)/lotSample)
	for s := range q.p.SKUs {
		q.sampled[s] = s%every == every/2
		made := sum(q.now.x[s])
		for _, u := range q.p.SKUs[s].Uses {
			all[u.Resource] += u.Amount * made
			if q.sampled[s] {
				q.share[u.Resource] += u.Amount * made
			}
		}
	}
	for r, v := range all {
		if v > 0 {
			q.share[r] /= v
		}
	}
}

// climb raises the Lagrangian bound of the plans in lots by subgradient steps (Polyak's, halved when ten rounds
// bring nothing; Held, Wolfe, Crowder, Math. Programming 6, 1974), starting at the present ones, 0 at first.
// The prices stay at the best ones found. What the oracle makes on the way is where the search starts.
func (q *lotSearch) climb(ctx context.Context, rounds int) {
	T, R := len(q.p.Periods), len(q.p.Resources)
	best, bestPrice := math.Inf(-1), matrix(R, T)
	price, slope, x := matrix(R, T), matrix(R, T), make([][]float64, len(q.p.SKUs))
	for r := range price {
		copy(price[r], q.price[r])
		copy(bestPrice[r], q.price[r])
	}
	step, stale := 1.0, 0
	for round := 0; round < rounds && q.effort > 0 && ctx.Err() == nil; round++ {
		bound := q.lagrange(ctx, price, slope, x)
		if math.IsInf(bound, 0) {
			return
		}
		if bound > best+1e-7*math.Abs(bound) {
			best, stale = bound, 0
			for r := range price {
				copy(bestPrice[r], price[r])
			}
		} else if stale++; stale == 10 {
			step, stale = step/2, 0
			for r := range price {
				copy(price[r], bestPrice[r])
			}
		}
		if round%5 == 0 && q.sampled == nil {
			for _, s := range q.lotted {
				q.set(s, x[s])
			}
			q.total()
			q.polish(ctx)
		}
		norm := 0.0
		for r := range slope {
			for t, g := range slope[r] {
				if price[r][t] > 0 || g > 0 {
					norm += g * g
				}
			}
		}
		target := q.best.cost
		if q.best.over > 0 || math.IsInf(target, 1) || q.sampled != nil {
			target = best + 0.05*math.Abs(best)
		}
		if norm == 0 || step < 1e-3 || target-bound < 1e-9*math.Abs(target) {
			break
		}
		scale := step * (target - bound) / norm
		for r := range price {
			for t, g := range slope[r] {
				price[r][t] = math.Max(0, price[r][t]+scale*g)
			}
		}
	}
	q.price = bestPrice
}

// lagrange is the Lagrangian bound at the given prices, with its subgradient in slope and the lots behind it in x.
func (q *lotSearch) lagrange(ctx context.Context, price, slope, x [][]float64) float64 {
	T, bound := len(q.p.Periods), 0.0
	q.price = price
	for r := range slope {
		res := &q.p.Resources[r]
		for t := range slope[r] {
			if slope[r][t] = 0; math.IsInf(q.room[r][t], 1) {
				continue
			}
			overtime := 0.0
			if price[r][t] > at(res.OvertimeCost, t) {
				overtime = at(res.Overtime, t)
			}
			share := 1.0
			if q.sampled != nil {
				share = q.share[r]
			}
			slope[r][t] = share * (-q.room[r][t] - overtime)
			bound += price[r][t]*slope[r][t] + share*overtime*at(res.OvertimeCost, t)
		}
	}
	for s := range q.p.SKUs {
		if ctx.Err() != nil {
			return math.Inf(-1)
		}
		if q.sampled != nil && !q.sampled[s] {
			continue
		}
		made := q.now.x[s]
		if l := q.l[s]; l != nil {
			cost, lots := q.oracle.best(q.p, l, q.charge(s, 1), nil, q.below)
			q.effort -= (l.steps + 1) * T
			if math.IsInf(cost, 1) {
				return cost
			}
			bound += cost
			for t := range lots {
				if l.given[t] {
					lots[t] = l.fixed[t]
					bound += l.fixed[t] * q.p.SKUs[s].ProductionCost
					for _, u := range q.p.SKUs[s].Uses {
						bound += u.Amount * price[u.Resource][t] * l.fixed[t]
					}
				}
			}
			x[s], made = lots, lots
		} else {
			for _, u := range q.p.SKUs[s].Uses {
				for t, v := range made {
					bound += u.Amount * price[u.Resource][t] * v
				}
			}
		}
		for _, u := range q.p.SKUs[s].Uses {
			for t, v := range made {
				slope[u.Resource][t] += u.Amount * v
			}
		}
	}
	return bound
}

// certify takes the prices of the relaxed plan instead of its own where they give the better bound.
func (q *lotSearch) certify(ctx context.Context, relaxed [][]float64) bool {
	slope, x, own := matrix(len(q.p.Resources), len(q.p.Periods)), make([][]float64, len(q.p.SKUs)), q.price
	if q.lagrange(ctx, relaxed, slope, x) > q.lagrange(ctx, own, slope, x) {
		q.price = relaxed
		return true
	}
	return false
}

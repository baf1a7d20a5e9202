package forecast

import (
	"math"
	"sync"
)

// gram is the factor L of the matrix of a regression over a number of weeks,
//
//	L L' = Σ λ^j φ(-j) φ(-j)' + ρ I
//
// the same for every series of that age.
type gram struct {
	lower   [line * (line + 1) / 2]float64 // rows of L but the line's
	inverse [line]float64                  // 1 over the diagonal
	line    [regressors]float64            // row of the line; its last element is that of the matrix
}

// row is row i of L up to its diagonal.
func (g *gram) row(i int) []float64 { return g.lower[i*(i+1)/2 : i*(i+1)/2+i] }

// gramWeeks is 20 years: older days weigh less than a thousandth.
const gramWeeks = 1044

// grams keeps factors once they are computed. It is no state: a number of weeks determines them.
var grams gramTable

type gramTable struct {
	mu      sync.RWMutex
	days    int
	matrix  [regressors][regressors]float64
	factors []*gram // by weeks - 1
}

// at is the factor for a number of weeks.
func (t *gramTable) at(weeks int) *gram {
	weeks = min(weeks, gramWeeks)
	t.mu.RLock()
	known := t.factors
	t.mu.RUnlock()
	if weeks <= len(known) {
		return known[weeks-1]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.factors) < weeks {
		for range 7 {
			t.add()
		}
		t.factors = append(t.factors, t.decompose())
	}
	return t.factors[weeks-1]
}

// add enters one older day.
func (t *gramTable) add() {
	var x [regressors]float64
	basis(&x, -t.days)
	weight := math.Pow(fitDiscount, float64(t.days))
	t.days++
	for i := range x {
		for j := range i + 1 {
			t.matrix[i][j] += weight * x[i] * x[j]
		}
	}
}

// decompose is Cholesky's factorisation by rows.
func (t *gramTable) decompose() *gram {
	g := new(gram)
	for i := range regressors {
		row := g.line[:]
		if i < line {
			row = g.lower[i*(i+1)/2 : (i+1)*(i+2)/2]
		}
		d := t.matrix[i][i]
		if i > 0 {
			d += fitRidge
		}
		for j := range min(i, line) {
			s := t.matrix[i][j]
			for k, a := range g.row(j) {
				s -= a * row[k]
			}
			row[j] = s * g.inverse[j]
			if i < line {
				d -= row[j] * row[j]
			}
		}
		if i == line {
			row[i] = d
			break
		}
		row[i] = math.Sqrt(d)
		g.inverse[i] = 1 / row[i]
	}
	return g
}

package simulate

import "math"

// The Fourier series of the published model: ten waves a year and three a week. The year is left out of a
// history of less than two.
const (
	yearWaves = 10
	weekWaves = 3
	twoYears  = 730
	oneYear   = 365.25
)

// regression is a line with waves, by the day of a series.
type regression struct {
	weights []float64
	days    int
}

// regress fits a series by least squares, with a little ridge so that it always has one answer.
func regress(y []float64) regression {
	f := regression{days: len(y)}
	n := len(f.terms(0))
	a := make([][]float64, n) // normal equations, the right-hand side last
	for i := range a {
		a[i] = make([]float64, n+1)
	}
	for t, v := range y {
		x := f.terms(t)
		for i := range x {
			for j := i; j < n; j++ {
				a[i][j] += x[i] * x[j]
			}
			a[i][n] += x[i] * v
		}
	}
	for i := range a {
		a[i][i] += 1e-3 * float64(max(1, len(y)))
		for j := range i {
			a[i][j] = a[j][i]
		}
	}
	a[0][0] -= 1e-3 * float64(len(y)) // the level is free
	f.weights = eliminate(a)
	return f
}

// terms are the regressors of a day.
func (f *regression) terms(t int) []float64 {
	x := []float64{1, float64(t)/float64(max(1, f.days)) - 0.5}
	waves := func(n int, period float64) {
		for k := 1; k <= n; k++ {
			s, c := math.Sincos(2 * math.Pi * float64(k) * float64(t) / period)
			x = append(x, s, c)
		}
	}
	waves(weekWaves, 7)
	if f.days >= twoYears {
		waves(yearWaves, oneYear)
	}
	return x
}

// at is the fitted or forecast value of a day.
func (f *regression) at(t int) float64 {
	sum := 0.0
	for i, x := range f.terms(t) {
		sum += x * f.weights[i]
	}
	return sum
}

// eliminate solves a positive definite system whose right-hand side is its last column (Gauss, pivots on the diagonal).
func eliminate(a [][]float64) []float64 {
	n := len(a)
	for i := range a {
		if a[i][i] <= 0 {
			a[i][i] = 1 // no data: the weight is 0
		}
		for r := i + 1; r < n; r++ {
			f := a[r][i] / a[i][i]
			for c := i; c <= n; c++ {
				a[r][c] -= f * a[i][c]
			}
		}
	}
	x := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		x[i] = a[i][n]
		for c := i + 1; c < n; c++ {
			x[i] -= a[i][c] * x[c]
		}
		x[i] /= a[i][i]
	}
	return x
}

package forecast

// scratch is space that queries and block ends share; nothing in it is state.
type scratch struct {
	weights []float64
	factor  []float64
	year    []float64
	expert  []float64
	mean    []float64 // the plain mean's path
	risk    []float64 // relative deviations of the effects of the path's events; empty: none
	path    []float64 // cached combination with events, valid for pathAt buckets
	pathAt  int
}

func grow(x []float64, n int) []float64 {
	if cap(x) < n {
		return make([]float64, n)
	}
	return x[:n]
}

// straying is how far beyond the range of the past, in ranges, a forecast may lie.
const straying = 2

// experts writes the combination's path for the next len(dst) buckets and, if visit is not nil, shows it every
// expert's path and whether the expert made it itself.
//
// From the first step at which an expert has no finite value, or strays absurdly far from the past, it is replaced by
// the plain mean. So a path's beginning does not depend on its length.
func (m *Model) experts(dst []float64, visit func(i int, path []float64, own bool)) {
	h, s := len(dst), &m.scratch
	if h == 0 {
		return
	}
	s.weights = grow(s.weights, len(m.pool))
	s.factor = grow(s.factor, h)
	s.year = grow(s.year, h)
	s.expert = grow(s.expert, h)
	s.mean = grow(s.mean, h)
	clear(dst)
	if m.seen == 0 {
		if visit != nil {
			clear(s.expert)
			for i := range m.pool {
				visit(i, s.expert, false)
			}
		}
		return
	}
	m.weights(s.weights)
	ahead := future{factor: s.factor, year: s.year}
	if m.factors != nil {
		m.factors.ahead(s.factor)
	}
	if m.year != nil {
		m.year.ahead(s.year)
	}
	spread := m.high - m.low
	low, high := m.low-straying*spread, m.high+straying*spread
	if !m.config.Real {
		low = max(low, 0)
	}
	m.pool[0].forecast(s.mean, ahead)
	for i := range m.pool {
		w := s.weights[i]
		if !m.follows(m.pool[i].for_) {
			if visit != nil {
				visit(i, s.mean, false)
			}
			continue
		}
		if w == 0 && visit == nil {
			continue
		}
		path := s.expert
		m.pool[i].forecast(path, ahead)
		own := path[0] == path[0]
		for k, x := range path {
			if x < 0 && !m.config.Real {
				path[k] = 0
			} else if !(x >= low && x <= high) {
				copy(path[k:], s.mean[k:])
				break
			}
		}
		if w > 0 {
			for k, x := range path {
				dst[k] += w * x
			}
		}
		if visit != nil {
			visit(i, path, own)
		}
	}
}

// means is the combination's path for the next h buckets, with their events, valid until the next Append or longer query.
func (m *Model) means(h int) []float64 {
	s := &m.scratch
	if s.pathAt != m.t || len(s.path) < h {
		s.path = grow(s.path, h)
		m.experts(s.path, nil)
		m.liftPath(s.path)
		s.pathAt = m.t
	}
	return s.path[:h]
}

// Path is a forecast of single buckets, one value a step.
type Path struct {
	Mean, Median []float64
	Lo80, Hi80   []float64 // quantiles .10 and .90
	Lo95, Hi95   []float64 // quantiles .025 and .975
}

// Forecast writes the forecast of the next h buckets into dst, whose slices are reused. A model that has seen nothing
// forecasts 0, without width: a prior is the caller's.
func (m *Model) Forecast(dst *Path, h int) {
	h = max(h, 0)
	for _, x := range []*[]float64{&dst.Mean, &dst.Median, &dst.Lo80, &dst.Hi80, &dst.Lo95, &dst.Hi95} {
		*x = grow(*x, h)
	}
	mean := m.means(h)
	spread := m.spread()
	var d Dist
	for k := range h {
		v := spread.window(mean, k, k+1)
		// Neighbouring steps of a flat forecast share their quantiles.
		if k > 0 && v == d.law && mean[k] == d.Mean {
			dst.Mean[k], dst.Median[k] = mean[k], dst.Median[k-1]
			dst.Lo80[k], dst.Hi80[k], dst.Lo95[k], dst.Hi95[k] = dst.Lo80[k-1], dst.Hi80[k-1], dst.Lo95[k-1], dst.Hi95[k-1]
			continue
		}
		d = Dist{Mean: mean[k], law: v}
		q := [5]float64{.025, .1, .5, .9, .975}
		d.quantiles(q[:])
		dst.Mean[k] = mean[k]
		dst.Lo95[k], dst.Lo80[k], dst.Median[k], dst.Hi80[k], dst.Hi95[k] = q[0], q[1], q[2], q[3], q[4]
	}
}

// Sum is the distribution of the demand summed over the steps from+1 … to, 0 <= from < to; an empty window is 0. Its
// mean is the sum of the means of these steps.
func (m *Model) Sum(from, to int) Dist {
	from = max(from, 0)
	if to <= from {
		return Dist{}
	}
	mean := m.means(to)
	d := Dist{law: m.spread().window(mean, from, to)}
	for _, x := range mean[from:to] {
		d.Mean += x
	}
	return d
}

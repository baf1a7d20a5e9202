package forecast

import "sync"

// scratch is space for a block end or a query; nothing in it is state.
type scratch struct {
	weights []float64
	factor  []float64
	year    []float64
	expert  []float64
	mean    []float64 // the plain mean's path
	path    []float64 // the combination's, of a block end
	outlook Outlook   // of Forecast and Sum
}

// scratches spares every model its own: a site holds many that rest, and a few are asked at a time.
var scratches = sync.Pool{New: func() any { return new(scratch) }}

func grow(x []float64, n int) []float64 {
	if cap(x) < n {
		return make([]float64, n)
	}
	return x[:n]
}

// straying is how far beyond the range of the past, in ranges, a forecast may lie.
const straying = 2

// told is an expert's forecast.
type told struct {
	head    []float64 // its first steps, at least a block of them; nil: by times the profile
	profile profile
	by      float64
	sum     float64 // of all steps
	own     bool    // the expert made it itself
}

// visitor is shown what every expert has told.
type visitor func(i int, f told)

// experts writes the combination's path for the next len(dst) buckets and, if visit is not nil, shows it every expert.
//
// From the first step at which an expert has no finite value, or strays absurdly far from the past, it is replaced by
// the plain mean. So a path's beginning does not depend on its length.
func (m *Model) experts(dst []float64, s *scratch, visit visitor) {
	h := len(dst)
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
			for i := range m.pool {
				visit(i, told{})
			}
		}
		return
	}
	m.weights(s.weights)
	ahead := future{factor: s.factor, year: s.year}
	common := m.profiles(ahead, visit != nil)
	spread := m.high - m.low
	if m.isCount() {
		spread = m.high // a zero may always come
	}
	low, high := m.low-straying*spread, m.high+straying*spread
	if !m.config.Real {
		low = max(low, 0)
	}
	var follows [grades]bool
	for g := range grades {
		follows[g] = m.follows(g)
	}
	m.pool[0].forecast(s.mean, ahead)
	for i := range m.pool {
		w := s.weights[i]
		if !follows[m.losses.each[i].grade] {
			if visit != nil {
				visit(i, told{})
			}
			continue
		}
		if w == 0 && visit == nil {
			continue
		}
		path := s.expert
		if e, ok := m.pool[i].(multiple); ok {
			p, x := e.multiple()
			c := &common[p]
			if a, b := x*c.low, x*c.high; min(a, b) >= low && max(a, b) <= high {
				c.weight += w * x
				if visit != nil {
					visit(i, told{profile: p, by: x, sum: x * c.sum, own: true})
				}
				continue
			}
		}
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
			sum := 0.0
			for _, x := range path {
				sum += x
			}
			visit(i, told{head: path, sum: sum, own: own})
		}
	}
	level, season, year := common[flat].weight, common[ofSeason].weight, common[ofYear].weight
	switch {
	case year != 0:
		for k := range dst {
			dst[k] += level + s.factor[k]*(season+year*s.year[k])
		}
	case season != 0:
		for k := range dst {
			dst[k] += level + season*s.factor[k]
		}
	default:
		for k := range dst {
			dst[k] += level
		}
	}
	if l := m.level(); l != 1 {
		for k := range dst {
			dst[k] *= l
		}
	}
	m.beyond(dst, s.expert, ahead)
}

// beyond leads the path of days over to last year's profile where it goes beyond the horizon on which experts are
// judged: step k takes a share
//
//	(1 - H/k) n/(n+1) ρ,   n the number of years known, ρ the share of the profile that is not noise
//
// of it. Within H steps it may be best to go on as now; a year ahead the season returns, even if the demand of today is
// that of a winter without sales. One year alone is no proof of a season: it gets half. Where the regression on waves
// speaks, it knows the season better.
func (m *Model) beyond(dst, path []float64, ahead future) {
	h := m.config.Horizon
	if m.lastYear == nil || len(dst) <= h || m.fits[0].ready() && m.asks(forContinuous) {
		return
	}
	m.lastYear.forecast(path, ahead)
	years := float64(m.year.weeks / weeksPerYear)
	most := m.year.trust * years / (years + 1)
	for k := h; k < len(dst); k++ {
		if x := path[k]; x >= 0 {
			dst[k] += (1 - float64(h)/float64(k+1)) * most * (x - dst[k])
		}
	}
}

// common is what the experts of one profile have in common.
type common struct {
	low, high float64 // range of the profile, whatever the number of steps
	sum       float64 // of the profile's steps
	weight    float64 // Σ weight × number of the experts
}

// profiles writes what is known of the buckets to come, with sums of the profiles if they are wanted.
func (m *Model) profiles(ahead future, sums bool) (c [profiles]common) {
	h := len(ahead.factor)
	c[flat] = common{low: 1, high: 1, sum: float64(h)}
	if m.factors == nil {
		return c
	}
	m.factors.ahead(ahead.factor)
	c[ofSeason].low, c[ofSeason].high = m.factors.span()
	if sums {
		for _, f := range ahead.factor {
			c[ofSeason].sum += f
		}
	}
	if m.year == nil {
		return c
	}
	m.year.ahead(ahead.year)
	c[ofYear].low, c[ofYear].high = c[ofSeason].low*m.year.low, c[ofSeason].high*m.year.top
	if sums {
		for k, f := range ahead.factor {
			c[ofYear].sum += f * ahead.year[k]
		}
	}
	return c
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
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	m.outlook(&s.outlook, s, h)
	s.outlook.Path(dst, h)
}

// Sum is the distribution of the demand summed over the steps from+1 … to, 0 <= from < to; an empty window is 0. Its
// mean is the sum of the means of these steps.
func (m *Model) Sum(from, to int) Dist {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	m.outlook(&s.outlook, s, to)
	return s.outlook.Sum(from, to)
}

package forecast

// factors is the multiplicative season profile of one series (one factor a position in the season, mean 1), as a
// shrunk ratio of sums:
//
//	f_d = (A_d + κ s_d) / (B_d + κ)
//
// s_d is the site's profile (1 where there is none), A_d the discounted demand at position d, B_d the discounted slow
// level at the same buckets, so a missing bucket is in neither. κ is the demand that the site's profile is worth: the
// variance of A_d/B_d is about v/B_d, with v the variance-to-mean ratio of the series, and factors differ between
// positions by about .18 (a typical shop), which makes κ = v/.18² ≈ 30 v; a Poisson series (v = 1) that has sold 30 on
// Mondays trusts its own Mondays by half. Products of a shop differ less from each other than from no profile, but two or
// five times κ changed nothing measurable.
type factors struct {
	pos      int       // position of the next bucket
	a, b     []float64 // per position
	raw      []float64 // before division by their mean
	site     []float64 // the site's profile by position; nil: 1
	sum      float64   // of raw
	num, den float64   // slow level: discounted ratio of sums
	se, sf   float64   // discounted squared errors and forecasts: v = se/sf
}

const (
	factorDiscount   = .98 // per visit of a position: 50 seasons
	factorLevel      = .03 // smoothing of the slow level
	factorMemory     = .99 // discount of v, per bucket
	factorPriorRatio = 30  // κ/v
	profilePrior     = 10  // buckets that "no profile" is worth to a site
	factorClip       = 20  // one bucket counts at most as this many times the level
)

func newFactors(season, phase int) *factors {
	x := make([]float64, 3*season)
	f := &factors{pos: phase, a: x[:season:season], b: x[season : 2*season : 2*season], raw: x[2*season:], sum: float64(season)}
	for i := range f.raw {
		f.raw[i] = 1
	}
	return f
}

// next is the factor of the next bucket.
func (f *factors) next() float64 { return f.raw[f.pos] * float64(len(f.raw)) / f.sum }

// ahead writes the factors of the next len(dst) buckets.
func (f *factors) ahead(dst []float64) {
	scale, pos := float64(len(f.raw))/f.sum, f.pos
	for k := range dst {
		dst[k] = f.raw[pos] * scale
		if pos++; pos == len(f.raw) {
			pos = 0
		}
	}
}

// span is the range of all factors.
func (f *factors) span() (low, high float64) {
	low, high = f.raw[0], f.raw[0]
	for _, x := range f.raw[1:] {
		low, high = min(low, x), max(high, x)
	}
	scale := float64(len(f.raw)) / f.sum
	return low * scale, high * scale
}

// ratio is v, the variance-to-mean ratio. It starts at the level (a coefficient of variation of 1), worth three buckets.
func (f *factors) ratio() float64 {
	if f.num <= 0 || f.den <= 0 {
		return 0
	}
	l := f.num / f.den
	return (f.se + 3*l*l) / (f.sf + 3*l)
}

// observe closes the next bucket with demand y (NaN: missing).
func (f *factors) observe(y float64) {
	pos := f.pos
	if f.pos++; f.pos == len(f.raw) {
		f.pos = 0
	}
	if y != y {
		return
	}
	now := f.raw[pos] * float64(len(f.raw)) / f.sum
	if f.num > 0 && f.den > 0 {
		l := f.num / f.den
		y = min(y, factorClip*l)
		e := y - l*now
		f.se = factorMemory*f.se + e*e
		f.sf = factorMemory*f.sf + l*now
		f.a[pos] = factorDiscount*f.a[pos] + y
		f.b[pos] = factorDiscount*f.b[pos] + l
		raw := f.shrunk(pos)
		f.sum += raw - f.raw[pos]
		f.raw[pos] = raw
	}
	f.num += factorLevel * (y - f.num)
	f.den += factorLevel * (now - f.den)
}

// shrunk is f_d before division by the mean.
func (f *factors) shrunk(pos int) float64 {
	s := 1.0
	if f.site != nil {
		s = f.site[pos]
	}
	prior := factorPriorRatio * f.ratio()
	if f.b[pos]+prior == 0 {
		return s
	}
	return (f.a[pos] + prior*s) / (f.b[pos] + prior)
}

// setSite replaces the site's profile.
func (f *factors) setSite(profile []float64) {
	f.site = profile
	f.sum = 0
	for pos := range f.raw {
		f.raw[pos] = f.shrunk(pos)
		f.sum += f.raw[pos]
	}
}

// siteProfile is the profile that many series make together, a series counted by the logarithm of its sales, roughly:
// its demand is divided by one more than its level, so that neither the largest nor the many that hardly sell decide.
// It is shrunk to the mean of all positions as if that had been seen in profilePrior buckets of a large series at every
// one. That mean is not 1, since levels begin with a sale: a position of which nothing was ever seen, such as a day on
// which the site is shut, would else stand above all others.
func siteProfile(season int, models []*Model) []float64 {
	demand, level := make([]float64, season), make([]float64, season)
	sold, expected := 0.0, 0.0
	for _, m := range models {
		f := m.factors
		if f == nil || f.den == 0 {
			continue
		}
		w := 1 / (f.num/f.den + 1)
		for pos := range demand {
			demand[pos] += w * f.a[pos]
			level[pos] += w * f.b[pos]
			sold += w * f.a[pos]
			expected += w * f.b[pos]
		}
	}
	mean := 1.0
	if sold > 0 {
		mean = sold / expected
	}
	total := 0.0
	for pos := range demand {
		demand[pos] = (demand[pos] + profilePrior*mean) / (level[pos] + profilePrior)
		total += demand[pos]
	}
	for pos := range demand {
		demand[pos] *= float64(season) / total
	}
	return demand
}

package forecast

import "math"

// Config fixes what a model assumes of a series.
type Config struct {
	// Season is the number of buckets per season: 7 for days, 52 for weeks, 12 for months; 0 or 1: none.
	Season int
	// Real says that values may be negative. The default is demand: not negative, and no forecast or quantile is.
	Real bool
	// Horizon is the number of buckets whose sum decides which experts are believed, the lead time that matters; at
	// most 28. 0: 28 for seasons up to a week, 13 for seasons of 24 and more, otherwise 12.
	Horizon int
	// Prior is what other series of the site say of this one; nil: nothing. See also Model.SetPrior.
	Prior *Prior
	// Events says what falls into which bucket. It is shared and not changed by the model; nil: nothing.
	Events Events
	// First is the number of the bucket of the first Append, counted alike for all series of a site and as Events counts:
	// its remainder by Season is the position in the season (for days: the weekday), so that they can share a profile.
	First int
}

func (c Config) withDefaults() Config {
	c.Season = max(c.Season, 1)
	if c.Horizon <= 0 {
		switch {
		case c.Season >= 24:
			c.Horizon = 13
		case c.Season > 7 || c.Season == 1:
			c.Horizon = 12
		default:
			c.Horizon = maxHorizon
		}
	}
	c.Horizon = min(c.Horizon, maxHorizon)
	return c
}

const (
	// maxHorizon bounds the paths that a model keeps until reality has caught up with them.
	maxHorizon = 28
	// maxValue is the largest observation taken for real: beyond it squared errors of sums would overflow.
	maxValue = 1e15

	sparseShare  = .3          // of zeros, from which a series is sparse
	countZeros   = maxLogZeros // share of zeros above which whole numbers are counts
	countMean    = 20          // mean below which whole numbers are counts
	followZeros  = .06         // share of zeros up to which, and
	followMean   = 17          // mean from which counts may soon be continuous: both move slowly
	maxLogZeros  = .05         // share of zeros up to which logarithms are taken
	logFloor     = .05         // of the running mean: the smallest value whose logarithm is taken
	logSmoothing = .05         // of that running mean
)

// missing is an observation that is not there.
var missing = math.NaN()

// Model holds the forecast state of one series: bounded, whatever the length of the history.
//
// A Model is not safe for concurrent use, not even by queries alone.
type Model struct {
	config Config
	stride int // buckets per block
	leads  int // blocks per horizon

	t         int  // buckets, also missing ones
	seen      int  // observed buckets
	zeros     int  // of these, zeros
	fraction  bool // a value was not a whole number
	total     float64
	low, high float64 // range of the (winsorised) observations
	running   float64 // mean for the floor of logarithms
	sizes     sizes
	recent    sizeRing
	birth     birth

	factors  *factors     // nil without season
	year     *year        // nil unless the buckets are days of demand
	fits     []regression // of days; nil otherwise
	lags     *lags        // nil unless the pool has seasonal naive experts
	pool     []expert
	first    int // the expert that speaks until there are losses: the mean, with the profile if the site has one
	losses   losses
	errors   pastErrors
	lastYear *yearly        // the slowest, nil without
	yearly   *anniversaries // nil unless the buckets are days
	effects  []effect       // of the events it has met
	origins  []origin       // ring; the newest was made at the end of the last block
	newest   int
	made     int // origins made so far

	calibrated pastSums
	pits       pits
	block      []float64 // observations of the open block
	sold       float64   // their sum, not winsorised
	bucket     bucket    // the one being closed
}

// origin is a past point in time with what was forecast there.
type origin struct {
	path     []float32 // the combination's, horizon steps
	expert   []float32 // each expert's sum over the horizon
	level    float64   // the site's calibration in the path
	actual   float64   // sum of the observed buckets since
	sold     float64   // the same, not winsorised
	forecast float64   // sum of the path over the same buckets
	unseen   float64   // sum of the path over the missing buckets
	observed int
}

// known is the part of what was forecast that fell into observed buckets: by the path, or by the number of buckets where its
// values differ in sign.
func (o *origin) known() float64 {
	if o.unseen == 0 {
		return 1
	}
	if part := o.forecast / (o.forecast + o.unseen); part >= 0 && part <= 1 {
		return part
	}
	return float64(o.observed) / float64(len(o.path))
}

// New returns a model that has seen nothing: its forecast is 0.
func New(c Config) *Model {
	c = c.withDefaults()
	prior := c.Prior
	c.Prior = nil
	m := &Model{config: c, stride: 1, low: math.Inf(1), high: math.Inf(-1)}
	if c.Horizon >= 14 {
		m.stride = min(7, c.Horizon/4)
	}
	m.leads = (c.Horizon + m.stride - 1) / m.stride
	m.config.Horizon = m.leads * m.stride
	if c.Season > 1 {
		m.factors = newFactors(c.Season, (c.First%c.Season+c.Season)%c.Season)
	}
	if c.Season == 7 && !c.Real {
		m.year = newYear()
		m.yearly = new(anniversaries)
	}
	if c.Season > 7 || c.Season > 1 && c.Real {
		m.lags = newLags(c.Season)
	}
	if c.Season == 7 {
		m.fits = []regression{{}, {log: true}}
		if c.Real {
			m.fits = m.fits[:1]
		}
	}
	entries := pool(c, m.lags, m.year, m.fits)
	m.pool = make([]expert, len(entries))
	m.losses = newLosses(len(m.pool), m.stride)
	for i, e := range entries {
		m.pool[i], m.losses.each[i].grade = e.expert, e.for_
		switch e := e.expert.(type) {
		case *yearly:
			if m.lastYear == nil {
				m.lastYear = e
			}
		case *level:
			if e.a == 0 && e.seasonal && c.Season == daysOfWeek {
				m.first = i
			}
		}
	}
	m.errors = newErrors(m.leads, m.stride)
	m.block = make([]float64, 0, m.stride)
	m.origins = make([]origin, m.leads)
	each := m.config.Horizon + len(m.pool)
	x := make([]float32, m.leads*each)
	for i := range m.origins {
		o := x[i*each : (i+1)*each : (i+1)*each]
		m.origins[i].path, m.origins[i].expert = o[:m.config.Horizon:m.config.Horizon], o[m.config.Horizon:]
	}
	m.applyPrior(prior)
	return m
}

// Fit returns a model that has seen y, oldest first: New and an Append of each value.
func Fit(c Config, y []float64) *Model {
	m := New(c)
	for _, v := range y {
		m.Append(v)
	}
	return m
}

// Len is the number of buckets seen, also missing ones.
func (m *Model) Len() int { return m.t }

// Append closes the next bucket with the value y. NaN, infinities and values beyond 1e15 are missing: time passes,
// nothing is learnt. A negative value of a series that is not Real counts as zero (clean returns beforehand).
func (m *Model) Append(y float64) {
	if len(m.config.Events) > 0 {
		y = m.teach(y)
	}
	if m.yearly != nil {
		y = m.standsOut(y)
	}
	b := &m.bucket
	*b = bucket{y: m.admit(y), factor: 1, log: math.NaN()}
	if b.y > 0 && m.running == 0 {
		m.running = b.y
	}
	if m.needLog() && b.y == b.y && m.running > 0 {
		b.log = math.Log(max(b.y, logFloor*m.running))
		m.running += logSmoothing * (b.y - m.running)
	}
	b.filled, b.filledLog = b.y, b.log
	if b.y != b.y {
		b.filled = m.expected()
		b.filledLog = math.Log(max(b.filled, logFloor*m.running))
	}
	if m.factors != nil {
		b.factor = m.factors.next()
		m.factors.observe(b.y)
	}
	if m.year != nil {
		b.year = m.year.now
		m.year.observe(b.y, b.factor, m.factors.ratio())
	}
	for i := range m.fits {
		if r := &m.fits[i]; m.follows(holtGrade(r.log)) {
			r.observe(b)
		} else {
			r.reset()
		}
	}
	for i := range m.pool {
		m.pool[i].observe(b)
	}
	if m.lags != nil {
		m.lags.observe(b)
	}
	m.t++
	m.block = append(m.block, b.y)
	if len(m.block) == m.stride {
		m.closeBlock()
		m.block = m.block[:0]
	}
}

// expected is what was forecast of the next bucket at the end of the last block, without its events.
func (m *Model) expected() float64 {
	if m.made > 0 {
		return float64(m.origins[m.newest].path[len(m.block)])
	}
	return ratio(m.total, float64(m.seen))
}

// needLog says whether the pool has experts in logarithms.
func (m *Model) needLog() bool {
	return !m.config.Real && (m.config.Season == 1 || m.config.Season >= 7)
}

// admit books y into the summary of the series and returns what the experts shall see of it.
func (m *Model) admit(y float64) float64 {
	if !(math.Abs(y) <= maxValue) {
		return math.NaN()
	}
	if y < 0 && !m.config.Real {
		y = 0
	}
	m.seen++
	m.total += y
	m.sold += y
	m.birth.observe(y, m.seen, m.config.Horizon)
	if y > 0 {
		m.recent.push(y)
	}
	if y == 0 {
		m.zeros++
	}
	if y != math.Trunc(y) {
		m.fraction = true
	}
	if !m.config.Real {
		capped := m.sizes.observe(y)
		if m.isCount() {
			y = capped
		}
	}
	m.errors.start(y, m.fraction)
	if m.seen > m.zeros {
		m.errors.counts.size = m.total / float64(m.seen-m.zeros)
	}
	m.low, m.high = min(m.low, y), max(m.high, y)
	return y
}

// isCount says whether the series, as far as it is known, is a series of counts (see the package comment). Sparse demand
// in fractions of a unit is treated alike, in quanta of a quarter of its mean size.
func (m *Model) isCount() bool {
	if m.config.Real || m.seen == 0 {
		return false
	}
	zeros := float64(m.zeros) / float64(m.seen)
	if zeros > sparseShare {
		return true
	}
	return !m.fraction && (zeros > countZeros || m.total < countMean*float64(m.seen))
}

// quantum is the size of one count.
func (m *Model) quantum() float64 {
	if !m.fraction || m.total == 0 {
		return 1
	}
	return m.total / float64(m.seen-m.zeros) / 4
}

// asks says whether an expert of grade g may speak for the series as it is now.
func (m *Model) asks(g grade) bool {
	switch g {
	case forSparse:
		return m.isCount() && float64(m.zeros) > sparseShare*float64(m.seen)
	case forContinuous:
		return !m.isCount()
	case forPositive:
		return !m.isCount() && float64(m.zeros) <= maxLogZeros*float64(m.seen)
	default:
		return true
	}
}

// follows says whether the losses of an expert of grade g are kept up: it may speak, or could soon.
func (m *Model) follows(g grade) bool {
	n, zeros := float64(m.seen), float64(m.zeros)
	switch g {
	case forSparse:
		return zeros > sparseShare/2*n
	case forContinuous, forPositive:
		return !m.isCount() || zeros <= followZeros*n && m.total >= followMean*n
	default:
		return true
	}
}

// closeBlock charges the past forecasts with the block that is complete and makes the next origin.
func (m *Model) closeBlock() {
	if m.made > 0 {
		m.losses.steps(m.block)
		m.settle()
	}
	if m.newest++; m.newest == m.leads {
		m.newest = 0
	}
	m.made++
	o := &m.origins[m.newest]
	*o = origin{path: o.path, expert: o.expert, level: m.level()}
	m.sold = 0
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.path = grow(s.path, len(o.path))
	m.experts(s.path, s, func(i int, f told) {
		x := &m.losses.each[i]
		if !f.own {
			x.ready = false
			o.expert[i] = float32(missing)
			return
		}
		if !x.ready {
			m.losses.enter(i, m.leads)
		}
		m.losses.keep(i, f)
		o.expert[i] = float32(f.sum)
	})
	m.losses.begin(future{factor: s.factor, year: s.year})
	for k, f := range s.path {
		o.path[k] = float32(f)
	}
}

// settle compares every origin on record with the complete block.
func (m *Model) settle() {
	m.errors.age()
	shapes := m.follows(forContinuous)
	for lead := 0; lead < min(m.leads, m.made); lead++ {
		i := m.newest - lead
		if i < 0 {
			i += m.leads
		}
		o := &m.origins[i]
		for k, y := range m.block {
			f := float64(o.path[lead*m.stride+k])
			if y != y {
				o.unseen += f
				continue
			}
			m.errors.step(lead, y, f, shapes)
			o.actual += y
			o.forecast += f
			o.observed++
		}
		o.sold += m.sold
		// A window with many missing buckets says little of a sum.
		if 2*o.observed < (lead+1)*m.stride {
			continue
		}
		m.recalibrate(o, lead)
		m.errors.sum(lead, o.sold, o.forecast, o.observed, shapes)
		if lead == m.leads-1 {
			m.calibrated.settle(m, o)
			m.losses.sums(o.actual, o.known(), o.expert)
		}
	}
}

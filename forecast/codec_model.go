package forecast

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"sync"
)

// modelVersion is the first byte of a Model in bytes. It changes with what follows it, and so does the golden file.
const modelVersion = 2

// maxBuckets bounds what counts buckets.
const maxBuckets = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendBinary appends the state of the model to b: all but its Config. UnmarshalModel makes a model of it that goes on, bit
// for bit, as m does. Layout: version; checksum of the experts, 4 bytes; the fields in the order of code; CRC-32C of all of that.
func (m *Model) AppendBinary(b []byte) ([]byte, error) {
	from := len(b)
	c := coder{b: append(b, modelVersion)}
	c.b = binary.LittleEndian.AppendUint32(c.b, m.signature())
	m.code(&c)
	return binary.LittleEndian.AppendUint32(c.b, crc32.Checksum(c.b[from:], castagnoli)), nil
}

// UnmarshalModel reads what AppendBinary wrote of a model of configuration c. The prior is the one that the model had then,
// events those of the same buckets. What is damaged, or was written by a program with other experts, is an error: such a
// model is fitted again.
func UnmarshalModel(c Config, b []byte) (*Model, error) {
	const head, tail = 5, 4
	if len(b) < head+tail || b[0] != modelVersion {
		return nil, fmt.Errorf("%w: not of version %d", errModel, modelVersion)
	}
	end := len(b) - tail
	if crc32.Checksum(b[:end], castagnoli) != binary.LittleEndian.Uint32(b[end:]) {
		return nil, fmt.Errorf("%w: checksum", errModel)
	}
	m := New(c)
	if binary.LittleEndian.Uint32(b[1:]) != m.signature() {
		return nil, fmt.Errorf("%w: other experts", errModel)
	}
	r := coder{b: b[head:end], reading: true}
	m.code(&r)
	if r.err == nil && len(r.b) > 0 {
		r.fail()
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

// signatures are checksums by configuration: making one takes longer than reading a model.
var signatures sync.Map

// signature identifies the experts of a model and how it judges them.
func (m *Model) signature() uint32 {
	key := [3]int{m.config.Season, m.config.Horizon, int(flag(m.config.Real))}
	if sum, ok := signatures.Load(key); ok {
		return sum.(uint32)
	}
	sum := m.checksum() ^ uint32(m.config.Horizon)
	signatures.Store(key, sum)
	return sum
}

// code writes or reads the state. What follows from the configuration and the prior is there already.
func (m *Model) code(c *coder) {
	c.int(&m.t, maxBuckets)
	c.int(&m.seen, m.t)
	c.int(&m.zeros, m.seen)
	c.flag(&m.fraction)
	c.floats(&m.total, &m.low, &m.high, &m.running, &m.sold)
	m.sizes.code(c)
	m.recent.code(c)
	c.int(&m.birth.n, maxBuckets)
	c.floats(&m.birth.sale, &m.birth.after)
	if m.factors != nil {
		m.factors.code(c)
	}
	if m.year != nil {
		m.year.code(c)
	}
	if m.lags != nil {
		m.lags.code(c)
	}
	for i := range m.fits {
		m.fits[i].code(c)
	}
	for i := range m.pool {
		m.pool[i].code(c)
	}
	m.losses.code(c)
	m.errors.code(c)
	if m.yearly != nil {
		m.yearly.code(c, m.config.First+m.t)
	}
	m.codeEffects(c)
	m.codeOrigins(c)
	c.int(&m.calibrated.n, calibrationWindows)
	c.list(m.calibrated.actual[:m.calibrated.n])
	c.list(m.calibrated.forecast[:m.calibrated.n])
	for class := range m.pits.bins {
		c.list(m.pits.bins[class][:])
	}
	c.floats(&m.pits.draw)
	open := len(m.block)
	c.int(&open, m.stride-1)
	m.block = m.block[:open]
	c.list(m.block)
}

func (m *Model) codeOrigins(c *coder) {
	c.int(&m.made, maxBuckets)
	c.int(&m.newest, m.leads-1)
	for i := range m.origins {
		o := &m.origins[i]
		c.int(&o.observed, m.config.Horizon)
		c.floats(&o.level, &o.actual, &o.sold, &o.forecast, &o.unseen)
		c.halves(o.path)
		c.halves(o.expert)
	}
}

func (m *Model) codeEffects(c *coder) {
	n := c.length(len(m.effects), maxBuckets)
	if c.reading {
		m.effects = make([]effect, n)
	}
	for i := range m.effects {
		x := &m.effects[i]
		times, buckets := int(x.times), int(x.buckets)
		c.text(&x.name)
		c.byte(&x.day)
		c.int(&times, math.MaxInt32)
		c.int(&buckets, math.MaxInt32)
		x.times, x.buckets = int32(times), int32(buckets)
		c.floats(&x.demand, &x.expected, &x.noise)
	}
}

func (s *sizes) code(c *coder) {
	c.floats(&s.n, &s.sum, &s.dev, &s.count, &s.excess, &s.kept)
}

func (r *sizeRing) code(c *coder) {
	c.int(&r.n, maxBuckets)
	c.halves(r.y[:min(r.n, sizeRingSize)])
}

func (f *factors) code(c *coder) {
	c.int(&f.pos, len(f.raw)-1)
	c.list(f.a)
	c.list(f.b)
	c.list(f.raw)
	c.floats(&f.sum, &f.num, &f.den, &f.se, &f.sf)
}

func (r *year) code(c *coder) {
	c.int(&r.next, weeksPerYear-1)
	c.int(&r.weeks, maxBuckets)
	c.int(&r.days, 6)
	known := min(r.weeks, weeksPerYear)
	c.list(r.num[:known])
	c.list(r.den[:known])
	c.floats(&r.n, &r.d, &r.now, &r.low, &r.top, &r.level, &r.prior, &r.trust)
}

func (r *lags) code(c *coder) {
	c.int(&r.pos, len(r.y)-1)
	c.list(r.y)
	c.list(r.log)
}

// code leaves out the fits of a week that has just ended, which follow from the sums.
func (r *regression) code(c *coder) {
	c.int(&r.days, maxBuckets)
	if r.days == 0 {
		return
	}
	if r.regressionSums == nil {
		r.regressionSums = new(regressionSums)
	}
	c.list(r.xy[:])
	c.list(r.week[:])
	if r.days < fitMinimum {
		return
	}
	if r.days%7 == 0 {
		if c.reading && c.err == nil {
			r.renew()
		}
		return
	}
	if r.fits == nil {
		r.fits = make([]fit, 2*len(yearWaves))
	}
	for i := range r.fits {
		f := &r.fits[i]
		f.waves = yearWaves[i/2]
		c.list(f.week[:])
		c.list(f.year[:2*f.waves])
		c.floats(&f.slope)
	}
}

func (e *level) code(c *coder)  { c.floats(&e.num, &e.den) }
func (e *yearly) code(c *coder) { c.floats(&e.num, &e.den) }
func (e *naive) code(c *coder)  { c.floats(&e.num, &e.den) }
func (e *waves) code(c *coder)  { c.floats(&e.r) }

func (e *tsb) code(c *coder) {
	c.int(&e.n, maxBuckets)
	c.flag(&e.sold)
	c.floats(&e.p, &e.z)
}

func (e *smooth) code(c *coder) {
	c.flag(&e.ready)
	pos := int(e.pos)
	c.int(&pos, int(e.season)-1)
	e.pos = int32(pos)
	c.floats(&e.l, &e.b)
	if r := e.trend; r != nil {
		c.int(&r.count, maxBuckets)
		c.floats(&r.n, &r.t, &r.tt, &r.x, &r.tx)
	}
	if e.season <= 1 {
		return
	}
	most, n := 2*int(e.season), len(e.s)
	if e.ready {
		most = int(e.season)
	}
	c.int(&n, most)
	if c.reading {
		if e.ready && n != most || !e.ready && n == most {
			c.fail()
			n = 0
		}
		if n > 0 || e.ready {
			e.s = make([]float64, n, most)
		}
	}
	c.list(e.s)
}

func (l *losses) code(c *coder) {
	n := len(l.rows) / l.stride
	c.int(&n, int(profiles)+len(l.each))
	if c.reading {
		if n < int(profiles) {
			c.fail()
			return
		}
		l.rows = make([]float32, n*l.stride)
	}
	c.halves(l.rows)
	for i := range l.each {
		x := &l.each[i]
		f := [7]float32{x.one, x.two, x.sumOne, x.sumTwo, x.n, x.sumN, x.by}
		c.halves(f[:])
		x.one, x.two, x.sumOne, x.sumTwo, x.n, x.sumN, x.by = f[0], f[1], f[2], f[3], f[4], f[5], f[6]
		row, own := int(x.row), int(x.own)
		c.int(&row, n-1)
		c.int(&own, n-1)
		x.row, x.own = uint8(row), uint8(own)
		c.flag(&x.ready)
	}
}

func (e *pastErrors) code(c *coder) {
	c.int(&e.seen, maxBuckets)
	c.int(&e.counts.seen, maxBuckets)
	c.int(&e.turn, len(e.steps)-1)
	c.flag(&e.started)
	c.floats(&e.counts.size)
	for i := range e.steps {
		c.floats(&e.steps[i].n, &e.steps[i].scale, &e.totals[i].n, &e.totals[i].scale)
		s, t := &e.counts.steps[i], &e.counts.totals[i]
		c.floats(&s.n, &s.sq, &s.f, &t.n, &t.sq, &t.f)
	}
	e.shape = e.shape.code(c)
	e.sumShape = e.sumShape.code(c)
}

// code leaves out the order of the errors, which is found again when it is asked for.
func (r *ring) code(c *coder) *ring {
	n := 0
	if r != nil {
		n = r.n
	}
	c.int(&n, maxBuckets)
	if n == 0 {
		return r
	}
	r = r.orNew()
	r.n = n
	c.halves(r.z[:min(n, ringSize)])
	return r
}

// code writes days by their distance from the next bucket: those of two years.
func (a *anniversaries) code(c *coder, next int) {
	c.floats(&a.seen, &a.far, &a.peaks.trials, &a.peaks.hits, &a.dips.trials, &a.dips.hits, &a.dates, &a.weekly)
	c.int(&a.blank, maxBuckets)
	n := c.length(len(a.days), maxStandouts)
	if c.reading && n > 0 {
		a.days = make([]standout, n)
	}
	for i := range a.days {
		x := &a.days[i]
		ago := next - x.day
		c.int(&ago, maxBuckets)
		x.day = next - ago
		c.floats(&x.ratio, &x.most, &x.years, &x.p)
	}
}

package forecast

import (
	"hash/fnv"
)

// Prior is what the series of a site together say of each other. One slow mover cannot tell a level that follows the
// last month from one that follows the last year; two hundred of them can. It holds
//
//   - what the counted series say of the experts: the mean of their final relative losses, π_e = Σ n ℓ_e / Σ n with n the
//     discounted number of buckets, at most 20; it enters the weights as exp(-20 N/(N+20) π_e) for N series. Continuous
//     series choose for themselves;
//   - the weekday profile of all series (factors.go);
//   - sizes of orders (sizes.go), and the noise that goes with them (counterrors.go);
//   - how far the means of counts were wrong together (calibration.go), and how far those of products that have only
//     begun to sell (newcomer.go);
//   - the shape of sums of rare demand (recalibration.go);
//   - the effects of events (effects_site.go).
//
// A Prior does not change, so many models may share it. It fixes the forecasts of its models; it is meant to be renewed
// now and then, not at every sale.
type Prior struct {
	season  int
	real    bool
	profile []float64   // by position in the season; nil: none
	effects siteEffects // of events
	counts  *countPrior // nil: fewer than two series of counts
}

// countPrior is what series of counts say of each other.
type countPrior struct {
	experts     uint32    // checksum of the pool's names
	loss        []float64 // π by expert
	power       float64   // of π
	sizes       sizePrior
	ratio       float64 // variance-to-mean ratio over mean size
	calibration float64
	excess      float64 // see excessShare
	birth       float64 // see siteBirth
	remap       [rareClasses]remap
}

// priorPower is the exponent of a prior from many series, priorSeries the number of series that gets half of it.
const (
	priorPower  = 20
	priorSeries = 20
)

// NewPrior learns from models that were all made with c.Season and c.Real (others are passed over). It is nil if there is
// nothing to learn: fewer than two series of counts, and no event that a model has met.
func NewPrior(c Config, models []*Model) *Prior {
	c = c.withDefaults()
	var all, counted []*Model
	for _, m := range models {
		if m == nil || m.config.Season != c.Season || m.config.Real != c.Real {
			continue
		}
		all = append(all, m)
		if m.isCount() && m.losses.each[0].n > 0 {
			counted = append(counted, m)
		}
	}
	p := &Prior{season: c.Season, real: c.Real, effects: newSiteEffects(all)}
	if len(counted) >= 2 {
		p.counts = newCountPrior(counted)
		if c.Season == daysOfWeek {
			p.profile = siteProfile(c.Season, all)
		}
	}
	if p.counts == nil && len(p.effects) == 0 {
		return nil
	}
	return p
}

func newCountPrior(models []*Model) *countPrior {
	return &countPrior{
		experts: models[0].checksum(), loss: siteLosses(models),
		power: priorPower * float64(len(models)) / float64(len(models)+priorSeries),
		sizes: siteSizes(models), ratio: siteRatio(models), calibration: siteCalibration(models),
		excess: excessShare(models), birth: siteBirth(models), remap: siteRemap(models),
	}
}

// daysOfWeek is the season whose profile a site shares: series of days know their weekday. Longer seasons are not
// shared, since products differ in them.
const daysOfWeek = 7

// siteLosses is π.
func siteLosses(models []*Model) []float64 {
	loss := make([]float64, len(models[0].pool))
	n, l := make([]float64, len(loss)), make([]float64, len(loss))
	for _, m := range models {
		m.relativeLosses(l)
		for i, x := range l {
			if x == x {
				w := min(float64(m.losses.each[i].n), lossTrust)
				loss[i] += w * x
				n[i] += w
			}
		}
	}
	for i := range n {
		loss[i] = ratio(loss[i], n[i])
	}
	return loss
}

// checksum identifies the pool that the losses of a prior belong to.
func (m *Model) checksum() uint32 {
	h := fnv.New32a()
	for _, p := range m.pool {
		_, _ = h.Write(append([]byte(p.name()), 0)) // never fails
	}
	return h.Sum32()
}

// SetPrior replaces what the model knows of its site, from here on: nil takes it away, a prior of another configuration
// is ignored. A model fitted from scratch that gets the same priors after the same buckets is the same, bit for bit.
func (m *Model) SetPrior(p *Prior) {
	if p != nil && !p.fits(m) {
		return
	}
	m.applyPrior(p)
}

// fits says whether the prior speaks of series and experts like those of m.
func (p *Prior) fits(m *Model) bool {
	return m.config.Season == p.season && m.config.Real == p.real
}

func (m *Model) applyPrior(p *Prior) {
	if p != nil && !p.fits(m) {
		p = nil
	}
	m.config.Prior = p
	m.sizes.site, m.errors.counts.perSize = sizesAlone, 0
	var profile []float64
	if p != nil {
		profile = p.profile
		if p.counts != nil {
			m.sizes.site, m.errors.counts.perSize = p.counts.sizes, p.counts.ratio
		}
	}
	if m.factors != nil {
		m.factors.setSite(profile)
	}
}

// level is what the site says that the mean forecast has to be multiplied by.
func (m *Model) level() float64 {
	if p := m.config.Prior.ofCounts(); p != nil && m.isCount() {
		return p.calibration * (1 + p.excess) * m.birth.level(p.birth, m.seen, m.config.Horizon)
	}
	return 1
}

func (p *Prior) ofCounts() *countPrior {
	if p == nil {
		return nil
	}
	return p.counts
}

package forecast

// Prior is what the counted series of a site together say of the experts. One slow mover cannot tell a level that
// follows the last month from one that follows the last year; two hundred of them can.
//
// It is the mean of the series' final relative losses, π_e = Σ n ℓ_e / Σ n with n their discounted number of buckets,
// at most 20, and enters the weights as exp(-20 N/(N+20) π_e) for N series. Continuous series choose for themselves.
//
// A Prior fixes the forecasts of the models made with it; it is meant to be renewed now and then, not at every sale.
type Prior struct {
	config Config
	loss   []float64 // π by expert
	power  float64
}

// priorPower is the exponent of a prior from many series, priorSeries the number of series that gets half of it.
const (
	priorPower  = 20
	priorSeries = 20
)

// NewPrior learns from models that were all made with c.Season and c.Real (others are passed over). It is nil if there is
// nothing to learn from fewer than two series of counts.
func NewPrior(c Config, models []*Model) *Prior {
	c = c.withDefaults()
	p := &Prior{config: c}
	var n []float64
	series := 0
	for _, m := range models {
		if !p.fits(m.config) || !m.isCount() || m.losses.n[0] == 0 {
			continue
		}
		if p.loss == nil {
			p.loss, n = make([]float64, len(m.pool)), make([]float64, len(m.pool))
		}
		l := make([]float64, len(m.pool))
		m.relativeLosses(l)
		series++
		for i, x := range l {
			if x == x {
				w := min(m.losses.n[i], lossTrust)
				p.loss[i] += w * x
				n[i] += w
			}
		}
	}
	if series < 2 {
		return nil
	}
	for i := range n {
		p.loss[i] = ratio(p.loss[i], n[i])
	}
	p.power = priorPower * float64(series) / float64(series+priorSeries)
	return p
}

// fits says whether models of configuration c have the pool that the prior speaks of.
func (p *Prior) fits(c Config) bool {
	return max(c.Season, 1) == p.config.Season && c.Real == p.config.Real
}

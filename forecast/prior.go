package forecast

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// Prior is what the counted series of a site together say of the experts. One slow mover cannot tell a level that
// follows the last month from one that follows the last year; two hundred of them can.
//
// It is the mean of the series' final relative losses, π_e = Σ n ℓ_e / Σ n with n their discounted number of buckets,
// at most 20, and enters the weights as exp(-20 N/(N+20) π_e) for N series. Continuous series choose for themselves.
//
// A Prior fixes the forecasts of the models made with it; it is meant to be renewed now and then, not at every sale.
type Prior struct {
	config Config
	loss   []float64 // π by expert; nil: nothing
	power  float64

	effects siteEffects // of events, of series of all kinds
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
	c.Events, c.Prior = nil, nil
	p := &Prior{config: c}
	var n []float64
	series := 0
	p.effects = newSiteEffects(models)
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
		if p.loss = nil; len(p.effects) > 0 {
			return p
		}
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

// SetPrior makes p what the model knows of other series from the next bucket on.
func (m *Model) SetPrior(p *Prior) {
	if p != nil && !p.fits(m.config) {
		p = nil
	}
	m.config.Prior = p
}

const priorVersion = 1

// AppendBinary appends the saved form of p.
func (p *Prior) AppendBinary(dst []byte) ([]byte, error) {
	dst = append(dst, priorVersion)
	dst = binary.AppendUvarint(dst, uint64(len(p.loss)))
	for _, x := range append(slices.Clip(p.loss), p.power) {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
	}
	return p.effects.append(dst), nil
}

var errPrior = errors.New("forecast: not a prior of this pool of models")

// UnmarshalPrior reads what AppendBinary wrote of a prior for models of c.
func UnmarshalPrior(c Config, b []byte) (*Prior, error) {
	c = c.withDefaults()
	c.Events, c.Prior = nil, nil
	p := &Prior{config: c}
	if len(b) == 0 || b[0] != priorVersion {
		return nil, errPrior
	}
	n, b, ok := takeLength(b[1:])
	if !ok || len(b) < 8*(n+1) || n != 0 && n != len(New(p.config).pool) {
		return nil, errPrior
	}
	for i := range n + 1 {
		x := math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, errPrior
		}
		if i == n {
			p.power = x
		} else {
			p.loss = append(p.loss, x)
		}
	}
	var err error
	if p.effects, b, err = decodeSiteEffects(b[8*(n+1):]); err != nil || len(b) > 0 {
		return nil, errPrior
	}
	return p, nil
}

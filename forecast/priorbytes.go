package forecast

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// priorVersion is the first byte of a Prior in bytes.
const priorVersion = 1

var errPrior = errors.New("forecast: prior")

// AppendBinary appends the prior to b. Layout, little endian: version; season as a varint; 1 if Real; the profile as a
// varint number of float64s; the effects of events; 1 if there is more: the checksum of the experts, the float64s of
// fields, in their order, the losses like the profile.
func (p *Prior) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, priorVersion)
	b = binary.AppendUvarint(b, uint64(p.season))
	b = append(b, flag(p.real))
	b = appendFloats(b, p.profile)
	b = p.effects.append(b)
	b = append(b, flag(p.counts != nil))
	if p.counts == nil {
		return b, nil
	}
	b = binary.LittleEndian.AppendUint32(b, p.counts.experts)
	for _, f := range p.counts.fields() {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(*f.at))
	}
	return appendFloats(b, p.counts.loss), nil
}

func flag(x bool) byte {
	if x {
		return 1
	}
	return 0
}

func appendFloats(b []byte, x []float64) []byte {
	b = binary.AppendUvarint(b, uint64(len(x)))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// field is a number of a prior and the range that a sound one lies in.
type field struct {
	at        *float64
	low, high float64
}

func (p *countPrior) fields() []field {
	all := []field{
		{&p.power, 0, priorPower},
		{&p.sizes.mean, -1000, 1000}, {&p.sizes.meanN, 0, 1000}, {&p.sizes.sigma, 0, 1000}, {&p.sizes.sigmaN, 0, 1000},
		{&p.ratio, 1 / maxRatio, maxRatio},
		{&p.calibration, 1. / maxCalibration, maxCalibration},
		{&p.excess, 0, 1},
		{&p.birth, minBirth, 1},
	}
	for class := range p.remap {
		for i := range p.remap[class] {
			all = append(all, field{&p.remap[class][i], 0, 1 + 1e-9})
		}
	}
	return all
}

// UnmarshalPrior reads a prior that AppendBinary wrote, for models of configuration c. A prior of another configuration,
// or of a program with other experts, is an error like one that is damaged.
func UnmarshalPrior(c Config, b []byte) (*Prior, error) {
	m := New(Config{Season: c.Season, Real: c.Real, Horizon: c.Horizon})
	p := &Prior{season: m.config.Season, real: m.config.Real}
	r := priorReader{b: b}
	if v := r.byte(); r.err == nil && v != priorVersion {
		return nil, fmt.Errorf("%w: version %d is not %d", errPrior, v, priorVersion)
	}
	season, isReal := r.uvarint(), r.flag()
	if r.err == nil && (season != uint64(p.season) || isReal != p.real) {
		return nil, fmt.Errorf("%w: is of season %d, real %t", errPrior, season, isReal)
	}
	p.profile = r.floats(p.season, 0, float64(p.season))
	if n := len(p.profile); r.err == nil && n != 0 && (n != p.season || p.season != daysOfWeek) {
		r.err = fmt.Errorf("%w: profile of %d buckets", errPrior, n)
	}
	if r.err == nil {
		p.effects, r.b, r.err = decodeSiteEffects(r.b)
	}
	if r.flag() && r.err == nil {
		p.counts = r.counts(m)
	}
	if r.err == nil && len(r.b) > 0 {
		r.err = fmt.Errorf("%w: %d bytes too many", errPrior, len(r.b))
	}
	if r.err != nil {
		return nil, r.err
	}
	return p, nil
}

// counts reads what is said of counts for models like m.
func (r *priorReader) counts(m *Model) *countPrior {
	p := &countPrior{experts: r.uint32()}
	if r.err == nil && p.experts != m.checksum() {
		r.err = fmt.Errorf("%w: speaks of other experts", errPrior)
	}
	for i, f := range p.fields() {
		*f.at = r.float(f.low, f.high)
		if r.err != nil {
			r.err = fmt.Errorf("%w, field %d", r.err, i)
			return nil
		}
	}
	p.loss = r.floats(len(m.pool), -maxRelativeLoss, maxRelativeLoss)
	if r.err == nil && len(p.loss) != len(m.pool) {
		r.err = fmt.Errorf("%w: %d losses of %d experts", errPrior, len(p.loss), len(m.pool))
	}
	return p
}

// maxRelativeLoss bounds |ℓ|: a relative loss lies between lossFloor and the number of experts.
const maxRelativeLoss = 20

// priorReader reads b from the front; after an error everything is zero.
type priorReader struct {
	b   []byte
	err error
}

// next is the next n bytes, nil when there are not as many.
func (r *priorReader) next(n int) []byte {
	if r.err != nil {
		return nil
	}
	if len(r.b) < n {
		r.err = fmt.Errorf("%w: ends early", errPrior)
		return nil
	}
	x := r.b[:n]
	r.b = r.b[n:]
	return x
}

func (r *priorReader) byte() byte {
	if x := r.next(1); x != nil {
		return x[0]
	}
	return 0
}

func (r *priorReader) flag() bool {
	x := r.byte()
	if r.err == nil && x > 1 {
		r.err = fmt.Errorf("%w: %d is neither yes nor no", errPrior, x)
	}
	return x == 1
}

func (r *priorReader) uint32() uint32 {
	if x := r.next(4); x != nil {
		return binary.LittleEndian.Uint32(x)
	}
	return 0
}

func (r *priorReader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.err = fmt.Errorf("%w: ends early", errPrior)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *priorReader) float(low, high float64) float64 {
	x := r.next(8)
	if x == nil {
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(x))
	if !(v >= low && v <= high) { // also NaN
		r.err = fmt.Errorf("%w: %v is not within %v … %v", errPrior, v, low, high)
		return 0
	}
	return v
}

// floats reads a number of at most limit values, nil for none.
func (r *priorReader) floats(limit int, low, high float64) []float64 {
	n := r.uvarint()
	if r.err == nil && n > uint64(limit) {
		r.err = fmt.Errorf("%w: %d values, at most %d", errPrior, n, limit)
	}
	if r.err != nil || n == 0 {
		return nil
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = r.float(low, high)
	}
	return x
}

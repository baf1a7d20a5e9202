package stream

import (
	"math"

	"drumbeat/schemas"
)

const sizeRuleVersion = 2

// ringWhole is added to the bits of a sale in its encoding: the units are a whole number below wholeUnits.
// It stands there inverted, so that the bits of nearly all sales take one byte.
const ringWhole = uint64(ringContext) * uint64(saleContexts)

const wholeUnits = 1 << 21 // three bytes, where a float32 takes four

// append encodes the rule: 4 bytes for one without a sale, about 50 for a cold one, else about 115, and
// three for every remembered event.
func (r *sizeRule) append(dst []byte) []byte {
	dst = append(dst, sizeRuleVersion, r.sales)
	dst = r.appendRing(dst)
	if r.sales == 0 {
		return dst
	}
	dst = append(dst, r.updates, byte(r.run))
	dst = appendVarint(dst, int64(r.last))
	dst = appendFloat32(dst, r.level)
	dst = appendFloat32(dst, r.spread)
	dst = appendFloat32(dst, r.phi)
	if r.updates > 0 {
		for i := range r.weekday {
			dst = appendVarint(dst, int64(r.weekday[i]))
			dst = appendUvarint(dst, uint64(r.doubt[i]))
		}
	}
	dst = appendUvarint(dst, uint64(len(r.events)))
	day := r.last
	for _, e := range r.events {
		dst = appendVarint(dst, int64(e.day)-int64(day))
		dst = appendUvarint(dst, uint64(e.ratio))
		day = e.day
	}
	return dst
}

// appendRing encodes the ring, and of its two newest sales what belief and boost need.
func (r *sizeRule) appendRing(dst []byte) []byte {
	dst = append(dst, r.kept)
	var day schemas.Date
	for i := range r.kept {
		s := &r.ring[i]
		bits := uint64(s.bits)
		whole := s.units == float32(int32(min(s.units, wholeUnits))) && s.units < wholeUnits
		if whole {
			bits |= ringWhole
		}
		dst = appendUvarint(dst, bits^ringWhole)
		dst = appendVarint(dst, int64(day)-int64(s.day))
		day = s.day
		if whole {
			dst = appendUvarint(dst, uint64(s.units))
		} else {
			dst = appendFloat32(dst, s.units)
		}
		if s.mayChange() {
			dst = appendFloat32(dst, s.score)
		}
		if int(i) < len(r.recent) {
			dst = append(dst, byte(r.recent[i].side))
			dst = appendFloat32(dst, r.recent[i].ratio)
		}
	}
	return dst
}

// decodeSizeRule reads what append wrote and returns what follows it.
func decodeSizeRule(src []byte) (rule sizeRule, rest []byte, err error) {
	var r sizeRule
	in := reader{b: src}
	if v := in.byte(); in.err == nil && v != sizeRuleVersion {
		return sizeRule{}, nil, &versionError{What: "an outlier rule", Version: int(v)}
	}
	r.sales = in.byte()
	r.decodeRing(&in)
	if r.sales > 0 {
		r.decodeLevel(&in)
		r.decodeEvents(&in)
	}
	if in.err != nil {
		return sizeRule{}, nil, in.err
	}
	return r, in.b, nil
}

func (r *sizeRule) decodeRing(in *reader) {
	r.kept = uint8(in.upTo(reviseLast))
	var day int64
	for i := range r.kept {
		bits := in.upTo(2*ringWhole-1) ^ ringWhole
		s := &r.ring[i]
		s.bits = ringBits(bits &^ ringWhole)
		day -= int64(in.int32())
		s.day = schemas.Date(day)
		if int64(s.day) != day {
			in.fail()
		}
		if bits&ringWhole != 0 {
			s.units = float32(in.upTo(wholeUnits - 1))
		} else {
			s.units = in.finite()
		}
		if !judged(float64(s.units)) {
			in.fail()
		}
		if s.mayChange() {
			s.score = in.finite()
		}
		if int(i) < len(r.recent) {
			c := &r.recent[i]
			c.side, c.ratio = int8(in.byte()), in.finite()
			if c.side < -1 || c.side > 1 || c.ratio <= 0 {
				in.fail()
			}
		}
	}
}

func (r *sizeRule) decodeLevel(in *reader) {
	r.updates = in.byte()
	r.run = int8(in.byte())
	r.last = schemas.Date(in.int32())
	r.level, r.spread, r.phi = in.finite(), in.finite(), in.finite()
	for i := range r.doubt {
		r.doubt[i] = roundDoubt(firstWeekday)
	}
	if r.updates > 0 {
		for i := range r.weekday {
			effect := in.varint()
			r.weekday[i], r.doubt[i] = int16(effect), uint16(in.upTo(math.MaxUint16))
			if int64(r.weekday[i]) != effect || r.doubt[i] == 0 {
				in.fail()
			}
		}
	}
	if r.run <= -boostRun || r.run >= boostRun || math.Abs(float64(r.level)) > levelMost ||
		!(r.spread > 0) || r.spread > spreadMost || r.phi < float32(phiLeast) || r.phi > phiMost {
		in.fail()
	}
}

// Beyond what any Quantity can teach: its logarithm is within 30 of 0.
const (
	levelMost  = 100
	spreadMost = levelMost * levelMost
)

func (r *sizeRule) decodeEvents(in *reader) {
	day := int64(r.last)
	n := in.upTo(eventsMost)
	if n == 0 {
		return
	}
	r.events = make([]sizeEvent, 0, n)
	for range n {
		day += int64(in.int32())
		r.events = append(r.events, sizeEvent{schemas.Date(day), uint16(in.upTo(math.MaxUint16))})
		if int64(schemas.Date(day)) != day {
			in.fail()
		}
	}
}

// finite reads a float32 that is a number.
func (r *reader) finite() float32 {
	v := r.float32()
	if v != v || math.IsInf(float64(v), 0) {
		r.fail()
		return 0
	}
	return v
}

package outlier

import (
	"math"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

const ruleVersion = 2

// ringWhole is added to the bits of a sale in its encoding: the units are a whole number below wholeUnits.
// It stands there inverted, so that the bits of nearly all sales take one byte.
const ringWhole = uint64(ringContext) * uint64(contexts)

const wholeUnits = 1 << 21 // three bytes, where a float32 takes four

// Append encodes the rule: 4 bytes for one without a sale, about 50 for a cold one, else about 115, and
// three for every remembered event.
func (r *Rule) Append(dst []byte) []byte {
	dst = append(dst, ruleVersion, r.sales)
	dst = r.appendRing(dst)
	if r.sales == 0 {
		return dst
	}
	dst = append(dst, r.updates, byte(r.run))
	dst = codec.AppendVarint(dst, int64(r.last))
	dst = codec.AppendFloat32(dst, r.level)
	dst = codec.AppendFloat32(dst, r.spread)
	dst = codec.AppendFloat32(dst, r.phi)
	if r.updates > 0 {
		for i := range r.weekday {
			dst = codec.AppendVarint(dst, int64(r.weekday[i]))
			dst = codec.AppendUvarint(dst, uint64(r.doubt[i]))
		}
	}
	dst = codec.AppendUvarint(dst, uint64(len(r.events)))
	day := r.last
	for _, e := range r.events {
		dst = codec.AppendVarint(dst, int64(e.day)-int64(day))
		dst = codec.AppendUvarint(dst, uint64(e.ratio))
		day = e.day
	}
	return dst
}

// appendRing encodes the ring, and of its two newest sales what belief and boost need.
func (r *Rule) appendRing(dst []byte) []byte {
	dst = append(dst, r.kept)
	var day schemas.Date
	for i := range r.kept {
		s := &r.ring[i]
		bits := uint64(s.bits)
		whole := s.units == float32(int32(min(s.units, wholeUnits))) && s.units < wholeUnits
		if whole {
			bits |= ringWhole
		}
		dst = codec.AppendUvarint(dst, bits^ringWhole)
		dst = codec.AppendVarint(dst, int64(day)-int64(s.day))
		day = s.day
		if whole {
			dst = codec.AppendUvarint(dst, uint64(s.units))
		} else {
			dst = codec.AppendFloat32(dst, s.units)
		}
		if s.mayChange() {
			dst = codec.AppendFloat32(dst, s.score)
		}
		if int(i) < len(r.recent) {
			dst = append(dst, byte(r.recent[i].side))
			dst = codec.AppendFloat32(dst, r.recent[i].ratio)
		}
	}
	return dst
}

// DecodeRule reads what Append wrote and returns what follows it.
func DecodeRule(src []byte) (rule Rule, rest []byte, err error) {
	var r Rule
	in := codec.Reader{Rest: src}
	if v := in.Byte(); in.Err == nil && v != ruleVersion {
		return Rule{}, nil, &codec.VersionError{What: "an outlier rule", Version: int(v)}
	}
	r.sales = in.Byte()
	r.decodeRing(&in)
	if r.sales > 0 {
		r.decodeLevel(&in)
		r.decodeEvents(&in)
	}
	if in.Err != nil {
		return Rule{}, nil, in.Err
	}
	return r, in.Rest, nil
}

func (r *Rule) decodeRing(in *codec.Reader) {
	r.kept = uint8(in.UpTo(reviseLast))
	var day int64
	for i := range r.kept {
		bits := in.UpTo(2*ringWhole-1) ^ ringWhole
		s := &r.ring[i]
		s.bits = ringBits(bits &^ ringWhole)
		day -= int64(in.Int32())
		s.day = schemas.Date(day)
		if int64(s.day) != day {
			in.Fail()
		}
		if bits&ringWhole != 0 {
			s.units = float32(in.UpTo(wholeUnits - 1))
		} else {
			s.units = in.Finite()
		}
		if !Judged(float64(s.units)) {
			in.Fail()
		}
		if s.mayChange() {
			s.score = in.Finite()
		}
		if int(i) < len(r.recent) {
			c := &r.recent[i]
			c.side, c.ratio = int8(in.Byte()), in.Finite()
			if c.side < -1 || c.side > 1 || c.ratio <= 0 {
				in.Fail()
			}
		}
	}
}

func (r *Rule) decodeLevel(in *codec.Reader) {
	r.updates = in.Byte()
	r.run = int8(in.Byte())
	r.last = schemas.Date(in.Int32())
	r.level, r.spread, r.phi = in.Finite(), in.Finite(), in.Finite()
	for i := range r.doubt {
		r.doubt[i] = roundDoubt(firstWeekday)
	}
	if r.updates > 0 {
		for i := range r.weekday {
			effect := in.Varint()
			r.weekday[i], r.doubt[i] = int16(effect), uint16(in.UpTo(math.MaxUint16))
			if int64(r.weekday[i]) != effect || r.doubt[i] == 0 {
				in.Fail()
			}
		}
	}
	if r.run <= -boostRun || r.run >= boostRun || math.Abs(float64(r.level)) > levelMost ||
		!(r.spread > 0) || r.spread > spreadMost || r.phi < float32(phiLeast) || r.phi > phiMost {
		in.Fail()
	}
}

// Beyond what any Quantity can teach: its logarithm is within 30 of 0.
const (
	levelMost  = 100
	spreadMost = levelMost * levelMost
)

func (r *Rule) decodeEvents(in *codec.Reader) {
	day := int64(r.last)
	n := in.UpTo(eventsMost)
	if n == 0 {
		return
	}
	r.events = make([]event, 0, n)
	for range n {
		day += int64(in.Int32())
		r.events = append(r.events, event{schemas.Date(day), uint16(in.UpTo(math.MaxUint16))})
		if int64(schemas.Date(day)) != day {
			in.Fail()
		}
	}
}

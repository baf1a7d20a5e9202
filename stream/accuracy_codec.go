package stream

import (
	"bytes"
	"math"

	"drumbeat/schemas"
)

// packedAccuracy is an accuracy in the bytes that are saved, none for a SKU that was in no plan yet, with the
// first day on which a window of it ends.
type packedAccuracy struct {
	bytes  []byte
	closes schemas.Date // schemas.MaxDate: no window is open
}

func (p packedAccuracy) same(o packedAccuracy) bool { return bytes.Equal(p.bytes, o.bytes) }

// packAccuracy encodes an accuracy. Its version is the SKU's.
func packAccuracy(a *accuracy) packedAccuracy {
	dst := append(make([]byte, 0, 512), byte(a.class))
	dst = appendUint32(dst, a.models)
	for i := range a.spans {
		dst = a.spans[i].append(dst)
	}
	dst = appendUvarint(dst, uint64(len(a.origins)))
	for i := range a.origins {
		p := &a.origins[i]
		dst = appendVarint(dst, int64(p.day))
		dst = appendString(dst, string(p.shape))
		dst = appendUvarint(dst, uint64(len(p.open)))
		for _, w := range p.open {
			dst = append(dst, byte(w.span))
			dst = appendUvarint(dst, uint64(w.days))
			for _, v := range [...]float32{w.mean, w.low, w.high, w.top, w.naive} {
				dst = appendFloat32(dst, v)
			}
		}
	}
	return packedAccuracy{bytes: bytes.Clone(dst), closes: a.closes()}
}

// closes is the first day on which an open window ends.
func (a *accuracy) closes() schemas.Date {
	day := schemas.MaxDate
	for i := range a.origins {
		p := &a.origins[i]
		for j := range p.open {
			day = min(day, p.last(&p.open[j]))
		}
	}
	return day
}

// unpack decodes bytes that were encoded, or checked by decode.
func (p packedAccuracy) unpack() (a accuracy) {
	if len(p.bytes) > 0 {
		r := reader{b: p.bytes}
		a.decode(&r)
	}
	return a
}

// tallies decodes what is known of closed windows alone.
func (p packedAccuracy) tallies() (a accuracy) {
	if len(p.bytes) > 0 {
		r := reader{b: p.bytes}
		a.decodeTallies(&r)
	}
	return a
}

func (a *accuracy) decodeTallies(r *reader) {
	if a.class = seriesClass(r.byte()); a.class >= seriesClasses {
		r.fail()
	}
	a.models = r.uint32()
	for i := range a.spans {
		a.spans[i].decode(r)
	}
}

func (a *accuracy) decode(r *reader) {
	a.decodeTallies(r)
	for n := r.count(3); n > 0; n-- {
		p := publication{day: schemas.Date(r.int32()), shape: []uint8(r.string())}
		for n := r.count(22); n > 0; n-- {
			w := window{span: spanKind(r.byte()), days: int(r.upTo(uint64(len(p.shape))))}
			if w.span >= spanKinds || w.days == 0 {
				r.fail()
			}
			for _, v := range [...]*float32{&w.mean, &w.low, &w.high, &w.top, &w.naive} {
				*v = r.figure()
			}
			p.open = append(p.open, w)
		}
		a.origins = append(a.origins, p)
	}
}

// figure reads a float32 that is finite.
func (r *reader) figure() float32 {
	v := r.float32()
	if v != v || math.IsInf(float64(v), 0) {
		r.fail()
		return 0
	}
	return v
}

func (p packedAccuracy) append(dst []byte) []byte { return appendString(dst, string(p.bytes)) }

// decode reads what append wrote.
func (p *packedAccuracy) decode(r *reader) {
	p.closes = schemas.MaxDate
	p.bytes = bytes.Clone(r.take(r.count(1)))
	if len(p.bytes) == 0 {
		return
	}
	inner := reader{b: p.bytes}
	var a accuracy
	if a.decode(&inner); inner.err != nil || len(inner.b) > 0 {
		r.fail()
		return
	}
	p.closes = a.closes()
}

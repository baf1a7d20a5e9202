package stream

import (
	"bytes"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
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
	dst = codec.AppendUint32(dst, a.models)
	for i := range a.spans {
		dst = a.spans[i].append(dst)
	}
	dst = codec.AppendUvarint(dst, uint64(len(a.origins)))
	for i := range a.origins {
		p := &a.origins[i]
		dst = codec.AppendVarint(dst, int64(p.day))
		dst = codec.AppendText(dst, string(p.shape))
		dst = codec.AppendUvarint(dst, uint64(len(p.open)))
		for _, w := range p.open {
			dst = append(dst, byte(w.span))
			dst = codec.AppendUvarint(dst, uint64(w.days))
			for _, v := range [...]float32{w.mean, w.low, w.high, w.top, w.naive} {
				dst = codec.AppendFloat32(dst, v)
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
		r := codec.Reader{Rest: p.bytes}
		a.decode(&r)
	}
	return a
}

// tallies decodes what is known of closed windows alone.
func (p packedAccuracy) tallies() (a accuracy) {
	if len(p.bytes) > 0 {
		r := codec.Reader{Rest: p.bytes}
		a.decodeTallies(&r)
	}
	return a
}

func (a *accuracy) decodeTallies(r *codec.Reader) {
	if a.class = seriesClass(r.Byte()); a.class >= seriesClasses {
		r.Fail()
	}
	a.models = r.Uint32()
	for i := range a.spans {
		a.spans[i].decode(r)
	}
}

func (a *accuracy) decode(r *codec.Reader) {
	a.decodeTallies(r)
	for n := r.Count(3); n > 0; n-- {
		p := publication{day: schemas.Date(r.Int32()), shape: []uint8(r.Text())}
		for n := r.Count(22); n > 0; n-- {
			w := window{span: spanKind(r.Byte()), days: int(r.UpTo(uint64(len(p.shape))))}
			if w.span >= spanKinds || w.days == 0 {
				r.Fail()
			}
			for _, v := range [...]*float32{&w.mean, &w.low, &w.high, &w.top, &w.naive} {
				*v = r.Finite()
			}
			p.open = append(p.open, w)
		}
		a.origins = append(a.origins, p)
	}
}

func (p packedAccuracy) append(dst []byte) []byte { return codec.AppendText(dst, string(p.bytes)) }

// decode reads what append wrote.
func (p *packedAccuracy) decode(r *codec.Reader) {
	p.closes = schemas.MaxDate
	p.bytes = bytes.Clone(r.Take(r.Count(1)))
	if len(p.bytes) == 0 {
		return
	}
	inner := codec.Reader{Rest: p.bytes}
	var a accuracy
	if a.decode(&inner); inner.Err != nil || len(inner.Rest) > 0 {
		r.Fail()
		return
	}
	p.closes = a.closes()
}

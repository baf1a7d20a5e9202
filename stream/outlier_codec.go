package stream

import (
	"math"

	"drumbeat/schemas"
)

const sizeFilterVersion = 1

// append encodes the filter: two bytes for one without a sale, about 50 for a cold one, else about
// 100 and three for every remembered event.
func (f *sizeFilter) append(dst []byte) []byte {
	dst = append(dst, sizeFilterVersion, f.sales)
	if f.sales == 0 {
		return dst
	}
	dst = append(dst, f.updates, byte(f.run))
	dst = appendVarint(dst, int64(f.last))
	dst = appendFloat32(dst, f.level)
	dst = appendFloat32(dst, f.spread)
	dst = appendFloat32(dst, f.logPhi)
	for _, s := range f.recent {
		dst = append(dst, byte(s.side))
		dst = appendFloat32(dst, s.units)
		dst = appendFloat32(dst, s.logRatio)
	}
	if f.updates > 0 {
		for i := range f.weekday {
			dst = appendFloat32(dst, f.weekday[i])
			dst = appendFloat32(dst, f.doubt[i])
		}
	}
	dst = appendUvarint(dst, uint64(len(f.events)))
	day := f.last
	for _, e := range f.events {
		dst = appendVarint(dst, int64(e.day)-int64(day))
		dst = appendUvarint(dst, uint64(e.ratio))
		day = e.day
	}
	return dst
}

// decodeSizeFilter reads what append wrote and returns what follows it.
func decodeSizeFilter(src []byte) (f sizeFilter, rest []byte, err error) {
	r := reader{b: src}
	if v := r.byte(); r.err == nil && v != sizeFilterVersion {
		return sizeFilter{}, nil, &versionError{What: "a size filter", Version: int(v)}
	}
	f.sales = r.byte()
	if f.sales == 0 {
		if r.err != nil {
			return sizeFilter{}, nil, r.err
		}
		return sizeFilter{}, r.b, nil
	}
	f.updates = r.byte()
	f.run = int8(r.byte())
	f.last = schemas.Date(r.int32())
	f.level, f.spread, f.logPhi = r.finite(), r.finite(), r.finite()
	for i := range f.recent {
		f.recent[i] = recentSale{side: int8(r.byte()), units: r.finite(), logRatio: r.finite()}
	}
	for i := range f.doubt {
		f.doubt[i] = firstWeekday
	}
	if f.updates > 0 {
		for i := range f.weekday {
			f.weekday[i], f.doubt[i] = r.finite(), r.finite()
		}
	}
	day := int64(f.last)
	if n := r.upTo(eventsMost); n > 0 {
		f.events = make([]sizeEvent, 0, n)
		for range n {
			day += int64(r.int32())
			f.events = append(f.events, sizeEvent{schemas.Date(day), uint16(r.upTo(math.MaxUint16))})
		}
	}
	if r.err == nil && !(f.spread > 0 && f.logPhi >= logPhiLeast && f.logPhi <= logPhiMost) {
		r.fail()
	}
	if r.err != nil {
		return sizeFilter{}, nil, r.err
	}
	return f, r.b, nil
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

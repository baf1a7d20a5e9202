package forecast

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
)

// siteEffects are the effects of events on all series of a site together, part of a [Prior]:
//
//	R = (Σ s D + 1/τ₁²) / (Σ s E + 1/τ₁²),   s = 1/(v + τ² E)
//
// D, E, v and τ as in effect, τ₁ = 1. The weight s E of a series is the precision of its own D/E as a guess of R, at most
// 1/τ², so that no large series drowns the others. The days of an event likewise, towards the whole.
//
// Events whose names begin with the same word and a colon are of one kind, such as national holidays. The effect of one
// is shrunk towards that of its kind (τ₁ = .5) instead of towards 1, and one that nobody has met has the effect of its kind.
type siteEffects map[effectKey]siteEffect

type siteEffect struct {
	demand, expected float64 // Σ s D, Σ s E
}

// newSiteEffects learns from the models, in their order.
func newSiteEffects(models []*Model) siteEffects {
	all := siteEffects{}
	for _, m := range models {
		for i := range m.effects {
			x := &m.effects[i]
			s := 1 / (x.noise/x.expected + effectSpread*effectSpread*x.expected)
			if s*x.expected > 0 && s*x.demand <= maxValue { // neither NaN nor lost in rounding
				y := all[x.effectKey]
				all[x.effectKey] = siteEffect{y.demand + s*x.demand, y.expected + s*x.expected}
				if kind := kindOf(x.name); kind != "" && x.day == 0 {
					y := all[effectKey{kind, 0}]
					all[effectKey{kind, 0}] = siteEffect{y.demand + s*x.demand, y.expected + s*x.expected}
				}
			}
		}
	}
	return all
}

// kindOf is the kind of an event with its colon, "" if it has none.
func kindOf(name string) string {
	kind, of, ok := strings.Cut(name, ": ")
	if !ok || kind == "" || of == "" {
		return ""
	}
	return kind + ":"
}

// kindSpread is τ₁ within a kind.
const kindSpread = .5

// effectOf is the effect of an event on all series; false if none has met it, or another one of its kind.
func (p *Prior) effectOf(name string) (r float64, ok bool) {
	if p.noEffects() {
		return 1, false
	}
	to, weight := 1., 1./(unknownSpread*unknownSpread)
	if kind := kindOf(name); kind != "" {
		if to, ok = p.effectOf(kind); ok {
			weight = 1 / (kindSpread * kindSpread)
		}
	}
	x, met := p.effects[effectKey{name, 0}]
	return (x.demand + weight*to) / (x.expected + weight), ok || met
}

// shapeOf is the effect of a day of an event relative to the whole.
func (p *Prior) shapeOf(name string, day uint8) float64 {
	r, ok := p.effectOf(name)
	if !ok || r == 0 {
		return 1
	}
	const weight = 1 / (effectSpread * effectSpread)
	x := p.effects[effectKey{name, day}]
	return (x.demand + weight*r) / (x.expected + weight) / r
}

func (p *Prior) noEffects() bool { return p == nil || len(p.effects) == 0 }

// append encodes the effects in the order of names and days.
func (e siteEffects) append(dst []byte) []byte {
	keys := slices.SortedFunc(maps.Keys(e), func(a, b effectKey) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.day, b.day))
	})
	dst = binary.AppendUvarint(dst, uint64(len(keys)))
	for _, k := range keys {
		dst = binary.AppendUvarint(dst, uint64(len(k.name)))
		dst = append(append(dst, k.name...), k.day)
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(e[k].demand))
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(e[k].expected))
	}
	return dst
}

var errEffects = errors.New("forecast: encoded effects of events are damaged")

// decodeSiteEffects reads what append wrote and returns what follows it.
func decodeSiteEffects(b []byte) (siteEffects, []byte, error) {
	e := siteEffects{}
	n, b, ok := takeLength(b)
	for ; ok && n > 0; n-- {
		var size int
		if size, b, ok = takeLength(b); !ok || len(b) < size+1+16 {
			return nil, nil, errEffects
		}
		key := effectKey{string(b[:size]), b[size]}
		b = b[size+1:]
		x := siteEffect{math.Float64frombits(binary.LittleEndian.Uint64(b)), math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))}
		b = b[16:]
		ok = x.demand >= 0 && x.demand <= math.MaxFloat64 && x.expected > 0 && x.expected <= math.MaxFloat64
		e[key] = x
	}
	if !ok {
		return nil, nil, errEffects
	}
	return e, b, nil
}

// takeLength takes a number off the front of b that counts some of its bytes.
func takeLength(b []byte) (n int, rest []byte, ok bool) {
	v, used := binary.Uvarint(b)
	if used <= 0 || v > uint64(len(b)-used) {
		return 0, nil, false
	}
	return int(v), b[used:], true
}

package stream

import (
	"slices"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

// standing is what the newest plan has of a SKU in a period after its current one.
type standing struct {
	Start          schemas.Date
	Demand, Safety schemas.Quantity
}

// stand lets demand of the newest plan stand where it lies within the site's tolerance of what is expected now: forecasts move
// a little with every sale, and a plan that follows them moves all its production every day. What is further away is taken as
// far as to the tolerance, so that nothing jumps at the limit. Safety stock stands likewise where the newest plan has more than
// is asked now, and never below: that of a slow seller leaps up with a sale and fades, and would lie at the lower limit nearly
// always. The current period follows its sales exactly, and so does a period for which a person has set demand.
func (s *site) stand(e *draftSKU, periods []period) {
	e.k.defined = false
	share := s.settings.DemandTolerance
	if share == 0 {
		return
	}
	former := e.k.standing
	for t := 1; t < len(periods); t++ {
		p := periods[t]
		i, ok := slices.BinarySearchFunc(former, p.Start, func(v standing, d schemas.Date) int { return int(v.Start - d) })
		if !ok || s.overridden(e.k, p) {
			continue
		}
		e.demand[t] = nearest(former[i].Demand, e.demand[t], share)
		e.safety[t] = nearest(max(former[i].Safety, e.safety[t]), e.safety[t], share)
		e.low[t], e.high[t] = min(e.low[t], e.demand[t]), max(e.high[t], e.demand[t])
	}
}

// nearest is the figure nearest to was that lies within a share of now.
func nearest(was, now schemas.Quantity, share float64) schemas.Quantity {
	return min(max(was, quantity(now.Float()*(1-share))), quantity(now.Float()*(1+share)))
}

// overridden says that a person has set demand in a period.
func (s *site) overridden(k *sku, p period) bool {
	return slices.ContainsFunc(s.Overrides, func(o override) bool {
		return s.holds(&o, k) && o.From < p.End && o.To >= p.Start
	})
}

// holds says that an override is of a SKU and has not expired.
func (s *site) holds(o *override, k *sku) bool {
	return o.SKU == k.name && (o.Expires == nil || *o.Expires >= s.Today)
}

// stands keeps what stands of a SKU once its draft has become the newest plan: nothing of one that was defined anew while
// the plan was made.
func (s *site) stands(e *draftSKU, periods []period) {
	k := e.k
	var list []standing
	if s.settings.DemandTolerance > 0 && !k.defined {
		for t := 1; t < len(periods); t++ {
			if p := periods[t]; !s.overridden(k, p) {
				list = append(list, standing{p.Start, e.demand[t], e.safety[t]})
			}
		}
	}
	if !slices.Equal(list, k.standing) {
		k.standing = list
		s.save(k)
	}
}

// unsettle makes a SKU follow what is expected of it, for somebody has defined it anew.
func (s *site) unsettle(k *sku) {
	k.defined = true
	if k.standing != nil {
		k.standing = nil
		s.save(k)
	}
}

func (s *site) unsettleAll() {
	for _, k := range s.skus {
		s.unsettle(k)
	}
}

func appendStanding(dst []byte, list []standing) []byte {
	dst = codec.AppendUvarint(dst, uint64(len(list)))
	var last standing
	for _, v := range list {
		dst = codec.AppendVarint(dst, int64(v.Start-last.Start))
		dst = codec.AppendVarint(dst, int64(v.Demand))
		dst = codec.AppendVarint(dst, int64(v.Safety-last.Safety))
		last = v
	}
	return dst
}

func decodeStanding(r *codec.Reader) (list []standing) {
	var last standing
	for n := r.Count(3); n > 0; n-- {
		last = standing{last.Start + schemas.Date(r.Varint()), schemas.Quantity(r.Varint()), last.Safety + schemas.Quantity(r.Varint())}
		list = append(list, last)
	}
	return list
}

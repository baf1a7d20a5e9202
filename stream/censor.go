package stream

import "drumbeat/schemas"

// A SKU that ends a day without stock could not sell what more was asked for: the day is censored. If it sold
// less than an ordinary sale, its demand is not known; from there on its figure is the best there is, and it
// is low rather than high.

// ordinaryMemory is the number of sale days over which the size of an ordinary sale is averaged.
const ordinaryMemory = 8

// learnOrdinary follows the units of a sale day. It is part of the fit, not of the outlier rule's state, so
// that a fit of the whole history sees each day as it was seen when it was new.
func (k *sku) learnOrdinary(sold float64) {
	if k.ordinary == 0 {
		k.ordinary = sold
		return
	}
	k.ordinary += (sold - k.ordinary) / ordinaryMemory
}

// censorWindow decides for the days that are over and not settled whether they were censored.
func (s *site) censorWindow(k *sku) {
	if k.stock.Source != stockCounted && k.stock.Source != stockInitial {
		return
	}
	s.dayEnds(k, func(day schemas.Date, onHand, found schemas.Quantity) { s.censor(k, day, onHand, found > 0) })
}

// censor decides whether a day that is over was censored: believedAtEnd is what is believed on hand when it
// ends, below zero if more was sold than was believed to be there. That, and an item with backlog cost, which
// never turns demand away, are no sign of lost demand. Nor, if doubted, is an empty shelf that has been sold from since it
// was believed empty: without a count in between, its receipts are not reported, and to leave its days without
// sales out would make a slow SKU a fast one.
func (s *site) censor(k *sku, day schemas.Date, believedAtEnd schemas.Quantity, doubted bool) {
	known := k.stock.Source == stockCounted || k.stock.Source == stockInitial
	out := known && !doubted && believedAtEnd == 0 && k.item.BacklogCost == 0
	if first, ok := s.firstSale(k); !ok || first > day || k.life.gaps(s.location).has(day) {
		out = false // no day of its life: it is not known anyway, and costs no entry
	}
	if k.history.at(day).Censored == out {
		return
	}
	s.amend(k, day, func(e *dayEntry) { e.Censored = out })
	k.unlearn(day)
	s.save(k)
}

package stream

import (
	"cmp"
	"slices"
	"strings"

	"drumbeat/schemas"
)

// Ready returns what is to be saved, nil when there is nothing or the batch before has not been saved
// yet. The batch is saved BEFORE any of it is published; then Advance is called with it. A batch that
// could not be saved is saved again, as it is.
func (p *Processor) Ready() *Batch {
	if p.inFlight || !p.pendingSave() {
		return nil
	}
	p.rank = max(p.next, p.rank+1)
	b := &Batch{Next: p.next, Rank: p.rank}
	for _, name := range p.order {
		s := p.sites[name]
		for _, k := range s.dirtySKUs {
			k.dirty = false
			b.SKUs = append(b.SKUs, SKUState{Site: s.name, SKU: k.name, State: k.append(nil)})
			for _, d := range k.dirtyDays {
				b.Sales = append(b.Sales, s.dailySale(k, d))
			}
			k.dirtyDays = k.dirtyDays[:0]
		}
		s.dirtySKUs = s.dirtySKUs[:0]
		for key, quantity := range s.old {
			b.OldSales = append(b.OldSales, OldSale{Site: s.name, SKU: key.sku, Date: key.date, Quantity: quantity})
		}
		s.old = nil
		pages, drops := s.lines.dirtyPages(s.name)
		b.Pages, b.DropPages = append(b.Pages, pages...), append(b.DropPages, drops...)
		pages, drops = s.ids.dirtyPages(s.name)
		b.Pages, b.DropPages = append(b.Pages, pages...), append(b.DropPages, drops...)
		pages, drops = s.shares.dirtyPages(s.name)
		b.Pages, b.DropPages = append(b.Pages, pages...), append(b.DropPages, drops...)
		b.Pages = append(b.Pages, s.modelPages()...)
		b.Audit = append(b.Audit, s.Audit.rows(s.name)...)
		if s.dirty {
			s.dirty = false
			b.Sites = append(b.Sites, SiteState{Site: s.name, State: s.encodePending()})
		}
	}
	slices.SortFunc(b.SKUs, func(x, y SKUState) int {
		return cmp.Or(strings.Compare(x.Site, y.Site), strings.Compare(x.SKU, y.SKU))
	})
	slices.SortFunc(b.Sales, func(x, y DailySale) int {
		return cmp.Or(strings.Compare(x.Site, y.Site), strings.Compare(x.SKU, y.SKU), cmp.Compare(x.Date, y.Date))
	})
	slices.SortFunc(b.OldSales, func(x, y OldSale) int {
		return cmp.Or(strings.Compare(x.Site, y.Site), strings.Compare(x.SKU, y.SKU), cmp.Compare(x.Date, y.Date))
	})
	b.State = p.encode()
	b.DeadLetters, p.letters, p.letterBytes = p.letters, nil, 0
	b.Outbox, p.outbox = p.outbox, nil
	b.Forecasts, p.forecasts = p.forecasts, nil
	b.Accuracy, p.accuracy = p.accuracy, nil
	b.Models, p.models = p.models, nil
	b.Revisions, p.revisions = p.revisions, nil
	b.Heartbeats, p.beatTimes = p.beatTimes, nil
	p.changed, p.stepped = false, 0
	p.inFlight = true
	return b
}

// pendingSave says that something has changed since the newest batch.
func (p *Processor) pendingSave() bool {
	if p.changed {
		return true
	}
	for _, name := range p.order {
		if s := p.sites[name]; s.dirty || len(s.dirtySKUs) > 0 || len(s.old) > 0 || len(s.unstored) > 0 {
			return true
		}
	}
	return false
}

// encodePending encodes the site with what a Job that is out covers still pending: a crash before its
// plan is saved solves again.
func (s *site) encodePending() []byte {
	if !s.solving {
		return s.encode()
	}
	newer := s.Pending
	s.Pending.join(s.covered)
	state := s.encode()
	s.Pending = newer
	return state
}

func (s *site) dailySale(k *sku, d schemas.Date) DailySale {
	e := k.history.at(d)
	return DailySale{
		Site: s.name, SKU: k.name, Date: d, Quantity: e.sold(), Held: e.Held,
		Outlier: e.Held != 0, Reason: e.Reason.String(), Score: float64(e.Score),
	}
}

// Advance says that the batch has been saved.
func (p *Processor) Advance(b *Batch) {
	p.inFlight, p.known = false, true
	p.savedNext = b.Next
}

// Weight is about how much an unsaved batch would hold, in changed SKUs and rows: the runner bounds it. A dead letter
// counts for every kilobyte, and ten records that were stepped for one row, whatever has become of them.
func (p *Processor) Weight() int {
	n := len(p.letters) + p.letterBytes>>10 + len(p.forecasts) + len(p.accuracy) + len(p.models) + p.stepped/10
	for _, name := range p.order {
		s := p.sites[name]
		n += 2*len(s.dirtySKUs) + len(s.old)
	}
	return n
}

// HasRevisions says that a plan waits to be saved.
func (p *Processor) HasRevisions() bool { return len(p.revisions) > 0 && !p.inFlight }

// Behind says that a plan waits for the save that runs: another one would wait in memory, too.
func (p *Processor) Behind() bool { return len(p.revisions) > 0 && p.inFlight }

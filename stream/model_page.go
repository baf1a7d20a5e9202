package stream

import (
	"drumbeat/forecast"
	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

// To fit a model takes milliseconds, to read one from bytes a hundredth of that. So models are saved, each every storeEvery
// days, spread over the days by SKU, and after a restart they learn the days since.
//
// What is saved is a memory and no state: next to it stands a hash of all that the model had learnt, and it is taken up only
// if a fit would learn the same now. So it may be old, lost, or of a history that a late fact has changed since: nothing
// depends on it but time, and no fact has to tell it anything.

const (
	// storeEvery is the number of days after which a model is saved again: half of that is learnt again, on average, after a
	// restart.
	storeEvery = 14
	// storeAtOnce bounds the models of a batch.
	storeAtOnce = 1000
)

const modelPageVersion = 1

// storedModel is a model in bytes.
type storedModel struct {
	first, through schemas.Date // it has learnt the days [first, through)
	learnt         uint64       // their hash
	ordinary       float64
	state          []byte
}

func (m *storedModel) append(dst []byte) []byte {
	dst = append(dst, modelPageVersion)
	dst = codec.AppendVarint(dst, int64(m.first))
	dst = codec.AppendVarint(dst, int64(m.through))
	dst = codec.AppendUint64(dst, m.learnt)
	dst = codec.AppendFloat64(dst, m.ordinary)
	return append(dst, m.state...)
}

// decodeStoredModel reads what append wrote; false if another release wrote it or it is damaged.
func decodeStoredModel(src []byte) (m storedModel, ok bool) {
	r := codec.Reader{Rest: src}
	version := r.Byte()
	m = storedModel{first: schemas.Date(r.Int32()), through: schemas.Date(r.Int32()), learnt: r.Uint64(), ordinary: r.Float64()}
	m.state = r.Rest
	return m, r.Err == nil && version == modelPageVersion && m.first < m.through
}

// Recall takes what was saved of a model; it keeps the page's bytes. Pages may come in any order and at any time, or not at
// all: what the Processor does is the same, it only takes longer.
func (p *Processor) Recall(page Page) {
	s := p.sites[page.Site]
	if s == nil || page.Kind != ModelPage || page.Number < 0 || page.Number >= int64(len(s.skus)) {
		return
	}
	k := s.skus[page.Number]
	m, ok := decodeStoredModel(page.Data)
	if !ok || k.model != nil {
		return
	}
	k.saved, s.recalled = page.Data, true
	k.stored = max(k.stored, m.through)
}

// takeUp makes the model of a SKU of what was saved of it, if that has learnt what a model that begins on the day first
// would learn up to a day not after the given one.
func (s *site) takeUp(k *sku, first, to schemas.Date) {
	m, ok := decodeStoredModel(k.saved)
	if !ok || m.through > to {
		return
	}
	k.saved, k.stored = nil, never
	if learnt, ok := s.learnt(k, first, m.through); !ok || m.first != first || m.learnt != learnt {
		return
	}
	model, err := forecast.UnmarshalModel(s.modelConfig(k, first, m.through-1), m.state)
	if err != nil {
		return // of another release: it is fitted
	}
	k.model, k.ordinary = model, m.ordinary
	k.fitted, k.through, k.stored = first, m.through, m.through
}

// taken ends the taking up of what has been recalled: what no model was made of is of no use to later plans, whose lessons
// are not summed up for it.
func (s *site) taken() {
	if !s.recalled {
		return
	}
	s.recalled = false
	for _, k := range s.skus {
		if k.saved != nil {
			k.saved, k.stored = nil, never
		}
	}
}

// modelConfig is the configuration of a model that begins on a day, with the prior that it has on the day at.
func (s *site) modelConfig(k *sku, first, at schemas.Date) forecast.Config {
	return forecast.Config{Season: season, Events: s.named.of(k.name), First: int(first), Prior: s.shares.before(max(first, at))}
}

// storeDue says that a model is to be saved: none is, or a day of its turn has passed since.
func (k *sku) storeDue() bool {
	turn := int32(k.through-schemas.Date(k.index%storeEvery)) % storeEvery
	return k.model != nil && !k.storing && k.fitted < k.through && k.stored < k.through.AddDays(-int((turn+storeEvery)%storeEvery))
}

// storeModels notes the models that are to be saved, in the order of the list.
func (s *site) storeModels(list []*sku) {
	for _, k := range list {
		if k.storeDue() {
			k.storing = true
			s.unstored = append(s.unstored, k)
		}
	}
}

// modelPages returns the next models that are to be saved, a page each under the index of its SKU.
func (s *site) modelPages() []Page {
	list := s.unstored[:min(len(s.unstored), storeAtOnce)]
	if len(list) == 0 {
		return nil
	}
	s.sumLessons()
	pages := make([]Page, len(list))
	s.across(len(list), func(i int) {
		k := list[i]
		k.storing = false
		if k.model == nil {
			return
		}
		learnt, ok := s.learnt(k, k.fitted, k.through)
		state, err := k.model.AppendBinary(nil)
		if !ok || err != nil {
			return
		}
		k.stored = k.through
		m := storedModel{k.fitted, k.through, learnt, k.ordinary, state}
		pages[i] = Page{Site: s.name, Kind: ModelPage, Number: int64(k.index), Data: m.append(nil)}
	})
	n := 0
	for _, page := range pages {
		if page.Data != nil {
			pages[n] = page
			n++
		}
	}
	if s.unstored = s.unstored[len(list):]; len(s.unstored) == 0 {
		s.unstored = nil
	}
	return pages[:n]
}

// unlearn makes the model start anew if it has learnt a day that has changed.
func (k *sku) unlearn(day schemas.Date) {
	if k.model != nil && day < k.through {
		k.model = nil
	}
	if day < k.stored {
		k.stored = never
	}
}

// forget makes the model start anew.
func (k *sku) forget() { k.model, k.stored = nil, never }

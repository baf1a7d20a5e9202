package stream

import (
	"context"
	"fmt"
	"math"

	"drumbeat/forecast"
	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

// What the SKUs of a site teach each other is made every shareEvery days of the calendar, from the models as they stand on
// that day, and holds for all models from that day on. It is saved as it is made: a model that is fitted anew, for a late
// fact or after a restart, takes up the same shares on the same days, so that it is what it would have been had it gone on
// from day to day. Fitting all models anew would give other shares, since facts come late.
//
// A share is made anew, with all later ones, once more than twice as much is known of its past as when it was made: a
// history is being loaded. It is kept as long as the kept history reaches back to it.

// shareEvery is the number of days from one share to the next: weights that rest on the experience of months do not move
// faster.
const shareEvery = 28

// shared is what the models said together on a day.
type shared struct {
	day   schemas.Date
	known int             // SKUs with demand, summed over the days before it
	prior *forecast.Prior // nil: nothing
	saved []byte
}

// shares are in the order of their days, without a gap.
type shares struct {
	list    []shared
	unsaved int   // of list: those from here on are to be saved
	dropped int64 // pages before this number are gone from the store
}

func (a *shared) number() int64 { return int64(a.day) / shareEvery }

// on is the share of a day, nil where there is none.
func (v *shares) on(d schemas.Date) *shared {
	if len(v.list) == 0 || d%shareEvery != 0 || d < v.list[0].day {
		return nil
	}
	if i := int(d-v.list[0].day) / shareEvery; i < len(v.list) {
		return &v.list[i]
	}
	return nil
}

// newest is the newest share of a day or before it that says anything, nil where there is none.
func (v *shares) newest(d schemas.Date) *shared {
	for i := len(v.list) - 1; i >= 0; i-- {
		if v.list[i].day <= d && v.list[i].prior != nil {
			return &v.list[i]
		}
	}
	return nil
}

// before is the prior of a model that begins on a day.
func (v *shares) before(d schemas.Date) *forecast.Prior {
	if a := v.newest(d); a != nil {
		return a.prior
	}
	return nil
}

// share brings the shares up to the open day, or as far as it comes until ctx ends. It follows look.
func (s *site) share(ctx context.Context) {
	s.forgetShares()
	s.doubtShares()
	v := &s.activity.survey
	day := v.from/shareEvery*shareEvery + shareEvery
	if n := len(s.shares.list); n > 0 {
		day = s.shares.list[n-1].day + shareEvery
	}
	for ; day <= s.Today && v.from < v.today; day += shareEvery {
		s.shareOn(ctx, day)
		if ctx.Err() != nil {
			return
		}
	}
}

// shareOn makes the share of a day, unless ctx ends: then not all models have come to that day.
func (s *site) shareOn(ctx context.Context, day schemas.Date) {
	var list []*sku
	for _, k := range s.sorted() {
		if first, ok := s.firstSale(k); ok && first < day {
			list = append(list, k)
		}
	}
	failed := s.each(ctx, list, func(_ int, k *sku) { s.fitTo(k, day) })
	if ctx.Err() != nil {
		return
	}
	var models []*forecast.Model
	for i, k := range list {
		if len(failed) > 0 && failed[0] == i {
			failed = failed[1:]
			continue
		}
		models = append(models, k.model)
	}
	a := shared{day: day, known: s.knownBefore(day)}
	config := forecast.Config{Season: season}
	if prior := forecast.NewPrior(config, models); prior != nil {
		var err error
		if a.saved, err = prior.AppendBinary(nil); err == nil {
			a.prior, err = forecast.UnmarshalPrior(config, a.saved) // the same as after a restart
		}
		if err != nil {
			s.p.config.Log.Error("what the models share cannot be saved", "site", s.name, "error", err)
			a.saved, a.prior = nil, nil
		}
	}
	s.shares.list = append(s.shares.list, a)
	s.Shared = sharedDays{s.shares.list[0].day, day}
	s.dirty = true
}

// knownBefore counts the SKUs with demand on the days before a day.
func (s *site) knownBefore(day schemas.Date) (n int) {
	for d := s.activity.survey.from; d < day; d++ {
		n += s.activity.skus[d]
	}
	return n
}

// doubtShares drops the shares that were made of less than half of what is known of their past.
func (s *site) doubtShares() {
	known, d := 0, s.activity.survey.from
	for i := range s.shares.list {
		a := &s.shares.list[i]
		for ; d < a.day; d++ {
			known += s.activity.skus[d]
		}
		if known > 2*a.known {
			s.cutShares(i)
			return
		}
	}
}

// cutShares drops the shares from the one at i on, and all that follows from them.
func (s *site) cutShares(i int) {
	if i >= len(s.shares.list) {
		return
	}
	for _, k := range s.skus {
		if k.through > s.shares.list[i].day {
			k.forget()
		}
	}
	s.shares.list = s.shares.list[:i]
	s.shares.unsaved = min(s.shares.unsaved, i)
	s.Shared = sharedDays{}
	if i > 0 {
		s.Shared = sharedDays{s.shares.list[0].day, s.shares.list[i-1].day}
	}
	s.dirty = true
}

// forgetShares drops the shares that no model of the kept history can take up: all before the newest one that is not
// after its first day.
func (s *site) forgetShares() {
	v, n := &s.shares, 0
	for n+1 < len(v.list) && v.list[n+1].day <= s.Trimmed {
		n++
	}
	if n == 0 {
		return
	}
	v.list = append(v.list[:0], v.list[n:]...)
	v.unsaved = max(0, v.unsaved-n)
	s.Shared.From = v.list[0].day
	s.dirty = true
}

// sharedDays are the days of the oldest and the newest share, in the saved state of a site: a page of another day is what
// is left of one that has been dropped.
type sharedDays struct {
	From schemas.Date `json:"from"`
	To   schemas.Date `json:"to"`
}

const shareVersion = 1

// dirtyPages returns the shares that are to be saved, each as a page under the number of its day.
func (v *shares) dirtyPages(site string) (pages []Page, drops []DropPages) {
	for i := v.unsaved; i < len(v.list); i++ {
		a := &v.list[i]
		data := codec.AppendText([]byte{shareVersion}, modelVersion)
		data = codec.AppendVarint(data, int64(a.day))
		data = codec.AppendUvarint(data, uint64(a.known))
		pages = append(pages, Page{Site: site, Kind: SharePage, Number: a.number(), Data: append(data, a.saved...)})
	}
	v.unsaved = len(v.list)
	if len(v.list) > 0 && v.list[0].number() > v.dropped {
		v.dropped = v.list[0].number()
		drops = append(drops, DropPages{Site: site, Kind: SharePage, Before: v.dropped})
	}
	return pages, drops
}

// restore adds a saved share. One of other models than ours is dropped with all later ones, to be made anew.
func (v *shares) restore(p Page, of *sharedDays) error {
	r := codec.Reader{Rest: p.Data}
	if version := r.Byte(); r.Err == nil && version != shareVersion {
		return fmt.Errorf("share: version %d is not known", version)
	}
	made := r.Text()
	a := shared{day: schemas.Date(r.Int32()), known: int(r.UpTo(math.MaxInt32)), saved: r.Rest}
	if r.Err != nil || a.number() != p.Number {
		return codec.ErrDamaged
	}
	if a.day < of.From || a.day > of.To {
		return nil
	}
	var err error
	if len(a.saved) > 0 {
		a.prior, err = forecast.UnmarshalPrior(forecast.Config{Season: season}, a.saved)
	}
	if made != modelVersion || err != nil {
		of.To = a.day - shareEvery
		return nil
	}
	v.list = append(v.list, a)
	v.unsaved = len(v.list)
	v.dropped = v.list[0].number()
	return nil
}

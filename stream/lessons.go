package stream

import "drumbeat/schemas"

// lessons are what a site tells the models of its SKUs by day (which days were closed or silent, events, shares) as a hash
// that can be asked for any run of days, a polynomial in base: that of a run follows from those of the two beginnings.
type lessons struct {
	from   schemas.Date
	sums   []uint64 // of the days [from, from+i)
	powers []uint64 // of base
}

const (
	lessonBase = 0x9e3779b97f4a7c15
	// eventReach is how many days before its own tell which day of its event a day is; of those after it is one.
	eventReach = 14
)

// mix puts x into the hash h.
func mix(h, x uint64) uint64 {
	h = (h ^ x) * lessonBase
	return h ^ h>>29
}

func mixText(h uint64, s string) uint64 {
	h = mix(h, uint64(len(s)))
	for i := range len(s) {
		h = mix(h, uint64(s[i]))
	}
	return h
}

// sumLessons makes the hashes of the days before the survey's open one.
func (s *site) sumLessons() {
	v := &s.activity.survey
	l := lessons{from: v.from.AddDays(-eventReach)}
	n := max(0, int(v.today-l.from))
	l.sums, l.powers = make([]uint64, n+1), make([]uint64, n+1)
	l.powers[0] = 1
	named := s.named.all
	for i := range n {
		d := l.from.AddDays(i)
		h := mix(flag(s.silent(d)), flag(s.closed.has(d)))
		for at := d; at <= d+1; at++ {
			h = mix(h, uint64(len(named[int(at)])))
			for _, name := range named[int(at)] {
				h = mixText(h, name)
			}
		}
		if a := s.shares.on(d); a != nil {
			h = mixText(h, string(a.saved))
		}
		l.sums[i+1] = l.sums[i]*lessonBase + h
		l.powers[i+1] = l.powers[i] * lessonBase
	}
	s.lessons = l
}

// run is the hash of the days [first, end); false if it is not known.
func (l *lessons) run(first, end schemas.Date) (uint64, bool) {
	a, b := int(first-l.from), int(end-l.from)
	if a < 0 || b < a || b >= len(l.sums) {
		return 0, false
	}
	return l.sums[b] - l.sums[a]*l.powers[b-a], true
}

// learnt is the hash of all that the model of a SKU learns on the days [first, through). Of a SKU with a calendar of its own
// it is not known.
func (s *site) learnt(k *sku, first, through schemas.Date) (uint64, bool) {
	if s.ofSKU[k.name] != nil || s.named.ofSKU[k.name] != nil {
		return 0, false
	}
	h, ok := s.lessons.run(first.AddDays(-eventReach), through)
	if !ok {
		return 0, false
	}
	h = mix(mixText(h, modelVersion), uint64(through))
	if a := s.shares.newest(first); a != nil {
		h = mixText(h, string(a.saved))
	}
	for _, gap := range k.life.gaps(s.location).until(through) {
		h = mix(mix(h, uint64(gap.first)), uint64(gap.last))
	}
	k.history.each(first, func(e dayEntry) bool {
		if e.Date >= through {
			return false
		}
		h = mix(mix(h, uint64(e.Date)<<3|flag(e.Missing)<<2|flag(e.Held > 0)<<1|flag(e.Censored)), uint64(e.Kept))
		return true
	})
	return h, true
}

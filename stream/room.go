package stream

import "drumbeat/schemas"

// The books of the open days hold every sale by itself, and the line index every document line. Both have room for a number
// of them a SKU, so that memory is bounded by SKUs: by neither a flood of sales nor a feed that has been away.
//
// Where there is no more room, the oldest days settle before their time, whole days of the site and all that are over if need
// be, and the oldest lines are forgotten. Nothing is lost of what was sold. What then comes for such a day has come too late,
// by the rules for days that are settled (late.go), and a correction of such a line must carry the original. Only what is sold
// on the open day itself has no limit: 72 bytes a sale until the next day.

const (
	openSales = 200       // a SKU: thirteen a day
	leastRoom = 1_000_000 // of a site
	lineRoom  = 2         // lines to a sale
)

// room is how many sales may be open.
func (s *site) room() int {
	if n := s.p.config.OpenSales; n > 0 {
		return n
	}
	return max(leastRoom, openSales*len(s.skus))
}

// makeRoom settles days and forgets lines where there are too many. It counts what is open when so many sales have been booked
// that there could be, for to count on every record would take long.
func (s *site) makeRoom() {
	most := s.room()
	for x := &s.lines.set; x.oldest() != nil && x.len() > lineRoom*most; {
		x.drop()
	}
	if s.Open <= most {
		return
	}
	open, oldest := s.countOpen()
	for open > most/4*3 && oldest < s.Today {
		s.Early = oldest
		s.settleThrough(oldest)
		open, oldest = s.countOpen()
		s.p.config.Log.Warn("a day settles before its time: there is no room for more open sales", "site", s.name, "day", s.Early, "open", open)
	}
	s.Open = min(open, most/4*3)
}

// countOpen counts the bookings of the open days; oldest is the first of these.
func (s *site) countOpen() (n int, oldest schemas.Date) {
	oldest = schemas.MaxDate
	for _, k := range s.skus {
		if len(k.window) > 0 {
			n += len(k.window)
			oldest = min(oldest, k.window[0].Day)
		}
	}
	return n, oldest
}

// settled is the newest day that has left the window: only what comes far too late still changes its books.
func (s *site) settled() schemas.Date {
	d := s.Today.AddDays(-bookDays)
	if s.Early != 0 {
		d = max(d, s.Early)
	}
	return d
}

// earlyDays is the number of days that have settled before their time.
func (s *site) earlyDays() int { return int(s.settled() - s.Today.AddDays(-bookDays)) }

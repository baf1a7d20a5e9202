package stream

import (
	"math"

	"drumbeat/schemas"
)

// The accuracy of forecasts is measured on what was published, after days of rest, overrides and all else that
// makes a plan's forecast differ from a model's. The days on which it is taken down are origins: of every week
// of the site the first day with a plan, as its last plan leaves it. A window begins on the day after, for of
// the open day only what is left is published, and is as long as its span says. Windows of one span follow each
// other and never overlap: what they say is as independent as can be, and few are open at a time.
//
// A window closes when its last day settles (accuracy_close.go), and then for good. What comes of it is a
// function of the facts that came in time, whatever their order; a fact that comes later still, and a verdict of
// the outlier rule or of a person after that day, change the books but no closed window.

// spanKind is a horizon: how many days a window has.
type spanKind uint8

// The spans. The cover is the item's lead time and the review period after it, whose demand safety stock is
// for: it differs by SKU.
const (
	spanDay spanKind = iota
	spanWeek
	spanMonth // four weeks
	spanCover
	spanKinds
)

var spanNames = [spanKinds]string{spanDay: "1d", spanWeek: "7d", spanMonth: "28d", spanCover: "cover"}

func (k spanKind) String() string { return spanNames[k] }

// longestSpan bounds the cover: windows of more than a quarter would come to fewer than four figures a year.
const longestSpan = 91

// spanDays are the days of each span for an item of such terms.
func (s *site) spanDays(t *terms) [spanKinds]int {
	cover := math.Round(float64(t.lead+1+s.settings.Frozen) * s.settings.daysPer(schemas.PerPeriod))
	return [spanKinds]int{spanDay: 1, spanWeek: 7, spanMonth: 28, spanCover: int(max(1, min(cover, longestSpan)))}
}

// accuracy is what a SKU knows of its published forecasts. It is touched once or twice a week, so between
// times it is kept packed, as it is saved.
type accuracy struct {
	class   seriesClass
	models  uint32 // hash of what was last stored of the model
	spans   [spanKinds]spanTally
	origins []publication // with open windows, oldest first
}

// publication is a forecast as it was published on an origin.
type publication struct {
	day   schemas.Date
	shape []uint8 // expected demand of the days after it, in parts of the largest
	open  []window
}

// window is the published demand of the days after an origin: mean, quantiles, and what a naive forecast of
// the same day says.
type window struct {
	span                        spanKind
	days                        int
	mean, low, high, top, naive float32 // low, high and top: quantiles .1, .9 and .95
}

// last is the last day of a window of a publication.
func (p *publication) last(w *window) schemas.Date { return p.day + schemas.Date(w.days) }

// isOrigin says that a plan of the day is one whose forecasts are measured.
func (s *site) isOrigin(day schemas.Date) bool {
	ends, _ := weekday(s.settings.WeekEnds)
	return day == s.Origin || day.StartOfWeek((ends+1)%7) > s.Origin
}

// issued is what a plan publishes of a SKU on an origin.
type issued struct {
	publication
	explained explained
}

// issue takes down what a plan publishes of a SKU: x is its forecast as it will be published, the first day
// being the open one, and plain the model's means.
func (s *site) issue(k *sku, t *terms, x *expected, plain []float64) *issued {
	p := publication{day: s.Today}
	days := len(x.mean) - 1
	rate := s.naiveRate(k)
	longest := 0
	for span, n := range s.spanDays(t) {
		if n > days {
			continue // the plan's horizon is shorter
		}
		longest = max(longest, n)
		p.open = append(p.open, s.windowOf(k, spanKind(span), n, rate, x, plain))
	}
	p.shape = shapeOf(x.mean[1 : 1+longest])
	return &issued{publication: p, explained: explain(k.model)}
}

// windowOf is the window of n days after the open one. Its quantiles follow the rules of what is published: of a
// single day those of the daily forecast, of a sum those of a plan's period.
func (s *site) windowOf(k *sku, span spanKind, n int, rate float64, x *expected, plain []float64) window {
	open := 0
	for i := 1; i <= n; i++ {
		if !s.restDay(k, s.Today.AddDays(i)) {
			open++
		}
	}
	mean, d, shift := x.window(x.sum(1, 1+n), 1, 1+n, plain)
	low, high := max(0, min(mean, d.Quantile(0.1)+shift)), max(mean, d.Quantile(0.9)+shift)
	if n == 1 {
		low, high = x.lower[1], x.upper[1]
	}
	return window{
		span: span, days: n, mean: float32(mean), low: float32(low), high: float32(high),
		top: float32(max(0, d.Quantile(0.95)+shift)), naive: float32(rate * float64(open)),
	}
}

// naiveDays are the days whose mean is the naive forecast.
const naiveDays = 28

// naiveRate is the mean demand of a day of business of the last four weeks, as far back as the SKU has sold.
func (s *site) naiveRate(k *sku) float64 {
	first, ok := s.firstSale(k)
	if !ok {
		return 0
	}
	open := 0
	from := max(first, s.Today-naiveDays)
	for d := from; d < s.Today; d++ {
		if !s.closedFor(k, d) && !s.silent(d) {
			open++
		}
	}
	return max(0, k.kept(from, s.Today-1).Float()) / float64(max(open, 1))
}

// shapeOf rounds the demand of days to parts of the largest.
func shapeOf(mean []float64) []uint8 {
	largest := 0.0
	for _, v := range mean {
		largest = max(largest, v)
	}
	shape := make([]uint8, len(mean))
	if largest > 0 {
		for i, v := range mean {
			shape[i] = uint8(math.Round(v / largest * math.MaxUint8))
		}
	}
	return shape
}

// published keeps what a plan has published of a SKU on an origin, in place of what an earlier plan of the day
// has.
func (s *site) published(k *sku, e *issued) {
	a := k.accuracy.unpack()
	if n := len(a.origins); n > 0 && a.origins[n-1].day == e.day {
		a.origins = a.origins[:n-1]
	}
	open := e.open[:0]
	longest := 0
	for _, w := range e.open {
		if a.free(w.span, e.day) {
			open = append(open, w)
			longest = max(longest, w.days)
		}
	}
	if len(open) > 0 {
		a.origins = append(a.origins, publication{day: e.day, shape: e.shape[:longest], open: open})
	}
	s.storeModel(k, &a, &e.explained)
	s.keepAccuracy(k, &a)
}

// free says that no window of a span is open on the days after an origin.
func (a *accuracy) free(span spanKind, origin schemas.Date) bool {
	for i := range a.origins {
		p := &a.origins[i]
		for j := range p.open {
			if w := &p.open[j]; w.span == span && p.last(w) > origin {
				return false
			}
		}
	}
	return true
}

// keepAccuracy packs what has changed.
func (s *site) keepAccuracy(k *sku, a *accuracy) {
	packed := packAccuracy(a)
	if packed.same(k.accuracy) {
		return
	}
	k.accuracy = packed
	s.save(k)
}

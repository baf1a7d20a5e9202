package stream_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// The loop closes: with constant demand every period makes what it sells, and the believed stock is the
// true one, however supply is confirmed, however long it takes and wherever the first plan falls.
func TestLoopCloses(t *testing.T) {
	for _, confirmation := range []schemas.Confirmation{schemas.ConfirmAssume, schemas.ConfirmEvents} {
		for _, period := range []schemas.PeriodKind{schemas.PeriodWeek, schemas.PeriodMonth} {
			for _, lead := range []int{0, 1, 2} {
				for _, frozen := range []int{0, 1, 2} {
					if period == schemas.PeriodMonth && lead+frozen > 1 { // six times the days
						continue
					}
					for _, first := range []schemas.Date{day0, day0 + 10} { // a Monday, a Thursday
						if first != day0 && (frozen != 1 || lead == 2) {
							continue
						}
						name := fmt.Sprintf("%s/%s/lead=%d/frozen=%d/from=%v", confirmation, period, lead, frozen, first)
						t.Run(name, func(t *testing.T) {
							l := &loop{confirmation: confirmation, period: period, lead: lead, frozen: frozen}
							l.run(t, first)
						})
					}
				}
			}
		}
	}
}

// loop is a factory that does what it is told, with its books.
type loop struct {
	confirmation schemas.Confirmation
	period       schemas.PeriodKind
	lead, frozen int

	b      *bench
	stock  float64            // that truly lies there
	made   map[string]float64 // by start of the period
	orders []*works
}

// works is an order in the factory.
type works struct {
	id         string
	from, to   schemas.Date // it arrives evenly over [from, to)
	start      schemas.Date
	quantity   float64
	cumulative float64
}

const (
	daily  = 14.285714
	safety = 50
)

// begins says that a period begins on a day, and gives the ends of this and of the one after n more.
func (l *loop) begins(d schemas.Date) bool {
	if l.period == schemas.PeriodMonth {
		return d.StartOfMonth() == d
	}
	return d.StartOfWeek(1) == d
}

func (l *loop) next(d schemas.Date) schemas.Date {
	for d++; !l.begins(d); d++ {
	}
	return d
}

func (l *loop) run(t *testing.T, first schemas.Date) {
	set := settings()
	set.Period, set.Frozen, set.Confirmation, set.Horizon = l.period, l.frozen, l.confirmation, 6
	config := stream.Config{Settings: set}
	if l.period == schemas.PeriodWeek && l.frozen != 1 {
		config.PlanEvery = "week"
	}
	warm, settle, weeks := 8, 8, 20
	if l.period == schemas.PeriodMonth {
		warm, settle, weeks = 3, 4, 6
	}
	l.b, l.made = newBench(t, config), map[string]float64{}
	per := schemas.PerWeek
	if l.period == schemas.PeriodMonth {
		per = schemas.PerMonth
	}
	l.b.take(l.b.define(&schemas.Item{
		SKU: "A", ProductionCost: 10, HoldingCost: 0.1, SafetyStock: ptr(qty(safety)), LeadTime: float64(l.lead), Per: per,
	}))
	day := first
	periods := 0
	for ; periods < warm+settle+weeks; day++ {
		begins := l.begins(day)
		if begins {
			periods++
		}
		l.b.take(l.b.sold("A", daily, day)) // first plans what was due before this day
		if begins && periods == warm {
			l.stock = l.stocked(day)
			l.b.take(l.b.define(&schemas.StockCounted{SKU: "A", OnHand: qty(l.stock), AsOf: schemas.AsOf{Date: day - 1}}))
		}
		if periods < warm {
			continue
		}
		if begins {
			l.start(t, day)
		}
		l.stock -= daily
		l.arrive(day)
		if periods > warm+settle && l.begins(day+1) {
			l.compare(t, day)
		}
	}
	for _, h := range l.b.heads {
		if h.FrozenMoves != 0 {
			t.Errorf("revision %d moves %d frozen values", h.Revision, h.FrozenMoves)
		}
		if l.confirmation == schemas.ConfirmEvents && periods > warm && h.Now.After(first.AddDays(7*(warm+l.lead+3)).Time(nil)) && strings.Contains(h.Cause.Detail, "expired") && l.period == schemas.PeriodWeek {
			t.Errorf("revision %d lists %q", h.Revision, h.Cause.Detail)
		}
	}
}

// stocked is what lies there when the books are opened: what sells until the first order can arrive, where
// none is under way.
func (l *loop) stocked(day schemas.Date) float64 {
	if l.confirmation == schemas.ConfirmAssume {
		for _, o := range l.b.p.Orders("plant", "A") {
			if o.Start < day && o.Open > 0 {
				l.orders = append(l.orders, &works{
					start: o.Start, from: o.Due, to: l.next(o.Due), quantity: o.Quantity.Float(), cumulative: (o.Quantity - o.Open).Float(),
				})
			}
		}
		return safety
	}
	end := l.next(day) // and a period more: what is frozen was planned before anyone knew the stock
	for range l.lead {
		end = l.next(end)
	}
	return safety + daily*float64(end-day)
}

// start takes what the plan starts in the period that begins.
func (l *loop) start(t *testing.T, day schemas.Date) {
	w := &works{id: "o" + day.String(), start: day, from: day, to: l.next(day)}
	for range l.lead {
		w.from, w.to = w.to, l.next(w.to)
	}
	if l.confirmation == schemas.ConfirmAssume {
		for _, o := range l.b.p.Orders("plant", "A") {
			if o.Start >= day && o.Start < l.next(day) {
				w.quantity += o.Quantity.Float()
			}
		}
	} else {
		w.quantity = l.b.production("A")[0]
		l.b.take(l.b.define(&schemas.Receipt{
			Order: w.id, SKU: "A", Quantity: qty(w.quantity), Date: w.to - 1, Start: &w.start, Status: schemas.ReceiptExpected,
		}))
	}
	l.made[day.String()] = w.quantity
	l.orders = append(l.orders, w)
}

// arrive delivers a day's share of the orders, and books it where the ERP has to.
func (l *loop) arrive(day schemas.Date) {
	for _, w := range l.orders {
		if day < w.from || day >= w.to {
			continue
		}
		sum := w.quantity * float64(day-w.from+1) / float64(w.to-w.from)
		if day == w.to-1 {
			sum = w.quantity
		}
		l.stock += sum - w.cumulative
		w.cumulative = sum
		if l.confirmation == schemas.ConfirmEvents {
			l.b.take(l.b.define(&schemas.Receipt{
				Order: w.id, SKU: "A", Quantity: qty(sum), Date: day, Start: &w.start, Status: schemas.ReceiptReceived,
				Remaining: ptr(qty(max(0, w.quantity-sum))),
			}))
		}
	}
}

// compare holds the end of a period against the factory's books.
func (l *loop) compare(t *testing.T, day schemas.Date) {
	t.Helper()
	believed := l.b.view("A").OnHand
	if l.confirmation == schemas.ConfirmAssume { // the day's arrivals are booked as it ends
		believed += l.today(day)
	}
	if math.Abs(believed-l.stock) > 0.01 {
		t.Errorf("at the end of %v %.3f are believed to lie there, in truth %.3f", day, believed, l.stock)
	}
	start := day
	for !l.begins(start) {
		start--
	}
	arrives, end := start, day+1
	for range l.lead {
		arrives, end = end, l.next(end)
	}
	want := daily * float64(end-arrives) // what sells in the period that it arrives in
	if got := l.made[start.String()]; math.Abs(got-want) > 0.01 {
		t.Errorf("the period from %v made %.3f, want %.3f", start, got, want)
	}
}

// today is what arrives on a day.
func (l *loop) today(day schemas.Date) (sum float64) {
	for _, w := range l.orders {
		if day >= w.from && day < w.to {
			sum += w.quantity / float64(w.to-w.from)
		}
	}
	return sum
}

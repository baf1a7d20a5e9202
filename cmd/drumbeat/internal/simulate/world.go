package simulate

import (
	"context"
	"fmt"

	"drumbeat/schemas"
)

// Past is what a policy may know: what was sold until now, what lies there, what is on its way. It is read only and
// changes with the world.
type Past struct {
	Today   schemas.Date
	Sold    [][]schemas.Quantity // by SKU and day from Set.First on
	Stock   []schemas.Quantity
	Coming  []schemas.Quantity // started and not yet there
	Waiting []schemas.Quantity // asked and not yet served, where demand waits

	world *world
}

// Room is the capacity that is left of a resource on the days of a span, overtime not counted.
func (p *Past) Room(r int, days span) float64 {
	sum := 0.0
	for d := days.start; d < days.end; d++ {
		plain, _ := p.world.set.capacity(r, d)
		sum += max(0, plain-p.world.loadOn(r, d))
	}
	return sum
}

// position is stock and orders less what waits.
func (p *Past) position(i int) float64 { return (p.Stock[i] + p.Coming[i] - p.Waiting[i]).Float() }

// Policy decides what is made. It is told of every day in turn; Morning and Evening are asked on simulated days only.
type Policy interface {
	// Learn tells what the feed says when a day has ended.
	Learn(day schemas.Date, rows []Row) error
	// Morning returns what starts today, before anything arrives or is sold.
	Morning(ctx context.Context, p *Past) ([]Order, error)
	// Evening returns what else starts today, after Learn.
	Evening(ctx context.Context, p *Past) ([]Order, error)
	// Plans says how often a policy planned and how much it moved.
	Plans() Plans
	Close() error
}

// Plans sums up the plans of a policy.
type Plans struct {
	Published   int
	Degraded    int     // solves that failed: the former plan stood
	Moved       float64 // units by which a plan differs from the one before, in the periods of both, half the sum
	Planned     float64 // units in these periods, in all plans
	FrozenMoves int     // frozen values that changed
	Wait        Wait
}

// Wait is how long sales waited for the first plan or review that knew of them. A sale is told at the end of its day.
type Wait struct {
	Days float64 // of all sales that have been seen, together
	Told int     // of them
	open int     // sales that wait
	from float64 // their days, added up
	runs bool    // the first plan is there: what was sold before it is history
}

func (w *Wait) tell(day schemas.Date, sales int) {
	w.open += sales
	w.from += float64(sales) * float64(day)
}

// seen ends the wait of what has been told: on the evening of a day, the day itself; in the morning of the next, that one.
func (w *Wait) seen(day schemas.Date) {
	if w.runs {
		w.Days += float64(w.open)*float64(day) - w.from
		w.Told += w.open
	}
	w.runs = true
	w.open, w.from = 0, 0
}

// simple is what a policy has that plans in the morning and keeps no books of its own.
type simple struct{ plans Plans }

func (s *simple) Learn(day schemas.Date, rows []Row) error {
	s.plans.Wait.tell(day, len(rows))
	return nil
}

// reviewed notes that a policy looked at all that was sold.
func (s *simple) reviewed(today schemas.Date) {
	s.plans.Published++
	s.plans.Wait.seen(today)
}

func (s *simple) Evening(context.Context, *Past) ([]Order, error) { return nil, nil }
func (s *simple) Plans() Plans                                    { return s.plans }
func (s *simple) Close() error                                    { return nil }

// world is the truth of one run.
type world struct {
	set    *Set
	past   Past
	feed   feed
	orders []Order        // not yet all there
	load   [][]float64    // by resource and day from From on
	paid   []schemas.Date // by SKU: start of the newest period whose order cost is paid
	ledger *Ledger
}

// Run replays the demand of a set under a policy. The result is a function of the set and the policy.
func Run(ctx context.Context, set *Set, policy Policy) (*Ledger, error) {
	if err := set.Check(); err != nil {
		return nil, err
	}
	w := newWorld(set)
	var err error
	for d := set.First; d < set.Until; d++ {
		if err = ctx.Err(); err != nil {
			return nil, err
		}
		if d < set.From {
			err = w.history(d, policy)
		} else {
			err = w.day(ctx, d, policy)
		}
		if err != nil {
			return nil, fmt.Errorf("simulate: %v: %w", d, err)
		}
	}
	w.ledger.Plans = policy.Plans()
	return w.ledger, nil
}

func newWorld(set *Set) *world {
	n := len(set.SKUs)
	w := &world{set: set, ledger: newLedger(set), load: make([][]float64, len(set.Resources)), paid: make([]schemas.Date, n), feed: feed{set: set}}
	w.past = Past{Sold: make([][]schemas.Quantity, n), Stock: make([]schemas.Quantity, n), Coming: make([]schemas.Quantity, n), Waiting: make([]schemas.Quantity, n), world: w}
	for i := range set.SKUs {
		w.past.Sold[i] = make([]schemas.Quantity, 0, len(set.SKUs[i].Demand))
		w.past.Stock[i] = set.SKUs[i].Opening
		w.paid[i] = schemas.MinDate
	}
	for r := range w.load {
		w.load[r] = make([]float64, set.days()+366)
	}
	return w
}

// history lets a policy learn a day before the run: all that was asked was sold.
func (w *world) history(d schemas.Date, policy Policy) error {
	for i := range w.set.SKUs {
		w.past.Sold[i] = append(w.past.Sold[i], w.set.demand(i, d))
	}
	return policy.Learn(d, w.feed.day(d, w.past.Sold))
}

// day simulates one day.
func (w *world) day(ctx context.Context, d schemas.Date, policy Policy) error {
	w.past.Today = d
	list, err := policy.Morning(ctx, &w.past)
	if err != nil {
		return err
	}
	w.start(list)
	w.arrive(d)
	for i := range w.set.SKUs {
		w.past.Sold[i] = append(w.past.Sold[i], w.serve(i, d))
	}
	if err := policy.Learn(d, w.feed.day(d, w.past.Sold)); err != nil {
		return err
	}
	if list, err = policy.Evening(ctx, &w.past); err != nil {
		return err
	}
	w.start(list)
	w.arrive(d)
	w.ledger.close(w, d)
	return nil
}

// start books what begins today.
func (w *world) start(list []Order) {
	for _, o := range w.ration(list) {
		k := &w.set.SKUs[o.SKU]
		if k.Resource >= 0 {
			for d := o.From; d < o.To; d++ {
				w.load[k.Resource][d-w.set.From] += o.Quantity.Float() * k.Usage / float64(o.To-o.From)
			}
		}
		w.past.Coming[o.SKU] += o.Quantity
		w.orders = append(w.orders, o)
		w.ledger.start(o, w.pays(o))
	}
}

// pays counts the periods in which an order starts and none of its SKU has before.
func (w *world) pays(o Order) (periods int) {
	if o.unpaid {
		return 0
	}
	for p := w.set.period(o.From); p.start < o.To; p = w.set.period(p.end) {
		if p.start > w.paid[o.SKU] {
			w.paid[o.SKU] = p.start
			periods++
		}
	}
	return periods
}

// loadOn is what a resource makes on a day.
func (w *world) loadOn(r int, d schemas.Date) float64 {
	if i := int(d - w.set.From); i < len(w.load[r]) {
		return w.load[r][i]
	}
	return 0
}

// arrive puts what comes on a day into stock.
func (w *world) arrive(d schemas.Date) {
	n := 0
	for _, o := range w.orders {
		if q := o.arrive(d); q > 0 {
			w.past.Stock[o.SKU] += q
			w.past.Coming[o.SKU] -= q
			w.ledger.arrive(o.SKU, d, q)
		}
		if o.received < o.Quantity {
			w.orders[n] = o
			n++
		}
	}
	w.orders = w.orders[:n]
}

// serve sells what is asked on a day and returns what the feed hears of it: what was sold, or ordered where demand
// waits.
func (w *world) serve(i int, d schemas.Date) schemas.Quantity {
	asked, k := w.set.demand(i, d), &w.set.SKUs[i]
	need := asked + w.past.Waiting[i]
	served := min(need, w.past.Stock[i])
	w.past.Stock[i] -= served
	if k.Backlog > 0 {
		w.ledger.serve(i, d, asked, served, 0)
		w.past.Waiting[i] = need - served
		return asked
	}
	w.ledger.serve(i, d, asked, served, need-served)
	return served
}

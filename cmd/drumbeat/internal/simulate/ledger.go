package simulate

import "drumbeat/schemas"

// Ledger is the log of a run: what happened to each SKU on each simulated day, and what it cost. Every figure of
// a report follows from it.
type Ledger struct {
	SKUs   []Account
	Orders []Order          // as they were started
	Load   [][]float64      // by resource and day
	Cut    schemas.Quantity // what orders asked beyond the capacity
	Plans  Plans
	set    *Set
}

// Account is the log of one SKU, by simulated day.
type Account struct {
	Demand, Served, Lost, Waiting, Arrived, Stock []schemas.Quantity // stock and waiting: at the end of the day
	Started                                       schemas.Quantity   // in all
	Coming                                        schemas.Quantity   // on its way at the end
	Cost                                          Cost
}

// Cost is money by what it was spent for. Leftover is what lies there or is on its way at the end less what lay there
// at the beginning, at its production cost; it is negative where a run lived off its opening stock.
type Cost struct {
	Production, Holding, Overtime, Orders, Lost, Leftover float64
}

// Total is what a run cost.
func (c *Cost) Total() float64 {
	return c.Production + c.Holding + c.Overtime + c.Orders + c.Lost - c.Leftover
}

func (c *Cost) add(o *Cost) {
	c.Production += o.Production
	c.Holding += o.Holding
	c.Overtime += o.Overtime
	c.Orders += o.Orders
	c.Lost += o.Lost
	c.Leftover += o.Leftover
}

func newLedger(set *Set) *Ledger {
	l := &Ledger{SKUs: make([]Account, len(set.SKUs)), set: set}
	n := set.days()
	for i := range l.SKUs {
		a := &l.SKUs[i]
		for _, v := range []*[]schemas.Quantity{&a.Demand, &a.Served, &a.Lost, &a.Waiting, &a.Arrived, &a.Stock} {
			*v = make([]schemas.Quantity, n)
		}
	}
	return l
}

func (l *Ledger) start(o Order, periods int) {
	o.received = 0
	l.Orders = append(l.Orders, o)
	a, k := &l.SKUs[o.SKU], &l.set.SKUs[o.SKU]
	a.Started += o.Quantity
	a.Cost.Production += k.Cost * o.Quantity.Float()
	a.Cost.Orders += k.OrderCost * float64(periods)
}

func (l *Ledger) arrive(i int, d schemas.Date, q schemas.Quantity) {
	l.SKUs[i].Arrived[d-l.set.From] += q
}

func (l *Ledger) serve(i int, d schemas.Date, asked, served, lost schemas.Quantity) {
	a, t := &l.SKUs[i], d-l.set.From
	a.Demand[t], a.Served[t], a.Lost[t] = asked, served, lost
	a.Cost.Lost += l.set.SKUs[i].Lost * lost.Float()
}

// close ends a day: stock is held overnight, and what was made beyond the plain capacity is overtime.
func (l *Ledger) close(w *world, d schemas.Date) {
	t := d - l.set.From
	last := d+1 == l.set.Until
	for i := range l.SKUs {
		a, k := &l.SKUs[i], &l.set.SKUs[i]
		a.Stock[t], a.Waiting[t] = w.past.Stock[i], w.past.Waiting[i]
		a.Cost.Holding += k.Holding * a.Stock[t].Float()
		a.Cost.Lost += k.Backlog * w.past.Waiting[i].Float()
		if last { // who still waits goes elsewhere
			a.Cost.Lost += k.Lost * w.past.Waiting[i].Float()
			a.Coming = w.past.Coming[i]
			a.Cost.Leftover = k.Cost * (a.Stock[t] + a.Coming - k.Opening).Float()
		}
	}
	l.overtime(w, d)
	if last {
		for r := range w.load {
			l.Load = append(l.Load, w.load[r][:l.set.days()])
		}
	}
}

// overtime charges the SKUs that a resource makes on a day by their share of its load.
func (l *Ledger) overtime(w *world, d schemas.Date) {
	for r := range l.set.Resources {
		plain, _ := l.set.capacity(r, d)
		load, price := w.loadOn(r, d), l.set.Resources[r].OvertimeCost
		if price == 0 || load <= plain*(1+fits) {
			continue
		}
		for j := range l.Orders {
			o := &l.Orders[j]
			if k := &l.set.SKUs[o.SKU]; k.Resource == r && o.From <= d && d < o.To {
				part := o.Quantity.Float() * k.Usage / float64(o.To-o.From)
				l.SKUs[o.SKU].Cost.Overtime += price * (load - plain) * part / load
			}
		}
	}
}

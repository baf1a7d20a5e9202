package stream

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"drumbeat/schemas"
)

// The limits that tests reach.
const (
	FetchBytes, SaveWeight, MostWeight, MostPending = fetchBytes, saveWeight, mostWeight, mostPending
	MostWaiting, WaitingBytes, MostAhead            = mostWaiting, waitingBytes, mostAhead
	FoldFor                                         = foldFor
)

// FoldFetched folds an answer as the owner of the partition does in one turn by a clock, and returns the offset that it reads
// next and what is left for the next turn.
func FoldFetched(ctx context.Context, p *Processor, f Fetched, now func() time.Time) (next int64, left Fetched, err error) {
	o := owner{r: &Runner{c: RunnerConfig{Metrics: NewMetrics(nil), Now: now}}, p: p}
	rest := make(chan Fetched, 1)
	err = o.step(ctx, nil, f, rest)
	if len(rest) > 0 {
		left = <-rest
	}
	return p.Next(), left, err
}

// JobUntil draws a job until ctx ends.
func (p *Processor) JobUntil(ctx context.Context) *Job { return p.jobUntil(ctx) }

// Inline makes the plans that are due as the owner of the partition does before its next record.
func Inline(ctx context.Context, p *Processor) error {
	o := newOwner(&Runner{}, 0, &Snapshot{}, p)
	o.recalled = true
	return o.inline(ctx, nil)
}

// OpenSales is how many bookings the open days of a site hold, and how many days have settled before their time.
func (p *Processor) OpenSales(site string) (open, early int) {
	open, _ = p.sites[site].countOpen()
	return open, p.sites[site].earlyDays()
}

// Dump is all saved state of the Processor as it would be saved now, and its counts of active SKUs: two that go on in the same way have
// equal dumps.
func (p *Processor) Dump() []byte {
	var b bytes.Buffer
	rank := p.rank // of the batches that there were
	p.rank = 0
	fmt.Fprintf(&b, "partition %x\n", p.encode())
	p.rank = rank
	for _, name := range p.order {
		s := p.sites[name]
		fmt.Fprintf(&b, "site %s %s\n", name, s.encode()[1:])
		for _, a := range s.shares.list {
			fmt.Fprintf(&b, "share %v %d %x\n", a.day, a.known, a.saved)
		}
		// Derived, but what is counted fact by fact has to be what a restored site counts.
		s.countDays()
		fmt.Fprintf(&b, "activity %v\n", s.activity.skus)
		for _, k := range s.skus {
			fmt.Fprintf(&b, "sku %s %x\n", k.name, k.append(nil))
			open := "none"
			if k.hasOpen {
				open = k.open.String()
			}
			fmt.Fprintf(&b, "live %x %s %v\n", k.live.Append(nil), open, k.returned)
		}
		for _, set := range []any{&s.lines.set, &s.ids.set} {
			switch set := set.(type) {
			case *pageSet[line]:
				fmt.Fprintf(&b, "lines %d %d %v\n", set.first, set.next, pages(set))
			case *pageSet[identity]:
				fmt.Fprintf(&b, "ids %d %d %v\n", set.first, set.next, pages(set))
			}
		}
	}
	return b.Bytes()
}

func pages[E pageEntry[E]](set *pageSet[E]) (list []string) {
	for n := set.first; n < set.next; n++ {
		list = append(list, fmt.Sprintf("%x", set.encode(set.page(n))))
	}
	return list
}

// ForgetLines forgets which bytes were published of each line, and when: a member of a line that another release did not
// write changes both.
func (p *Processor) ForgetLines() {
	for _, s := range p.sites {
		for _, k := range s.skus {
			k.lineHash, k.lineRevision = 0, 0
		}
	}
}

// Unset names the parts of the saved state that no site or SKU has.
func (p *Processor) Unset() (names []string) {
	set := map[string]bool{}
	look := func(kind string, v reflect.Value, derived ...string) {
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if name := kind + "." + f.Name; !slices.Contains(derived, f.Name) {
				set[name] = set[name] || !v.Field(i).IsZero()
			}
		}
	}
	for _, s := range p.sites {
		look("site", reflect.ValueOf(&s.siteState).Elem())
		for name, n := range map[string]int{"pages.lines": s.lines.set.len(), "pages.identities": s.ids.set.len(), "pages.shares": len(s.shares.list)} {
			set[name] = set[name] || n > 0
		}
		for _, k := range s.skus {
			look("sku", reflect.ValueOf(k).Elem(), "loose", "live", "open", "hasOpen", "returns", "returned", "dirtyDays", "model", "fitted", "through",
				"ordinary", "stored", "storing", "dirty", "noProduct", "defined")
			look("item", reflect.ValueOf(&k.item).Elem())
			for i := range k.orders {
				look("order", reflect.ValueOf(&k.orders[i]).Elem())
			}
		}
	}
	for name, ok := range set {
		if !ok {
			names = append(names, name)
		}
	}
	return names
}

// SKUView is what tests look at of a SKU.
type SKUView struct {
	OnHand, Found float64
	Counted       bool
	Assumed       bool
	Orders        []string // "start due open/quantity"
	Planned       []float64
}

// View shows a SKU; false where there is none.
func (p *Processor) View(site, name string) (v SKUView, ok bool) {
	s := p.sites[site]
	if s == nil || s.known(name) == nil {
		return v, false
	}
	k := s.known(name)
	v = SKUView{
		OnHand: s.believed(k).Float(), Found: s.found(k).Float(),
		Counted: k.stock.Source == stockCounted, Assumed: k.stock.Source == stockAssumed,
	}
	for i := range k.orders {
		o := &k.orders[i]
		v.Orders = append(v.Orders, fmt.Sprintf("%s %v %v %v/%v", o.ID, o.Start, o.Due, o.Open, o.Quantity))
	}
	for _, q := range k.planned {
		v.Planned = append(v.Planned, q.Quantity.Float())
	}
	return v, true
}

// Today is the open day of a site.
func (p *Processor) Today(site string) string { return p.sites[site].Today.String() }

// Spoil gives a SKU a production cost that no plan can have.
func (p *Processor) Spoil(site, name string) {
	s := p.sites[site]
	k := s.known(name)
	k.item.Provisional, k.item.ProductionCost = false, 1e16
	s.note(triggerItem, name, true)
}

// Order shows an order.
type Order struct {
	ID             string
	Start, Due     schemas.Date
	Quantity, Open schemas.Quantity
}

// Orders shows the orders of a SKU.
func (p *Processor) Orders(site, name string) (list []Order) {
	for _, o := range p.sites[site].known(name).orders {
		list = append(list, Order{o.ID, o.Start, o.Due, o.Quantity, o.Open})
	}
	return list
}

// Kept is the number of partitions whose state the Runner holds although it does not own them.
func (r *Runner) Kept() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.kept)
}

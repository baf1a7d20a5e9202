package stream

import (
	"cmp"
	"math"
	"slices"

	"drumbeat/schemas"
	"drumbeat/stream/outlier"
)

// cleanDay is a day of a SKU: the rows that sold or returned something on it, and what its books said when it
// settled.
type cleanDay struct {
	rows   []int // indexes into Cleaner.rows
	booked []booking
	low    bool
}

// fold books the readable rows in an order that follows from what they say: see before. The order of the file
// is left for rows that say the same, and for versions of a document line that have no number.
func (c *Cleaner) fold() {
	order := make([]int, 0, len(c.rows))
	for i := range c.rows {
		if c.rows[i].fact.fault == nil {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return c.rows[i].fact.before(&c.rows[j].fact) })
	for _, i := range order {
		r := &c.rows[i]
		c.open(r.fact.day)
		r.out = c.site.sale(&r.fact)
		if r.fact.quantity != 0 {
			key := saleKey{r.fact.sku, r.fact.day}
			if c.days[key] == nil {
				c.days[key] = &cleanDay{}
			}
			c.days[key].rows = append(c.days[key].rows, i)
		}
	}
	if c.site.started() {
		c.open(c.site.Today.AddDays(bookDays + 1))
	}
}

// before is negative if f comes before b: by day, within it sales without an instant, then by instant, then
// returns without one.
func (f *fact) before(b *fact) int {
	if f.day != b.day {
		return cmp.Compare(f.day, b.day)
	}
	if c := cmp.Or(cmp.Compare(f.part(), b.part()), f.at.Compare(b.at), cmp.Compare(f.line, b.line), cmp.Compare(f.version, b.version)); c != 0 || f.line != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(f.sku, b.sku), cmp.Compare(b.quantity, f.quantity), cmp.Compare(f.customer, b.customer),
		cmp.Compare(f.document, b.document), cmp.Compare(f.price, b.price),
	)
}

// part is the part of its day in which a fact comes.
func (f *fact) part() int {
	switch {
	case f.hasTime:
		return 1
	case f.quantity > 0:
		return 0
	}
	return 2
}

// open moves the site's clock to a day.
func (c *Cleaner) open(d schemas.Date) {
	switch {
	case !c.site.started():
		c.site.begin(d)
	case d > c.site.Today:
		c.site.rollTo(d)
	}
}

// closeDay keeps what the books say of a day when it settles. No return of it can change any more.
func (c *Cleaner) closeDay(k *sku, v outlier.Verdict, booked []booking) {
	day := c.days[saleKey{k.name, booked[0].Day}]
	if day == nil {
		return
	}
	day.booked, day.low = slices.Clone(booked), v.Low
	for _, i := range day.rows {
		r := &c.rows[i]
		if r.fact.quantity < 0 && r.out.kind != outcomeDuplicate {
			if e := day.take(c.site, r); e != nil {
				r.out = returnOutcome(e)
			}
		}
	}
}

// take finds the row's place in the books of its day, each place once; nil where the row was replaced by another
// version of its line.
func (d *cleanDay) take(s *site, r *cleanRow) *booking {
	is := s.booking(&r.fact)
	n := slices.IndexFunc(d.booked, func(b booking) bool { return b.kind.rank() == is.kind && b.compare(&is) == 0 })
	if n < 0 {
		return nil
	}
	e := d.booked[n]
	d.booked = slices.Delete(d.booked, n, n+1)
	return &e
}

// returnOutcome is what became of a return.
func returnOutcome(e *booking) outcome {
	switch {
	case e.fate == fateReversed:
		return kept(reasonReversed)
	case e.fate != fateHeld:
		return kept(reasonReturn)
	case e.Document == 0 && e.Customer == 0:
		return flagged(heldUnreferenced)
	}
	return flagged(heldReturn)
}

// judge gives every row that sold something the verdict of its day. Of a day that is held it is the largest
// sales; a sale that was taken back as a whole keeps what was thought of it when it came.
func (c *Cleaner) judge() {
	for _, k := range c.site.skus {
		k.history.each(math.MinInt32, func(h dayEntry) bool {
			if day := c.days[saleKey{k.name, h.Date}]; day != nil {
				c.settle(day, &h)
			}
			return true
		})
	}
}

func (c *Cleaner) settle(day *cleanDay, h *dayEntry) {
	var stands []*cleanRow
	left := map[*cleanRow]schemas.Quantity{}
	for _, i := range day.rows {
		r := &c.rows[i]
		if r.fact.quantity < 0 || r.out.kind == outcomeDuplicate {
			continue
		}
		if e := day.take(c.site, r); e != nil && e.left > 0 {
			left[r] = e.left
			stands = append(stands, r)
		}
	}
	slices.SortStableFunc(stands, func(a, b *cleanRow) int { return cmp.Compare(left[b], left[a]) })
	held := max(0, h.Held)
	for _, r := range stands {
		r.low = day.low
		switch {
		case held > 0:
			r.out = flagged(h.Reason)
			held -= left[r]
		case r.out.kind == outcomeFlagged:
			r.out = kept("")
		}
	}
}

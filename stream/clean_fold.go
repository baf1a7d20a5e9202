package stream

import (
	"cmp"
	"math"
	"slices"

	"drumbeat/schemas"
)

// cleanDay is a day of a SKU: the rows that sold something on it, and what its books said when it settled.
type cleanDay struct {
	rows   []int // indexes into Cleaner.rows
	booked []booking
	low    bool
}

// fold books the readable rows in the order of their dates and instants, then of the file.
func (c *Cleaner) fold() {
	order := make([]int, 0, len(c.rows))
	for i := range c.rows {
		if c.rows[i].fact.fault == nil {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := &c.rows[i].fact, &c.rows[j].fact
		return cmp.Or(cmp.Compare(a.day, b.day), a.at.Compare(b.at), cmp.Compare(i, j))
	})
	for _, i := range order {
		r := &c.rows[i]
		c.open(r.fact.day)
		r.out = c.site.sale(&r.fact)
		if r.fact.quantity > 0 {
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

// open moves the site's clock to a day.
func (c *Cleaner) open(d schemas.Date) {
	switch {
	case !c.site.started():
		c.site.begin(d)
	case d > c.site.Today:
		c.site.rollTo(d)
	}
}

// closeDay keeps what the books say of a day when it settles.
func (c *Cleaner) closeDay(k *sku, v verdict, booked []booking) {
	if day := c.days[saleKey{k.name, booked[0].Day}]; day != nil {
		day.booked, day.low = slices.Clone(booked), v.Low
	}
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
		is := c.site.booking(&r.fact)
		n := slices.IndexFunc(day.booked, func(b booking) bool { return b.kind == bookedSale && b.compare(&is) == 0 })
		if n < 0 || r.out.kind == outcomeDuplicate {
			continue // replaced by another version of its line
		}
		if q := day.booked[n].left; q > 0 {
			left[r] = q
			stands = append(stands, r)
		}
		day.booked = slices.Delete(day.booked, n, n+1)
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

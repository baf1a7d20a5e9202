package stream

import (
	"cmp"
	"slices"

	"drumbeat/schemas"
)

// skuRows are the rows of one SKU, indexes into Cleaner.rows, in the order of their days.
type skuRows struct {
	name string
	rows []int
}

// fold applies the readable rows to the site in the order of their dates and instants, then of the file,
// and notes how much of each sale later rows take back. It returns the rows of each SKU, by name.
func (c *Cleaner) fold() []*skuRows {
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
	skus := map[string]*skuRows{}
	lines := map[uint64]int{} // the row that last said what a document line is
	for _, i := range order {
		r := &c.rows[i]
		c.openDay(r.fact.day)
		if k := c.site.known(r.fact.sku); k != nil {
			k.expireMoves(c.site.Today)
		}
		clear(c.site.dirtySales)
		r.out = c.site.sale(&r.fact)
		of := skus[r.fact.sku]
		if of == nil {
			of = &skuRows{name: r.fact.sku}
			skus[of.name] = of
		}
		c.takeBack(of, r, lines)
		of.rows = append(of.rows, i)
		if r.fact.line != 0 && r.fact.quantity >= 0 && (r.out.kind == outcomeKept || r.out.kind == outcomeFlagged) {
			lines[r.fact.line] = i
		}
	}
	list := make([]*skuRows, 0, len(skus))
	for _, of := range skus {
		list = append(list, of)
	}
	slices.SortFunc(list, func(a, b *skuRows) int { return cmp.Compare(a.name, b.name) })
	return list
}

// openDay moves the site's clock, so that what is too old for a correction is forgotten as in service.
// Nothing else of a day's end matters here: there is no stock and no plan.
func (c *Cleaner) openDay(d schemas.Date) {
	if d > c.site.Today {
		c.site.Today = d
		c.site.lines.expire(d.AddDays(-c.site.settings.LineDays))
	}
}

// takeBack finds the sale that a row has reversed or replaced and notes how much of it is gone.
func (c *Cleaner) takeBack(of *skuRows, r *cleanRow, lines map[uint64]int) {
	if r.out.kind != outcomeKept && r.out.kind != outcomeFlagged {
		return
	}
	reversed := r.out.kind == outcomeKept && r.out.reason == reasonReversed
	if i, ok := lines[r.fact.line]; ok && (reversed || r.fact.quantity >= 0) {
		sale := &c.rows[i]
		amount := sale.fact.quantity // replaced as a whole, whatever by
		if reversed {
			amount = -r.fact.quantity
		}
		sale.gone += min(amount, sale.fact.quantity-sale.gone)
		return
	}
	if !reversed {
		return
	}
	// The site has chosen a sale of the same customer and quantity; the day that it has changed tells
	// which. Among equal sales of one day any will do.
	for changed := range c.site.dirtySales {
		for j := len(of.rows) - 1; j >= 0; j-- {
			sale := &c.rows[of.rows[j]]
			if sale.fact.day == changed.date && sale.fact.customer == r.fact.customer &&
				sale.fact.quantity == -r.fact.quantity && sale.demand() == sale.fact.quantity {
				sale.gone = sale.fact.quantity
				return
			}
		}
	}
}

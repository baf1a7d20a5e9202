package stream

import (
	"cmp"
	"slices"

	"drumbeat/schemas"
)

// saleDay is a SKU's rows of one day, as a range of skuRows.rows, with the sum of their demand.
type saleDay struct {
	date     schemas.Date
	sku      int // index into the list of fold
	from, to int
	units    schemas.Quantity
}

// judgeSizes runs the outlier rule over the daily sales of all SKUs, day by day and within a day by SKU,
// so that what the site has learnt at each point does not depend on the order of the file.
func (c *Cleaner) judgeSizes(skus []*skuRows) {
	var days []saleDay
	for n, of := range skus {
		days = c.saleDays(days, n, of)
	}
	slices.SortStableFunc(days, func(a, b saleDay) int { return cmp.Compare(a.date, b.date) })
	var prior sitePrior
	filters := make([]sizeFilter, len(skus))
	sales := make([][]judgedSale, len(skus))
	places := make([][]int, len(skus)) // of each sale in days
	for i, d := range days {
		f, units := &filters[d.sku], d.units.Float()
		v := f.judge(d.date, units, &prior)
		sale := judgedSale{Day: d.date, Units: units, verdict: v, Cold: f.sales < coldSales}
		f.learn(d.date, units, v, &prior)
		sales[d.sku] = append(sales[d.sku], sale)
		places[d.sku] = append(places[d.sku], i)
		f.revise(sales[d.sku])
	}
	for n, of := range skus {
		for i, sale := range sales[n] {
			d := days[places[n][i]]
			reason := heldOutlier
			if i == 0 {
				reason = heldFirstSale
			}
			c.settle(of.rows[d.from:d.to], &sale, reason)
		}
	}
}

// saleDays appends the days on which a SKU has demand.
func (c *Cleaner) saleDays(days []saleDay, n int, of *skuRows) []saleDay {
	for from := 0; from < len(of.rows); {
		d := saleDay{date: c.rows[of.rows[from]].fact.day, sku: n, from: from}
		to := from
		for ; to < len(of.rows) && c.rows[of.rows[to]].fact.day == d.date; to++ {
			d.units = addQuantity(d.units, c.rows[of.rows[to]].demand())
		}
		d.to, from = to, to
		if judged(d.units.Float()) {
			days = append(days, d)
		}
	}
	return days
}

// settle gives the verdict of a day to its rows. What is held of a flagged day are its largest rows, as
// few as leave the rest of ordinary size. A sale that was taken back as a whole keeps what was thought of
// it when it came.
func (c *Cleaner) settle(rows []int, sale *judgedSale, reason heldReason) {
	var demand []*cleanRow
	for _, i := range rows {
		if r := &c.rows[i]; r.demand() > 0 {
			if r.out.kind == outcomeFlagged {
				r.out = kept("")
			}
			r.low = sale.Low
			demand = append(demand, r)
		}
	}
	if !sale.Flag {
		return
	}
	slices.SortStableFunc(demand, func(a, b *cleanRow) int { return cmp.Compare(b.demand(), a.demand()) })
	rest := sale.Units
	for i, r := range demand {
		if i > 0 && rest+1 <= grossRatio*(sale.Expected+1) {
			return
		}
		rest -= r.demand().Float()
		r.out = flagged(reason)
	}
}

package stream

import (
	"cmp"
	"slices"

	"drumbeat/schemas"
)

// skuDay is a SKU's rows of one day, as a range of skuRows.rows, with the sum of their demand.
type skuDay struct {
	date     schemas.Date
	sku      int // index into the list of fold
	from, to int
	units    schemas.Quantity
}

// judgeSizes runs the outlier rule over the daily sales of all SKUs, day by day and within a day by SKU,
// so that what the site has learnt at each point does not depend on the order of the file.
func (c *Cleaner) judgeSizes(skus []*skuRows) {
	var days []skuDay
	for n, of := range skus {
		days = c.saleDays(days, n, of)
	}
	slices.SortStableFunc(days, func(a, b skuDay) int { return cmp.Compare(a.date, b.date) })
	var priors sitePriors
	rules := make([]sizeRule, len(skus))
	sales := make([][]judgedSale, len(skus))
	places := make([][]int, len(skus)) // of each sale in days
	for i, d := range days {
		r := &rules[d.sku]
		sale := judgedSale{units: d.units.Float()}
		changed := func(day schemas.Date, flag bool) {
			for j := len(places[d.sku]) - 1; j >= 0; j-- {
				if s := &sales[d.sku][j]; days[places[d.sku][j]].date == day && s.Flag != flag {
					s.Flag, s.Expected = flag, r.expected(day)
				}
			}
		}
		sale.verdict = r.learn(saleDay{Day: d.date, Units: sale.units}, priors.at(d.date), priors.learning(), changed)
		sales[d.sku] = append(sales[d.sku], sale)
		places[d.sku] = append(places[d.sku], i)
		if i == len(days)-1 || days[i+1].date > d.date {
			priors.close(d.date)
		}
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

// judgedSale is a sale of a SKU with what the outlier rule thinks of it in the end.
type judgedSale struct {
	verdict
	units float64
}

// saleDays appends the days on which a SKU has demand.
func (c *Cleaner) saleDays(days []skuDay, n int, of *skuRows) []skuDay {
	for from := 0; from < len(of.rows); {
		d := skuDay{date: c.rows[of.rows[from]].fact.day, sku: n, from: from}
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
	rest := sale.units
	for i, r := range demand {
		if i > 0 && rest+1 <= grossRatio*(sale.Expected+1) {
			return
		}
		rest -= r.demand().Float()
		r.out = flagged(reason)
	}
}

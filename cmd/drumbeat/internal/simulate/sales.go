package simulate

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"drumbeat/cmd/drumbeat/internal/csvfeed"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// Sales says which sales make a Set.
type Sales struct {
	Name  string
	Files []string
	Map   map[string]string // columns of the event's fields
	SKUs  int               // so many of them, the busiest before the run; 0: all that sold
	Weeks int               // simulated, the last of the file
	Share float64           // capacity, as a multiple of the mean load; 0: unlimited
	Lead  int               // weeks
	Level float64           // service level that the planner asks of Drumbeat; 0: its default
	Items string            // items.csv; "": costs follow from prices
	Plant string            // capacity file: resource,period,capacity[,overtime_capacity,overtime_cost]; "": Share
}

// RetailColumns are the columns of Online Retail.
var RetailColumns = map[string]string{
	"sku": "StockCode", "quantity": "Quantity", "date": "InvoiceDate", "document": "InvoiceNo", "customer": "CustomerID",
	"unit_price": "UnitPrice",
}

// Costs of products of which only the price is known.
const (
	holdingShare = 0.02 // of the production cost a month
	plainCost    = 10   // where there is no price
)

// line is a sale that may yet be taken back.
type line struct {
	day      schemas.Date
	customer string
	quantity schemas.Quantity
}

// product is what a file says of one SKU.
type product struct {
	name      string
	lines     []line
	worth     float64 // of the sales that have a price
	priced    float64 // units of them
	histories int     // lines before the run
}

// returnDays is how long a return of a customer still takes back a sale of its quantity.
const returnDays = 7

// Load reads a Set in weeks from sales. Demand is what was ordered: sales with a quantity above 0, less those that their
// customer takes back whole within a week; other negative rows, rows without a price where the file has prices, and codes that are no product are
// left out. Costs follow from the mean price before the run.
func (f Sales) Load() (*Set, error) {
	products := map[string]*product{}
	first, last := schemas.MaxDate, schemas.MinDate
	for _, file := range f.Files {
		feed, err := csvfeed.Open(file, csvfeed.Options{Map: f.Map})
		if err != nil {
			return nil, err
		}
		var rec csvfeed.Record
		for err == nil {
			if err = feed.Next(&rec); err == nil && rec.Raw == nil && rec.Event.Type == schemas.TypeSale {
				if d, ok := take(products, &rec.Event.Sale); ok {
					first, last = min(first, d), max(last, d)
				}
			}
		}
		if !errors.Is(err, io.EOF) {
			return nil, errors.Join(err, feed.Close())
		}
		if err := feed.Close(); err != nil {
			return nil, err
		}
	}
	s := &Set{Name: f.Name, Period: schemas.PeriodWeek, Horizon: 26, First: week(first).start, Until: week(last + 1).start}
	s.From = s.Until.AddDays(-7 * f.Weeks)
	if s.From < s.First+28 {
		return nil, fmt.Errorf("simulate: %d weeks leave no four weeks of history in a file from %v to %v", f.Weeks, first, last)
	}
	s.SKUs = f.choose(products, s)
	if len(s.SKUs) == 0 {
		return nil, errors.New("simulate: no product sold before the run")
	}
	if err := f.define(s); err != nil {
		return nil, err
	}
	if f.Share > 0 {
		load := 0.0
		for i := range s.SKUs {
			s.SKUs[i].Resource = 0
			for _, q := range s.SKUs[i].Demand[s.From-s.First:] {
				load += q.Float()
			}
		}
		s.Resources = []Resource{{Name: "factory", Capacity: f.Share * load / float64(f.Weeks), Per: schemas.PerWeek}}
	}
	return s, nil
}

// take books a row.
func take(products map[string]*product, sale *schemas.Sale) (schemas.Date, bool) {
	name, err := schemas.CanonicalSKU(sale.SKU.Raw)
	if err != nil || noProduct(name) {
		return 0, false
	}
	text := cmp.Or(sale.Date.Raw, sale.Time.Raw)
	day, err := schemas.ParseDate(text[:min(10, len(text))])
	if err != nil {
		return 0, false
	}
	q, err := schemas.ParseQuantity(strings.TrimSpace(sale.Quantity.Raw))
	if err != nil || q == 0 {
		return 0, false
	}
	p := products[strings.Clone(name)]
	if p == nil {
		p = &product{name: strings.Clone(name)}
		products[p.name] = p
	}
	customer := strings.Clone(sale.Customer.Raw)
	if q < 0 {
		p.takeBack(day, customer, -q)
		return day, true
	}
	if sale.UnitPrice.Present() {
		price, err := schemas.ParseQuantity(strings.TrimSpace(sale.UnitPrice.Raw))
		if err != nil || price <= 0 {
			return 0, false
		}
		p.worth += price.Float() * q.Float()
		p.priced += q.Float()
	}
	p.lines = append(p.lines, line{day, customer, q})
	return day, true
}

// takeBack removes the latest sale of a quantity to a customer.
func (p *product) takeBack(day schemas.Date, customer string, q schemas.Quantity) {
	for i := len(p.lines) - 1; customer != "" && i >= 0 && p.lines[i].day >= day-returnDays; i-- {
		if p.lines[i].customer == customer && p.lines[i].quantity == q {
			p.lines = slices.Delete(p.lines, i, i+1)
			return
		}
	}
}

func noProduct(name string) bool {
	return slices.ContainsFunc(stream.DefaultSettings().DemandItems, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return ok && err == nil
	})
}

// choose makes SKUs of the busiest products.
func (f Sales) choose(products map[string]*product, s *Set) (list []SKU) {
	var known []*product
	for _, p := range products {
		for i := range p.lines {
			if p.lines[i].day < s.From {
				p.histories++
			}
		}
		if p.histories > 0 {
			known = append(known, p)
		}
	}
	slices.SortFunc(known, func(a, b *product) int {
		return cmp.Or(cmp.Compare(b.histories, a.histories), strings.Compare(a.name, b.name))
	})
	if f.SKUs > 0 {
		known = known[:min(f.SKUs, len(known))]
	}
	slices.SortFunc(known, func(a, b *product) int { return strings.Compare(a.name, b.name) })
	for _, p := range known {
		cost := float64(plainCost)
		if p.priced > 0 {
			cost = schemas.RoundMoney(LostShare * p.worth / p.priced)
		}
		k := SKU{
			Name: p.name, Cost: max(cost, .01), Lead: f.Lead, Level: f.Level, Resource: -1, Usage: 1, Safety: -1,
			Demand: make([]schemas.Quantity, s.Until-s.First),
		}
		k.Holding, k.Lost = holdingShare*k.Cost/daysPerMonth, k.Cost/LostShare
		for _, l := range p.lines {
			if l.day < s.Until {
				k.Demand[l.day-s.First] += l.quantity
			}
		}
		k.open(s)
		list = append(list, k)
	}
	return list
}

// openingWeeks is the demand that opening stock covers beside the lead time.
const openingWeeks = 2

// open gives a SKU the stock that its mean demand of the last eight weeks (a year where a lead time is longer) asks for the lead time and two
// weeks.
func (k *SKU) open(s *Set) {
	days := 56
	if k.Lead > 8 {
		days = 364
	}
	past := k.Demand[:s.From-s.First]
	units := mean(past, days) * (float64(k.Lead)*s.daysPerPeriod() + 7*openingWeeks)
	k.Opening = quantity(float64(int(units + .999)))
}

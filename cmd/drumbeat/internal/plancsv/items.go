package plancsv

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"drumbeat/optimize"
)

// item is what the columns of an item say beyond the SKU itself.
type item struct {
	row      row
	resource string
	usage    float64
	months   float64 // safety stock in months of demand; 0: fixed units
	fixed    float64
	most     float64 // maximum production per unit of time; NaN: none
	lead     float64
	per      float64 // days of the unit of time; 0: the period
}

var (
	itemRequired = []string{"sku", "production_cost", "holding_cost", "initial_inventory", "safety_stock"}
	itemOptional = []string{"resource", "usage", "per", "safety_stock_rule", "service_level", "shortage_cost", "backlog_cost",
		"lead_time", "pack_size", "min_order", "order_cost", "max_production", "storage_capacity", "whole"}
)

// readItems reads items.csv.
func (r *reader) readItems() error {
	t, err := readTable(r.files.Items, itemRequired, itemOptional)
	if err == nil {
		err = t.filled()
	}
	if err != nil {
		return err
	}
	lines := map[string]int{}
	for _, row := range t.rows {
		name, err := row.sku()
		if err != nil {
			return err
		}
		if line, twice := lines[name]; twice {
			return row.fail("sku", "%q stands in line %d already", excerpt(name), line)
		}
		lines[name] = row.line
		sku, it, err := r.readItem(row)
		if err != nil {
			return err
		}
		sku.Name = name
		r.skus[name] = len(r.p.SKUs)
		r.p.SKUs = append(r.p.SKUs, sku)
		r.items = append(r.items, it)
	}
	return nil
}

func (r *reader) readItem(row row) (sku optimize.SKU, it item, err error) {
	it = item{row: row, resource: row.text("resource"), usage: 1, most: math.NaN()}
	if it.resource == "" {
		it.resource = defaultResource
	}
	first := func(e error) {
		if err == nil {
			err = e
		}
	}
	// optional calls set with the number of a cell that is not empty.
	optional := func(field string, set func(v float64) error) {
		v, there, e := row.number(field, 0, maxQuantity)
		if e == nil && there {
			e = set(v)
		}
		first(e)
	}
	into := func(dst *float64) func(float64) error { return func(v float64) error { *dst = v; return nil } }
	positive := func(field string, dst *float64, zero string) func(float64) error {
		return func(v float64) error {
			if v == 0 {
				return row.fail(field, "0 %s", zero)
			}
			*dst = v
			return nil
		}
	}
	var e error
	sku.ProductionCost, e = row.amount("production_cost")
	first(e)
	sku.HoldingCost, e = row.amount("holding_cost")
	first(e)
	it.fixed, e = row.amount("safety_stock")
	first(e)
	optional("usage", positive("usage", &it.usage, "would need no capacity: give a figure above 0"))
	optional("shortage_cost", into(&sku.ShortageCost))
	optional("backlog_cost", positive("backlog_cost", &sku.BacklogCost, "is no price: leave the cell empty if unmet demand is lost"))
	optional("storage_capacity", positive("storage_capacity", &sku.StorageCapacity, "leaves no room: leave the cell empty for no limit"))
	optional("max_production", into(&it.most))
	optional("lead_time", func(v float64) error {
		if v != math.Trunc(v) || v > 1e6 {
			return row.fail("lead_time", "%g is no whole number of periods", v)
		}
		it.lead = v
		return nil
	})
	optional("pack_size", into(&sku.PackSize))
	optional("min_order", into(&sku.MinOrder))
	optional("order_cost", into(&sku.OrderCost))
	whole, e := row.flag("whole")
	first(e)
	if whole || r.files.Whole {
		if sku.PackSize == 0 {
			sku.PackSize = 1
		}
		if sku.PackSize != math.Trunc(sku.PackSize) {
			first(row.fail("pack_size", "%g is no whole number of units, but the units are whole", sku.PackSize))
		}
	}
	least := 0.0
	if sku.BacklogCost > 0 {
		least = -maxQuantity
	}
	opening, there, e := row.number("initial_inventory", least, maxQuantity)
	if e == nil && !there {
		e = row.fail("initial_inventory", "is empty")
	}
	first(e)
	sku.Opening = opening
	first(it.rule(row))
	return sku, it, err
}

// rule reads what says how the safety stock and rates are meant.
func (it *item) rule(row row) error {
	switch rule := strings.ToLower(row.text("safety_stock_rule")); rule {
	case "", "fixed":
	case "months":
		it.months = it.fixed
	case "service_level":
		return row.fail("safety_stock_rule", "service_level needs forecast errors, which a demand file does not have; use fixed or months")
	default:
		return row.fail("safety_stock_rule", "%q is none of fixed, months, service_level", excerpt(rule))
	}
	if _, _, err := row.number("service_level", 0, 1); err != nil {
		return err
	}
	switch per := strings.ToLower(row.text("per")); per {
	case "":
	case "day":
		it.per = 1
	case "week":
		it.per = 7
	case "month":
		it.per = 365.25 / 12
	default:
		return row.fail("per", "%q is none of day, week, month", excerpt(per))
	}
	return nil
}

// flag reads a yes or no; empty is no.
func (r row) flag(field string) (bool, error) {
	switch strings.ToLower(r.text(field)) {
	case "", "0", "no", "false", "n":
		return false, nil
	case "1", "yes", "true", "y":
		return true, nil
	}
	return false, r.fail(field, "%q is neither true nor false", excerpt(r.text(field)))
}

// finishItems works out what depends on the horizon: rates per period and safety stock.
func (r *reader) finishItems() error {
	T := len(r.p.Periods)
	for s := range r.p.SKUs {
		sku, it := &r.p.SKUs[s], &r.items[s]
		perPeriod := 1.0
		if it.per > 0 {
			days, err := r.cal.days()
			if err != nil {
				return it.row.fail("per", "%w", err)
			}
			perPeriod = days / it.per
		}
		sku.HoldingCost *= perPeriod
		lead := math.Ceil(it.lead/perPeriod - 1e-9)
		sku.LeadTime = int(math.Min(lead, float64(T)))
		if !math.IsNaN(it.most) {
			sku.MaxProduction = make([]float64, T)
			for t := range T {
				sku.MaxProduction[t] = it.most * perPeriod
			}
		}
		sku.SafetyStock = make([]float64, T)
		for t := range T {
			sku.SafetyStock[t] = it.fixed
		}
		if it.months > 0 {
			if r.cal.of != months {
				return it.row.fail("safety_stock_rule", "months needs periods that are months")
			}
			sku.SafetyStock = monthsOfDemand(sku.Demand, it.months)
		}
	}
	return nil
}

// monthsOfDemand is the safety stock of n months: n times the mean demand of the next 12 months, as far
// as they are known; the last month, after which nothing is known, keeps the figure before it.
func monthsOfDemand(demand []float64, n float64) []float64 {
	T := len(demand)
	stock := make([]float64, T)
	for t := range T {
		next := demand[t+1 : min(t+13, T)]
		switch {
		case len(next) > 0:
			sum := 0.0
			for _, d := range next {
				sum += d
			}
			stock[t] = math.Round(n*sum/float64(len(next))*1e6) / 1e6
		case t > 0:
			stock[t] = stock[t-1]
		default:
			stock[t] = n * demand[t]
		}
	}
	return stock
}

var errFrozen = errors.New("--frozen needs --previous: there is no plan to keep")

// Validate finds contradictions between the options before any file is read.
func (f Files) Validate() error {
	switch {
	case f.Frozen < 0:
		return fmt.Errorf("--frozen: %d is negative", f.Frozen)
	case f.Frozen > 0 && f.Previous == "":
		return errFrozen
	case !(f.ChangePrice >= 0) || math.IsInf(f.ChangePrice, 1):
		return fmt.Errorf("--change-price: %g is not a number from 0 on", f.ChangePrice)
	case f.ChangePrice > 0 && f.Previous == "":
		return errors.New("--change-price needs --previous: there is no plan to change")
	case !(f.Capacity >= 0 && f.Capacity <= maxQuantity):
		return fmt.Errorf("--capacity: %g is not within 0 … %g", f.Capacity, maxQuantity)
	}
	return nil
}

package simulate

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"drumbeat/schemas"
)

// SpareParts reads the spare parts of a Dutch manufacturer (man_items.csv, man_demand_weekly.csv.gz): weeks of demand, each booked on
// a working day at random, with lead times, least orders, packs, prices and order costs. Of the parts that sold before the run it
// takes the first so many (0: all). The last `weeks` weeks are simulated; nothing limits what can be ordered.
func SpareParts(dir string, skus, weeks int) (*Set, error) {
	items, err := table(filepath.Join(dir, "man_items.csv"))
	if err != nil {
		return nil, err
	}
	demand, err := table(filepath.Join(dir, "man_demand_weekly.csv.gz"))
	if err != nil {
		return nil, err
	}
	head := demand[0]
	if len(head)-1 <= weeks {
		return nil, fmt.Errorf("simulate: the file has %d weeks", len(head)-1)
	}
	first, err := isoWeek(head[1])
	if err != nil {
		return nil, err
	}
	s := &Set{
		Name: "spare-parts", Period: schemas.PeriodWeek, Horizon: 26,
		First: first, Until: first.AddDays(7 * (len(head) - 1)),
	}
	s.From = s.Until.AddDays(-7 * weeks)
	column := func(name string) int { return slices.Index(items[0], name) }
	pack, cost, order := column("units_per_pack"), column("cost_price_eur"), column("fixed_cost_per_order_eur")
	holding, lead, least := column("holding_cost_eur_per_unit_year"), column("lead_time_weeks"), column("min_order_qty")
	if min(pack, cost, order, holding, lead, least) < 0 {
		return nil, fmt.Errorf("simulate: %s lacks a column", "man_items.csv")
	}
	rows := map[string][]string{}
	for _, row := range demand[1:] {
		rows[row[0]] = row
	}
	for n, item := range items[1:] {
		v := make([]float64, len(item))
		for i := range item {
			if v[i], err = strconv.ParseFloat(item[i], 64); err != nil {
				return nil, fmt.Errorf("simulate: man_items.csv:%d: %w", n+2, err)
			}
		}
		k := SKU{
			Name: "PART-" + item[0], Cost: v[cost], Holding: v[holding] / oneYear, Lost: v[cost] / LostShare, Lead: int(v[lead]),
			Pack: quantity(v[pack]), Least: quantity(v[least]), OrderCost: v[order], Resource: -1, Usage: 1, Safety: -1,
			Demand: make([]schemas.Quantity, s.Until-s.First),
		}
		row := rows[item[0]]
		sold := false
		for t := range min(len(row), len(head)) - 1 {
			units, err := strconv.ParseFloat(row[t+1], 64)
			if err != nil || units < 0 {
				return nil, fmt.Errorf("simulate: demand of part %s in %s: %q is no quantity", item[0], head[t+1], row[t+1])
			}
			day := s.First.AddDays(7*t + workday(len(s.SKUs), t))
			k.Demand[day-s.First] = quantity(units)
			sold = sold || units > 0 && day < s.From
		}
		if !sold || k.Cost <= 0 || k.Holding <= 0 {
			continue
		}
		k.open(s)
		if s.SKUs = append(s.SKUs, k); skus > 0 && len(s.SKUs) == skus {
			break
		}
	}
	return s, nil
}

// workday is the day of a week, from Monday to Friday, on which the demand of a SKU is booked: the file does not tell it.
func workday(sku, week int) int {
	return rand.New(rand.NewPCG(uint64(sku), uint64(week))).IntN(5)
}

// isoWeek is the Monday of a week such as 2012-W01.
func isoWeek(text string) (schemas.Date, error) {
	year, n, ok := strings.Cut(text, "-W")
	y, err := strconv.Atoi(year)
	w, wrong := strconv.Atoi(n)
	if !ok || err != nil || wrong != nil {
		return 0, fmt.Errorf("simulate: %q is no week", text)
	}
	d, _ := schemas.NewDate(y, 1, 4) // it lies in week 1
	return week(d).start.AddDays(7 * (w - 1)), nil
}

// table reads a CSV file, compressed or not.
func table(name string) (rows [][]string, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var r io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(file); err != nil {
			return nil, fmt.Errorf("simulate: %s: %w", name, err)
		}
	}
	if rows, err = csv.NewReader(r).ReadAll(); err != nil {
		return nil, fmt.Errorf("simulate: %s: %w", name, err)
	}
	if len(rows) < 2 || len(rows[0]) < 2 {
		return nil, fmt.Errorf("simulate: %s holds no rows", name)
	}
	return rows, nil
}

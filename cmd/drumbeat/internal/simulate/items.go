package simulate

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"drumbeat/cmd/drumbeat/internal/csvfeed"
	"drumbeat/cmd/drumbeat/internal/plancsv"
	"drumbeat/schemas"
)

// define makes the SKUs of a Set what the file of items says, and gives their resources the capacity of the plant's file.
// SKUs without an item keep the costs that follow from prices; without a plant nothing limits.
func (f Sales) define(s *Set) error {
	resources := map[string][]int{} // SKUs by the name of their resource
	if f.Items != "" {
		items, err := readItems(f.Items)
		if err != nil {
			return err
		}
		s.SKUs = slices.DeleteFunc(s.SKUs, func(k SKU) bool { it := items[k.Name]; return it != nil && it.Discontinued })
		for i := range s.SKUs {
			if it := items[s.SKUs[i].Name]; it != nil {
				if err := s.SKUs[i].become(it, s); err != nil {
					return fmt.Errorf("%s: SKU %s: %w", f.Items, it.SKU, err)
				}
				name := cmp.Or(it.Resource, plant)
				resources[name] = append(resources[name], i)
			} else {
				resources[plant] = append(resources[plant], i)
			}
		}
	}
	if f.Plant == "" {
		return nil
	}
	if f.Items == "" {
		for i := range s.SKUs {
			resources[plant] = append(resources[plant], i)
		}
	}
	return f.limit(s, resources)
}

// plant is the resource of items that name none.
const plant = "factory"

func readItems(file string) (items map[string]*schemas.Item, err error) {
	feed, err := csvfeed.Open(file, csvfeed.Options{Type: schemas.TypeItem})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, feed.Close()) }()
	items = map[string]*schemas.Item{}
	var rec csvfeed.Record
	for {
		if err := feed.Next(&rec); errors.Is(err, io.EOF) {
			return items, nil
		} else if err != nil {
			return nil, err
		}
		it, ok := rec.Event.Data.(*schemas.Item)
		if !ok {
			return nil, fmt.Errorf("%s: line %d is no item", file, rec.Line)
		}
		name, err := schemas.CanonicalSKU(it.SKU)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", file, rec.Line, err)
		}
		items[name] = it
	}
}

// become takes over what an item says; what the world does not have is an error.
func (k *SKU) become(it *schemas.Item, s *Set) error {
	switch {
	case len(it.Routings) > 0:
		return errors.New("several resources are not simulated")
	case it.MaxProduction != nil:
		return errors.New("max_production is not simulated")
	case it.StorageCapacity != nil:
		return errors.New("storage_capacity is not simulated")
	}
	days := s.daysPerPeriod() // of the item's unit of time
	switch it.Per {
	case schemas.PerDay:
		days = 1
	case schemas.PerWeek:
		days = 7
	case schemas.PerMonth:
		days = daysPerMonth
	}
	k.Cost, k.Holding = it.ProductionCost, it.HoldingCost/days
	k.Lost = cmp.Or(it.ShortageCost, k.Cost/LostShare)
	k.Backlog = it.BacklogCost / s.daysPerPeriod()
	k.Lead = int(math.Ceil(it.LeadTime*days/s.daysPerPeriod() - 1e-6))
	k.Pack, k.Least, k.OrderCost = it.PackSize, it.MinOrder, it.OrderCost
	if it.Whole && k.Pack == 0 {
		k.Pack = schemas.Unit
	}
	k.Usage = cmp.Or(it.Usage, 1)
	k.Level = it.ServiceLevel
	if it.SafetyStock != nil && (it.SafetyStockRule == "" || it.SafetyStockRule == schemas.SafetyFixed) {
		k.Safety = it.SafetyStock.Float()
	}
	if it.InitialInventory != nil {
		k.Opening = *it.InitialInventory
	} else {
		k.open(s)
	}
	return nil
}

// limit reads the capacity of the resources that SKUs use. Each needs a figure on every simulated day; after the last one
// it keeps its figure.
func (f Sales) limit(s *Set, users map[string][]int) error {
	cells, err := plancsv.Capacities(f.Plant)
	if err != nil {
		return err
	}
	slices.SortStableFunc(cells, func(a, b plancsv.CapacityCell) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), a.From.Compare(b.From))
	})
	for i := range cells {
		if err := s.stretch(&cells[i], cells[i+1:]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(users)) {
		at := slices.IndexFunc(s.Resources, func(r Resource) bool { return r.Name == name })
		if at < 0 {
			return fmt.Errorf("%s: %q is used but has no capacity", f.Plant, name)
		}
		day := s.From
		for _, v := range s.Resources[at].Stretches {
			if v.From <= day {
				day = max(day, v.Until)
			}
		}
		if day < s.Until {
			return fmt.Errorf("%s: capacity of %s is missing on %v", f.Plant, name, day)
		}
		for _, i := range users[name] {
			s.SKUs[i].Resource = at
		}
	}
	return nil
}

// stretch adds a cell of a capacity file to its resource; later are the cells after it.
func (s *Set) stretch(c *plancsv.CapacityCell, later []plancsv.CapacityCell) error {
	if n := len(s.Resources); n == 0 || s.Resources[n-1].Name != c.Resource {
		s.Resources = append(s.Resources, Resource{Name: c.Resource, Per: schemas.PerWeek, Overtime: c.Overtime, OvertimeCost: c.OvertimeCost})
	}
	r := &s.Resources[len(s.Resources)-1]
	if c.Overtime != r.Overtime || c.OvertimeCost != r.OvertimeCost {
		return c.Fail("overtime_capacity", "differs between the periods of %s, which is not simulated", c.Resource)
	}
	v := Stretch{From: schemas.DateOf(c.From)}
	switch {
	case !c.Until.IsZero():
		v.Until = schemas.DateOf(c.Until)
	case c.Overtime > 0:
		return c.Fail("overtime_capacity", "is simulated by weeks and months, not by periods that are dates")
	case len(later) > 0 && later[0].Resource == c.Resource:
		v.Until = schemas.DateOf(later[0].From)
	case len(r.Stretches) > 0: // as long as the one before it
		before := r.Stretches[len(r.Stretches)-1]
		v.Until = v.From + before.Until - before.From
	default:
		return c.Fail("period", "a single date says nothing about the length of a period")
	}
	v.Daily = c.Capacity / float64(v.Until-v.From)
	if v.Until-v.From > 7 && !c.Until.IsZero() {
		r.Per = schemas.PerMonth
	}
	r.Capacity = c.Capacity
	if c.Until.IsZero() {
		r.Capacity = 7 * v.Daily
	}
	r.Stretches = append(r.Stretches, v)
	return nil
}

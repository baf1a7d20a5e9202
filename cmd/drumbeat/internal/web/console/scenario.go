package console

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"drumbeat/cmd/drumbeat/internal/web/chart"
	"drumbeat/optimize"
)

// Ask answers a question of the kind what if about a site's newest plan. An error that matches ErrRefused
// says what is wrong with the question.
type Ask func(ctx context.Context, site string, o *optimize.Overrides) (*optimize.Answer, error)

// scenario is a question as a page's address carries it.
type scenario struct {
	fields url.Values // of scenarioFields, without empty ones
	err    error      // what is wrong with it, or why it has no answer
	answer *optimize.Answer
}

// scenarioFields are the fields of the form, in its order.
var scenarioFields = []string{
	"name", "mode", "resource", "capacity", "capacity_percent", "from", "to", "overtime", "overtime_cost",
	"sku", "demand_percent", "safety_stock", "production_cost", "holding_cost", "shortage_cost",
	"new_sku", "new_demand", "new_production_cost", "new_holding_cost", "new_safety_stock", "new_resource", "new_usage", "new_lead_time",
}

// maxScenarios is the number of scenarios that fit side by side.
const maxScenarios = 4

// readScenario takes the fields of a scenario out of a query.
func readScenario(q url.Values) *scenario {
	s := &scenario{fields: url.Values{}}
	for _, f := range scenarioFields {
		if v := strings.TrimSpace(q.Get(f)); v != "" {
			s.fields.Set(f, v)
		}
	}
	return s
}

// empty says that it changes nothing.
func (s *scenario) empty() bool {
	for f := range s.fields {
		if !slices.Contains([]string{"name", "resource", "from", "to", "sku", "new_resource"}, f) {
			return false
		}
	}
	return true
}

func (s *scenario) encode() string { return s.fields.Encode() }

// Name is what the planner calls it, else what it changes.
func (s *scenario) Name() string {
	if n := s.fields.Get("name"); n != "" {
		return n
	}
	var parts []string
	say := func(field, format string) {
		if v := s.fields.Get(field); v != "" {
			parts = append(parts, fmt.Sprintf(format, grouped(v)))
		}
	}
	say("capacity", "capacity %s")
	say("capacity_percent", "capacity %s %%")
	say("overtime", "overtime %s")
	say("demand_percent", strings.TrimSpace(s.fields.Get("sku")+" demand %s %%"))
	say("safety_stock", "safety stock %s")
	say("production_cost", "production cost %s")
	say("holding_cost", "holding cost %s")
	say("shortage_cost", "shortage cost %s")
	say("new_sku", "new %s")
	say("mode", "%s")
	if len(parts) == 0 {
		return "this scenario"
	}
	return strings.Join(parts, ", ")
}

// grouped is a number as people read it; other text stays.
func grouped(v string) string {
	if n, err := strconv.ParseFloat(v, 64); err == nil {
		return chart.Number(n)
	}
	return v
}

// overrides is the question; periods is the horizon that from and to are of.
func (s *scenario) overrides(periods []string) (*optimize.Overrides, error) {
	f := fields{s.fields, nil}
	o := &optimize.Overrides{Mode: optimize.Mode(s.fields.Get("mode"))}
	span := f.span(periods)
	r := optimize.ResourceOverride{
		Resource: s.fields.Get("resource"), Periods: span, Capacity: f.number("capacity"), CapacityPercent: f.number("capacity_percent"),
		Overtime: f.number("overtime"), OvertimeCost: f.number("overtime_cost"),
	}
	if r.Capacity != nil || r.CapacityPercent != nil || r.Overtime != nil || r.OvertimeCost != nil {
		o.Resources = append(o.Resources, r)
	}
	k := optimize.SKUOverride{
		SKU: s.fields.Get("sku"), DemandPercent: f.number("demand_percent"), SafetyStock: f.number("safety_stock"),
		ProductionCost: f.number("production_cost"), HoldingCost: f.number("holding_cost"), ShortageCost: f.number("shortage_cost"),
	}
	if k.DemandPercent != nil || k.SafetyStock != nil || k.ProductionCost != nil || k.HoldingCost != nil || k.ShortageCost != nil {
		o.SKUs = append(o.SKUs, k)
	}
	if name := s.fields.Get("new_sku"); name != "" {
		o.Added = append(o.Added, optimize.AddedSKU{
			SKU: name, Demand: f.list("new_demand"), ProductionCost: f.or0("new_production_cost"), HoldingCost: f.or0("new_holding_cost"),
			SafetyStock: f.or0("new_safety_stock"), Resource: s.fields.Get("new_resource"), Usage: f.or0("new_usage"), LeadTime: int(f.or0("new_lead_time")),
		})
	}
	return o, f.err
}

// fields reads numbers and keeps the first thing that is wrong.
type fields struct {
	url.Values
	err error
}

func (f *fields) wrong(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
	}
}

func (f *fields) number(name string) *float64 {
	s := f.Get(name)
	if s == "" {
		return nil
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", ""), 64)
	if err != nil {
		f.wrong("%s: %q is no number", strings.ReplaceAll(name, "_", " "), s)
		return nil
	}
	return &v
}

func (f *fields) or0(name string) float64 {
	if v := f.number(name); v != nil {
		return *v
	}
	return 0
}

// list is numbers apart by commas or blanks.
func (f *fields) list(name string) (list []float64) {
	for _, s := range strings.FieldsFunc(f.Get(name), func(r rune) bool { return strings.ContainsRune(",; \t\r\n", r) }) {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			f.wrong("%s: %q is no number", strings.ReplaceAll(name, "_", " "), s)
		}
		list = append(list, v)
	}
	return list
}

// span is the periods from from to to; nil for the whole horizon.
func (f *fields) span(periods []string) []string {
	from, to := f.Get("from"), f.Get("to")
	if from == "" && to == "" {
		return nil
	}
	a, b := 0, len(periods)-1
	if from != "" {
		a = slices.Index(periods, from)
	}
	if to != "" {
		b = slices.Index(periods, to)
	}
	if a < 0 || b < a {
		f.wrong("periods: from %s to %s is no part of the horizon", from, to)
		return nil
	}
	return periods[a : b+1]
}

package console

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"drumbeat/cmd/drumbeat/internal/web/chart"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/optimize"
	"drumbeat/schemas"
)

// newest keeps what takes every line of a site's newest plan to find out, which is more than every reader of
// a page should wait for.
type newest struct {
	mu    sync.Mutex
	sites map[string]*summary
}

// summary is about one revision.
type summary struct {
	revision int64
	loads    *pending[map[string][]chart.Series] // the largest SKUs by resource
	change   *pending[*view.Diff]                // against the revision before; nil for the first
}

// of returns the summary of a plan. Its parts are found out once, whoever waits for them, one beside the other.
func (n *newest) of(ctx context.Context, reader view.Reader, head *schemas.Head) *summary {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.sites[head.Site]; s != nil && s.revision == head.Revision {
		return s
	}
	ctx = context.WithoutCancel(ctx) // a reader that goes away leaves no error to those who wait with it
	s := &summary{revision: head.Revision}
	s.loads = begin(func() (map[string][]chart.Series, error) {
		ctx, cancel := context.WithTimeout(ctx, summaryTimeout)
		defer cancel()
		loads, err := largestLoads(ctx, reader, head)
		n.forget(s, head.Site, err)
		return loads, err
	})
	s.change = begin(func() (*view.Diff, error) {
		ctx, cancel := context.WithTimeout(ctx, summaryTimeout)
		defer cancel()
		d, err := reader.Diff(ctx, head.Site, 0, head.Revision)
		if errors.Is(err, view.ErrNotFound) {
			return nil, nil // the first plan
		}
		n.forget(s, head.Site, err)
		return d, err
	})
	if n.sites == nil {
		n.sites = map[string]*summary{}
	}
	n.sites[head.Site] = s
	return s
}

// summaryTimeout is far above what the largest site takes.
const summaryTimeout = time.Minute

// forget drops a summary that could not be made, so that the next reader tries again.
func (n *newest) forget(s *summary, site string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil && n.sites[site] == s {
		delete(n.sites, site)
	}
}

// largestLoads multiplies the plan's production by what a unit takes of each resource. Without a stored
// problem nobody knows the usage, and nothing is shown by SKU.
func largestLoads(ctx context.Context, reader view.Reader, head *schemas.Head) (map[string][]chart.Series, error) {
	problem, err := reader.Problem(ctx, head.Site)
	if errors.Is(err, view.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines, err := reader.Lines(ctx, view.LineQuery{Site: head.Site, Revision: head.Revision})
	if err != nil {
		return nil, err
	}
	uses := map[string][]optimize.Use{}
	for _, s := range problem.Problem.SKUs {
		uses[s.Name] = s.Uses
	}
	largest := map[string][]chart.Series{}
	for _, line := range lines.Lines {
		for _, use := range uses[line.SKU] {
			name := problem.Problem.Resources[use.Resource].Name
			row := make([]float64, len(head.Periods))
			for i, p := range line.Periods[:min(len(row), len(line.Periods))] {
				row[i] = use.Amount * p.Production.Float()
			}
			largest[name] = keepLargest(largest[name], chart.Series{Name: line.SKU, Values: row})
		}
	}
	return largest, nil
}

// keepLargest adds a series and drops the smallest beyond chart.MaxSeries; the largest stands first.
func keepLargest(list []chart.Series, s chart.Series) []chart.Series {
	if sum(s.Values) <= 0 {
		return list
	}
	list = append(list, s)
	slices.SortStableFunc(list, func(a, b chart.Series) int { return cmp.Compare(sum(b.Values), sum(a.Values)) })
	return list[:min(len(list), chart.MaxSeries)]
}

func sum(v []float64) (total float64) {
	for _, x := range v {
		total += x
	}
	return total
}

// resourceLoad is one resource of a plan, as the chart and its table need it.
type resourceLoad struct {
	chart.Load
	Name  string
	Total []float64 // load with open orders, as the head says it
}

// full is the number of periods in which there is no capacity left.
func (r *resourceLoad) full() (n int) {
	for i, c := range r.Capacity {
		if c > 0 && r.Total[i] >= c*(1-1e-6) {
			n++
		}
	}
	return n
}

// highest is the highest price and its period.
func (r *resourceLoad) highest() (price float64, period string) {
	for i, p := range r.Price {
		if p > price {
			price, period = p, r.Periods[i]
		}
	}
	return price, period
}

// resourcesOf splits a head's rows by resource, the scarcest first.
func resourcesOf(head *schemas.Head) []*resourceLoad {
	var list []*resourceLoad
	for _, row := range head.Resources {
		i := slices.IndexFunc(list, func(r *resourceLoad) bool { return r.Name == row.Resource })
		if i < 0 {
			i = len(list)
			list = append(list, &resourceLoad{Name: row.Resource})
		}
		r := list[i]
		capacity := row.Capacity.Float()
		if row.Capacity == schemas.Unlimited {
			capacity = math.NaN()
		}
		r.Periods, r.Capacity = append(r.Periods, row.Period), append(r.Capacity, capacity)
		r.Total, r.Overtime = append(r.Total, row.Load.Float()), append(r.Overtime, row.Overtime.Float())
		r.Price = append(r.Price, row.Price)
	}
	slices.SortStableFunc(list, func(a, b *resourceLoad) int {
		return cmp.Or(cmp.Compare(sum(b.Price), sum(a.Price)), cmp.Compare(b.full(), a.full()))
	})
	return list
}

// visible is the least share of a load that can be seen in a chart.
const visible = .005

// draw fills the chart: the largest SKUs, the rest of the head's load, and what is short for want of it.
func (r *resourceLoad) draw(series []chart.Series, shortages []schemas.Shortage) {
	r.Title = "Load of " + r.Name + " by period"
	r.Series = slices.DeleteFunc(slices.Clone(series), func(s chart.Series) bool { return sum(s.Values) < visible*sum(r.Total) })
	r.Rest, r.Short = slices.Clone(r.Total), make([]float64, len(r.Periods))
	for i := range r.Rest {
		for _, s := range r.Series {
			r.Rest[i] -= s.Values[i]
		}
		if r.Rest[i] < 1e-6*math.Max(1, r.Total[i]) {
			r.Rest[i] = 0
		}
	}
	for _, s := range shortages {
		if i := slices.Index(r.Periods, s.Period); i >= 0 && s.Resource == r.Name {
			r.Short[i] += s.Quantity.Float()
		}
	}
}

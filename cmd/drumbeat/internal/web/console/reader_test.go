package console

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/optimize"
	"drumbeat/schemas"
)

// hostile is a name that would be a script, were it not escaped.
const hostile = `<SCRIPT>ALERT("1")</SCRIPT>`

// shelf is a reader of one site with a plan of many SKUs, the first of which has a hostile name.
type shelf struct {
	head  schemas.Head
	lines []view.Line
}

var _ view.Reader = (*shelf)(nil)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func newShelf(n int) *shelf {
	s := &shelf{head: schemas.Head{
		Site: "hall-2", Revision: 7, PlanID: "hall-2:7", Status: schemas.PlanOptimal, CreatedAt: noon, Now: noon,
		Cause: schemas.Cause{Trigger: "sale", SKUs: []string{hostile}, Detail: hostile}, Lines: n,
		Cost: schemas.Cost{Total: 12345.6, Production: 12000, Holding: 345.6}, Certificate: schemas.Certificate{Checked: true},
		Shortages: []schemas.Shortage{{SKU: hostile, Period: "2026-W04", Quantity: 3 * schemas.Unit, Kind: schemas.ShortageLost, Resource: hostile, Price: 4, DisplacedBy: []string{hostile}}},
		Excluded:  []schemas.Excluded{{SKU: hostile, Reason: hostile}},
		Approved:  &schemas.Approval{Revision: 6, Through: "2026-W03", By: hostile, At: noon},
	}}
	for t := range 26 {
		period := fmt.Sprintf("2026-W%02d", t+2)
		s.head.Periods = append(s.head.Periods, period)
		s.head.Resources = append(s.head.Resources, schemas.ResourceLoad{Resource: hostile, Period: period, Capacity: 5000 * schemas.Unit, Load: schemas.Quantity(n) * schemas.Unit, Price: float64(t)})
	}
	for i := range n {
		line := schemas.Line{Site: "hall-2", SKU: fmt.Sprintf("SKU-%05d", i), Revision: 7, Cost: 1234.5, Reason: "made 2 periods early: the factory is full, price 14"}
		if i == 0 {
			line.SKU, line.Reason = hostile, hostile
		}
		for t, p := range s.head.Periods {
			line.Periods = append(line.Periods, schemas.LinePeriod{Period: p, Approved: schemas.Quantity(max(0, 2-t)) * schemas.Unit, Demand: 1_234_567, Production: schemas.Unit, Inventory: 20 * schemas.Unit, SafetyStock: 5 * schemas.Unit})
		}
		s.lines = append(s.lines, view.Line{Line: line})
	}
	return s
}

func (s *shelf) basis() view.Basis {
	return view.Basis{Site: s.head.Site, PlanID: s.head.PlanID, Revision: s.head.Revision, Status: s.head.Status, CreatedAt: noon, DataAsOf: noon}
}

func (s *shelf) revision(n int64) view.Revision {
	b := s.basis()
	b.Revision = n
	return view.Revision{Basis: b, Cause: s.head.Cause, Cost: schemas.Cost{Total: float64(1000 + n)}, Lines: len(s.lines)}
}

func (s *shelf) Sites(context.Context) ([]view.Site, error) {
	r := s.revision(7)
	return []view.Site{{Site: "empty"}, {Site: "hall-2", Plan: &r}}, nil
}

func (s *shelf) Plan(_ context.Context, site string, _ int64) (*view.Plan, error) {
	if site != s.head.Site {
		return nil, fmt.Errorf("plan of %s: %w", site, view.ErrNotFound)
	}
	return &view.Plan{Basis: s.basis(), Head: &s.head}, nil
}

func (s *shelf) Lines(_ context.Context, q view.LineQuery) (*view.LinePage, error) {
	page := &view.LinePage{Basis: s.basis(), Total: len(s.lines)}
	for _, l := range s.lines {
		if q.After != "" && l.SKU <= q.After || !strings.Contains(l.SKU, q.Contains) {
			continue
		}
		if q.Limit > 0 && len(page.Lines) == q.Limit {
			page.More = true
			break
		}
		page.Lines = append(page.Lines, l)
	}
	return page, nil
}

func (s *shelf) Diff(_ context.Context, _ string, from, to int64) (*view.Diff, error) {
	return &view.Diff{Basis: s.basis(), From: cmp.Or(from, 6), To: cmp.Or(to, 7), Cause: s.head.Cause, MovesTotal: 1,
		Moves: []view.Move{{SKU: hostile, Period: "2026-W04", From: schemas.Unit, To: 3 * schemas.Unit}}}, nil
}

func (s *shelf) History(_ context.Context, _ string, before int64, limit int) (list []view.Revision, _ error) {
	for n := cmp.Or(before, s.head.Revision+1) - 1; n > 0 && len(list) < limit; n-- {
		list = append(list, s.revision(n))
	}
	return list, nil
}

func (s *shelf) After(context.Context, string, int64, int) ([]view.Revision, error) { return nil, nil }

func (s *shelf) SKU(_ context.Context, _, sku string, days int) (*view.SKU, error) {
	i := slices.IndexFunc(s.lines, func(l view.Line) bool { return l.SKU == sku })
	if i < 0 {
		return nil, fmt.Errorf("SKU %q: %w", sku, view.ErrNotFound)
	}
	day := schemas.DateOf(noon)
	out := &view.SKU{Basis: s.basis(), SKU: sku, Reason: s.lines[i].Reason, Line: &s.lines[i], Forecast: &view.Forecast{SKU: sku, First: day, Model: hostile}}
	for d := range cmp.Or(days, 1100) {
		out.History = append(out.History, view.Day{Date: day - 1100 + schemas.Date(d), Quantity: 7 * schemas.Unit})
		out.Forecast.Mean, out.Forecast.Lower, out.Forecast.Upper = append(out.Forecast.Mean, 7.5), append(out.Forecast.Lower, 4), append(out.Forecast.Upper, 11)
	}
	out.History[3].Held, out.History[3].Outlier, out.History[3].Reason = 5*schemas.Unit, true, hostile
	return out, nil
}

func (s *shelf) Forecasts(context.Context, string) ([]view.Forecast, error) { return nil, nil }

func (s *shelf) Accuracy(context.Context, string) ([]view.Accuracy, error) {
	w := .25
	return []view.Accuracy{{Horizon: "7d", WAPE: &w}, {SKU: hostile, Horizon: "7d", WAPE: &w}}, nil
}

func (s *shelf) Audit(context.Context, string) ([]view.Audit, error) {
	return []view.Audit{{Topic: hostile, Read: 1000, Kept: 999, Rejected: 1, Reasons: map[string]int64{hostile: 1}, UpdatedAt: noon}}, nil
}

func (s *shelf) Actions(context.Context, string) (*view.Actions, error) {
	return &view.Actions{Basis: s.basis(), Actions: []view.Action{{Kind: view.Release, SKU: hostile, Quantity: schemas.Unit, Period: "2026-W02", Cost: 12, Reason: hostile}}}, nil
}

func (s *shelf) DeadLetters(_ context.Context, q view.LetterQuery) (*view.LetterPage, error) {
	return &view.LetterPage{
		Letters: []view.Letter{{Origin: view.Origin{Topic: hostile}, Site: q.Site, Reason: hostile, Detail: hostile, At: noon, Value: hostile}},
		Counts:  []view.LetterCount{{Site: q.Site, Reason: hostile, Letters: 1, First: noon, Newest: noon}},
	}, nil
}

func (s *shelf) Problem(context.Context, string) (*view.Problem, error) {
	p := &optimize.Problem{Periods: s.head.Periods, Resources: []optimize.Resource{{Name: hostile, Capacity: slices.Repeat([]float64{5000}, len(s.head.Periods))}}}
	for _, l := range s.lines {
		p.SKUs = append(p.SKUs, optimize.SKU{
			Name: l.SKU, Opening: 5, ProductionCost: 10, HoldingCost: 1, Uses: []optimize.Use{{Resource: 0, Amount: 1}},
			Demand: slices.Repeat([]float64{2}, len(s.head.Periods)), SafetyStock: slices.Repeat([]float64{5}, len(s.head.Periods)),
		})
	}
	return &view.Problem{Basis: s.basis(), Problem: p}, nil
}

func (s *shelf) Newest(context.Context, string) (int64, error) { return s.head.Revision, nil }

func (s *shelf) Changes(ctx context.Context, _ func(string)) error {
	<-ctx.Done()
	return ctx.Err()
}

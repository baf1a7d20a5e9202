package console

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"drumbeat/cmd/drumbeat/internal/web/chart"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/schemas"
)

// skuBody is the SKU view.
type skuBody struct {
	SKU      string
	Reason   string
	InPlan   bool
	Facts    []fact
	Ranges   []tab
	Demand   template.HTML
	Plan     template.HTML
	Model    string
	Held     *Table
	History  *Table
	Forecast *Table
	Lines    *Table
	Accuracy *Table
	CanAct   bool
}

// ranges are the lengths of history to choose from, in days; 0 is all.
var ranges = []int{90, 180, 365, 0}

const usualRange = 180

// sku shows one SKU: what was sold, what is expected, what is planned and why.
func (c *Console) sku(r *http.Request, p *page) error {
	q := r.URL.Query()
	days := usualRange
	if n, err := strconv.Atoi(q.Get("days")); err == nil && n >= 0 && n <= 20000 {
		days = n
	}
	s, err := c.Reader.SKU(r.Context(), p.Site, q.Get("code"), days)
	if err != nil {
		return err
	}
	p.Title, p.Basis = s.SKU, &s.Basis
	b := &skuBody{SKU: s.SKU, Reason: s.Reason, InPlan: s.Line != nil, CanAct: c.Submit != nil}
	for _, n := range ranges {
		name := fmt.Sprintf("%d days", n)
		if n == 0 {
			name = "all"
		}
		b.Ranges = append(b.Ranges, tab{name, address(p.self, p.query, "days", strconv.Itoa(n)), n == days})
	}
	b.Demand = demandChart(s).SVG()
	if s.Forecast != nil {
		b.Model = s.Forecast.Model
	}
	b.Held = p.table(c.heldTable(s))
	b.History = p.table(historyTable(s, p.whole))
	b.Forecast = p.table(forecastTable(s, p.whole))
	b.Accuracy = p.table(accuracyTable(p.Site, s.Accuracy, false))
	if s.Line != nil {
		b.Facts = skuFacts(&s.Line.Line)
		b.Plan = stockChart(&s.Line.Line).SVG()
		b.Lines = p.table(planTable("plan", "Plan of "+s.SKU))
		for i := range s.Line.Periods {
			b.Lines.add(planRow(&s.Line.Periods[i])...)
		}
	}
	p.Body = b
	return nil
}

func skuFacts(l *schemas.Line) []fact {
	var demand, production, short schemas.Quantity
	for _, t := range l.Periods {
		demand, production, short = demand+t.Demand, production+t.Production, short+t.Shortage
	}
	facts := []fact{{Name: "Demand expected", Value: chart.Number(demand.Float()), Note: "over " + plural(len(l.Periods), "period")},
		{Name: "Production planned", Value: chart.Number(production.Float()), Note: "over the horizon"}}
	if len(l.Periods) > 0 {
		facts = append(facts, fact{Name: "Stock at the start", Value: chart.Number(l.Periods[0].Opening.Float()), Note: "safety stock " + chart.Number(l.Periods[0].SafetyStock.Float())})
	}
	missing := fact{Name: "Demand not met", Value: chart.Number(short.Float()), Class: "good", Note: "every order can be served"}
	if short > 0 {
		missing.Class, missing.Note = "bad", "units over the horizon"
	}
	return append(facts, missing, fact{Name: "Cost", Value: chart.Whole(l.Cost), Note: "production and holding"})
}

// instantOf is the day as the charts take it.
func instantOf(d schemas.Date) time.Time { return d.Time(time.UTC) }

// widening is how much further a normal distribution's 95 % interval reaches than its 80 % interval; the
// stored forecast has the latter.
const widening = 1.959964 / 1.281552

func demandChart(s *view.SKU) *chart.Demand {
	c := &chart.Demand{Title: "Demand of " + s.SKU + " by day, with forecast"}
	for i, d := range s.History {
		// A day without a row had no demand.
		if i > 0 {
			for day := s.History[i-1].Date + 1; day < d.Date; day++ {
				c.History = append(c.History, chart.Observed{Date: instantOf(day)})
			}
		}
		c.History = append(c.History, chart.Observed{Date: instantOf(d.Date), Quantity: (d.Quantity - d.Held).Float()})
		if v := verdict(&d); v != "" {
			c.Flagged = append(c.Flagged, chart.Flagged{Observed: chart.Observed{Date: instantOf(d.Date), Quantity: d.Quantity.Float()}, Verdict: v})
		}
	}
	if f := s.Forecast; f != nil {
		for i := range f.Mean {
			m, low, high := float64(f.Mean[i]), float64(f.Lower[i]), float64(f.Upper[i])
			c.Forecast = append(c.Forecast, chart.Expected{
				Date: instantOf(f.First + schemas.Date(i)), Mean: m, Low80: low, High80: high,
				Low95: math.Max(0, m-(m-low)*widening), High95: m + (high-m)*widening,
			})
		}
	}
	return c
}

// byReview is the reason of a day that a person has rejected; an accepted one is ordinary demand again.
const byReview = "rejected-by-review"

// verdict is what holds about a day that was looked at; "" for an ordinary one.
func verdict(d *view.Day) string {
	switch {
	case d.Reason == byReview:
		return "rejected"
	case d.Outlier || d.Held != 0:
		return "flagged"
	}
	return ""
}

func stockChart(l *schemas.Line) *chart.Stock {
	c := &chart.Stock{Title: "Plan of " + l.SKU + ": production and stock by period"}
	for _, t := range l.Periods {
		c.Periods, c.Frozen = append(c.Periods, t.Period), append(c.Frozen, t.Frozen)
		c.Production, c.Receipts = append(c.Production, t.Production.Float()), append(c.Receipts, t.Receipts.Float())
		c.Inventory, c.Safety = append(c.Inventory, t.Inventory.Float()), append(c.Safety, t.SafetyStock.Float())
		c.Shortage = append(c.Shortage, t.Shortage.Float())
	}
	return c
}

// heldTable lists the days that are held back, the newest first.
func (c *Console) heldTable(s *view.SKU) *Table {
	t := &Table{ID: "flagged", Caption: "Flagged days", Columns: columns("Date", "#Quantity", "#Held back", "Because", "Ruling"), Empty: "None in these days."}
	for _, d := range slices.Backward(s.History) {
		v := verdict(&d)
		if v == "" {
			continue
		}
		date := d.Date.String()
		var state Cell
		if c.Submit != nil {
			state.Buttons = append(state.Buttons, Button{"accept " + date, "Accept", "accept"})
			if v != "rejected" {
				state.Buttons = append(state.Buttons, Button{"reject " + date, "Reject", "reject"})
			}
		}
		t.add(text(date), quantity(d.Quantity), nonzero(quantity(d.Held)), words(d.Reason).classed("wrap"), state)
	}
	return t
}

// daysShown is the number of days in a table of a page; the download has all.
const daysShown = 60

func historyTable(s *view.SKU, whole bool) *Table {
	t := &Table{ID: "history", Caption: "Demand by day, the newest first", Columns: columns("Date", "#Quantity", "#Held back", "Reason"), Empty: "Nothing was sold in these days."}
	for i, d := range slices.Backward(s.History) {
		if len(s.History)-i > daysShown && !whole {
			t.Caption += fmt.Sprintf(" (%d of %d)", daysShown, len(s.History))
			break
		}
		t.add(text(d.Date.String()), quantity(d.Quantity), nonzero(quantity(d.Held)), words(d.Reason))
	}
	return t
}

func forecastTable(s *view.SKU, whole bool) *Table {
	t := &Table{ID: "forecast", Caption: "Forecast by day", Columns: columns("Date", "#Mean", "#Low 80", "#High 80"), Empty: "No forecast is stored."}
	f := s.Forecast
	if f == nil {
		return t
	}
	for i := range f.Mean {
		if i == daysShown && !whole {
			t.Caption += fmt.Sprintf(" (%d of %d)", daysShown, len(f.Mean))
			break
		}
		t.add(text((f.First + schemas.Date(i)).String()), rounded(f.Mean[i]), rounded(f.Lower[i]), rounded(f.Upper[i]))
	}
	return t
}

// rounded is a cell of a forecast: its digits beyond the fourth decimal say nothing.
func rounded(v float32) Cell { return number(math.Round(float64(v)*1e4) / 1e4) }

// horizons are in the order in which people read them.
var horizons = []string{"1d", "7d", "28d", "cover"}

// accuracyTable is of one SKU or of all, unless bySKU.
func accuracyTable(site string, rows []view.Accuracy, bySKU bool) *Table {
	t := &Table{
		ID: "accuracy", Caption: "Accuracy of published forecasts", Empty: "Nothing to compare yet: forecasts meet their actuals first.",
		Columns: columns("Horizon", "#WAPE", "#Naive", "#Bias", "#In 80 %", "#In 95 %", "#Windows", "Through"),
	}
	if bySKU {
		t.Columns = slices.Insert(t.Columns, 0, Column{Name: "SKU"})
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b view.Accuracy) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(slices.Index(horizons, a.Horizon), slices.Index(horizons, b.Horizon)))
	})
	for _, a := range rows {
		cells := []Cell{text(a.Horizon), maybe(a.WAPE), maybe(a.NaiveWAPE), maybe(a.Bias), maybe(a.Coverage80), maybe(a.Coverage95),
			number(float64(a.Windows)), text(a.Through.String())}
		if bySKU {
			cells = slices.Insert(cells, 0, linked(a.SKU, skuAddress(site, a.SKU)))
		}
		t.add(cells...)
	}
	return t
}

package console

import (
	"html/template"
	"net/http"
	"slices"
	"strconv"

	"drumbeat/cmd/drumbeat/internal/web/chart"
	"drumbeat/cmd/drumbeat/internal/web/view"
)

// historyBody is the History view.
type historyBody struct {
	Cost      template.HTML
	Revisions *Table
	Older     string // address of earlier revisions; "": none
	From, To  int64
	Diff      *change
	DiffError string
	Accuracy  *Table
	Total     *Table
}

// revisionsShown is the number of revisions of one page.
const revisionsShown = 25

// history shows the revisions, the difference of two of them and how good the forecasts were.
func (c *Console) history(r *http.Request, p *page) error {
	p.Title = "History of " + p.Site
	q := r.URL.Query()
	before, _ := strconv.ParseInt(q.Get("before"), 10, 64) // anything else: from the newest
	limit := revisionsShown
	if p.whole {
		before, limit = 0, 10_000
	}
	list, err := c.Reader.History(r.Context(), p.Site, before, limit+1)
	if err != nil {
		return err
	}
	b := &historyBody{}
	shown := list[:min(len(list), limit)]
	if len(list) > limit {
		b.Older = address(p.self, p.query, "before", strconv.FormatInt(shown[limit-1].Revision, 10))
	}
	b.Revisions = p.table(revisionTable(p, list, len(shown)))
	trend := &chart.Trend{Title: "Cost of the plan by revision", Format: chart.Whole}
	for _, v := range slices.Backward(shown) {
		trend.Labels, trend.Values = append(trend.Labels, strconv.FormatInt(v.Revision, 10)), append(trend.Values, v.Cost.Total)
	}
	b.Cost = trend.SVG()
	b.From, _ = strconv.ParseInt(q.Get("from"), 10, 64)
	b.To, _ = strconv.ParseInt(q.Get("to"), 10, 64)
	if b.To == 0 && len(shown) > 0 {
		b.To = shown[0].Revision
	}
	if b.From == 0 && b.To > 1 {
		b.From = b.To - 1
	}
	if b.From > b.To {
		b.From, b.To = b.To, b.From
	}
	if q.Has("from") && b.From > 0 && b.From < b.To {
		d, err := c.Reader.Diff(r.Context(), p.Site, b.From, b.To)
		if err != nil {
			b.DiffError = "These revisions cannot be compared: " + err.Error()
		} else {
			b.Diff = describe(p, d, "diff")
		}
	}
	accuracy, err := c.Reader.Accuracy(r.Context(), p.Site)
	if err != nil {
		return err
	}
	first := slices.IndexFunc(accuracy, func(a view.Accuracy) bool { return a.SKU != "" })
	if first < 0 {
		first = len(accuracy)
	}
	b.Total = p.table(accuracyTable(p.Site, accuracy[:first], false))
	single := accuracy[first:]
	if !p.whole {
		single = single[:min(len(single), 40)]
	}
	b.Accuracy = p.table(accuracyTable(p.Site, single, true))
	b.Accuracy.ID = "accuracy-skus"
	b.Accuracy.Caption = "Accuracy by SKU"
	b.Accuracy.CSV = address(p.self, p.query, "csv", b.Accuracy.ID)
	p.Body = b
	return nil
}

// revisionTable shows n of the revisions; the one behind gives the last its difference in cost.
func revisionTable(p *page, list []view.Revision, n int) *Table {
	t := &Table{
		ID: "revisions", Caption: "Revisions", Empty: "No plan yet.",
		Columns: columns("#Revision", "Made", "Status", "Cause", "#Cost", "#Difference", "#Not met", "#Moved units", "#Changed lines", "Kept"),
	}
	for i, v := range list[:n] {
		difference := Cell{Text: chart.Missing, Class: "zero"}
		if i+1 < len(list) {
			difference = money(round2(v.Cost.Total - list[i+1].Cost.Total)).difference()
		}
		kept := Cell{Raw: strconv.FormatBool(v.Kept)}
		if v.Kept {
			kept.Text = "baseline"
		}
		revision := number(float64(v.Revision))
		if v.Revision > 1 {
			revision.Link = at(p.Site, "history", "from", strconv.FormatInt(v.Revision-1, 10), "to", strconv.FormatInt(v.Revision, 10)) + "#compare"
		}
		t.add(revision, instant(v.CreatedAt), text(string(v.Status)), text(because(v.Cause)).classed("sentence cap"), money(v.Cost.Total), difference, alarming(quantity(v.ShortageTotal)),
			nonzero(quantity(v.MovedUnits)), number(float64(v.ChangedLines)), kept)
	}
	return t
}

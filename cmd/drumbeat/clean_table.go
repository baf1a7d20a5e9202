package main

import (
	"cmp"
	"slices"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/stream"
)

// reasonWords explains the reasons that do not explain themselves, under the outcome whose rows have them. A
// reason that is not here is one for a rejection.
var reasonWords = map[string]struct{ of, words string }{
	"return":                {"kept", "added to stock; demand as it was"},
	"reversed":              {"kept", "took back the sale that it belongs to"},
	"corrected":             {"kept", "another version of a document line"},
	"cancelled-before-sale": {"kept", "its cancellation was there before"},
	"not-demand":            {"kept", "a code that is no product: postage, fees, adjustments"},
	"low":                   {"kept", "far below what the SKU sells: a note, never held"},

	"outlier":               {"flagged", "far above what the SKU sells"},
	"unreferenced-negative": {"flagged", "negative, without document and customer"},
	"return-exceeds-sales":  {"flagged", "a return of more than was sold in 90 days"},
	"future-date":           {"flagged", "dated ahead of the clock"},
	"rejected-by-review":    {"flagged", "a person has said so"},
	"z-score":               {"flagged", "|z| > 3 among the rows of the SKU"},

	"uncertain-date": {"rejected", "has two readings; --day-first decides on DD/MM/YYYY"},

	"iso-date-time":  {"repaired", "a time in the column of the date"},
	"dd-mm-yyyy":     {"repaired", ""},
	"yyyy.mm.dd":     {"repaired", ""},
	"yyyymmdd":       {"repaired", ""},
	"yyyy/mm/dd":     {"repaired", ""},
	"text-date":      {"repaired", "a month's name with a full year"},
	"number-as-text": {"repaired", "blanks, a plus sign or leading zeros"},
	"sku-form":       {"repaired", "blanks or lower case"},
}

// cleanTable shows the audit: what became of the rows, and why, the most frequent reason first.
func cleanTable(a terminal.Audit) *terminal.Table {
	table := terminal.NewTable(terminal.Left(""), terminal.Right("rows"), terminal.Right("share"), terminal.Left(""))
	line := func(name string, n int64, words string, ink terminal.Ink) {
		share := "-"
		if a.Read > 0 {
			share = terminal.Number(100*float64(n)/float64(a.Read), 1) + " %"
		}
		table.Cells(terminal.Cell{Text: name, Ink: ink}, terminal.Cell{Text: terminal.Count(n)}, terminal.Cell{Text: share}, terminal.Cell{Text: words, Ink: terminal.Dim})
	}
	group := func(outcome string, n int64, words string, ink terminal.Ink) {
		if n == 0 {
			ink = terminal.Plain
		}
		line(outcome, n, words, ink)
		var reasons []string
		for reason := range a.ByReason {
			if of := cmp.Or(reasonWords[reason].of, "rejected"); of == outcome {
				reasons = append(reasons, reason)
			}
		}
		slices.SortFunc(reasons, func(x, y string) int {
			return cmp.Or(cmp.Compare(a.ByReason[y], a.ByReason[x]), cmp.Compare(x, y))
		})
		for _, reason := range reasons {
			line("  "+reason, a.ByReason[reason], reasonWords[reason].words, terminal.Plain)
		}
	}
	line("read", a.Read, "= kept + flagged + rejected + duplicate", terminal.Bold)
	group("kept", a.Kept, "what they say counts", terminal.Good)
	group("flagged", a.Flagged, "held, until somebody reviews them", terminal.Warn)
	group("rejected", a.Rejected, "cannot be read; the day of the SKU counts as missing", terminal.Bad)
	group("duplicate", a.Duplicate, "said before", terminal.Plain)
	group("repaired", a.Repaired, "of those kept or flagged", terminal.Accent)
	return table
}

// mostHeld is how many of the held outliers are shown.
const mostHeld = 5

// heldTable shows the largest outliers; nil without any.
func heldTable(rows []stream.CleanedRow) *terminal.Table {
	var held []*stream.CleanedRow
	for i := range rows {
		if r := &rows[i]; r.Verdict == stream.RowFlagged && r.Quantity > 0 {
			held = append(held, r)
		}
	}
	if len(held) == 0 {
		return nil
	}
	slices.SortStableFunc(held, func(x, y *stream.CleanedRow) int { return cmp.Compare(y.Quantity, x.Quantity) })
	table := terminal.NewTable(terminal.Right("line"), terminal.Left("largest held"), terminal.Left("date"), terminal.Right("quantity"))
	for _, r := range held[:min(mostHeld, len(held))] {
		table.Row(terminal.Count(int64(r.Row)), r.SKU, r.Date.String(), terminal.Number(r.Quantity.Float(), 0))
	}
	return table
}

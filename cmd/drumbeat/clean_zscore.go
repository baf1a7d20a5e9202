package main

import (
	"errors"
	"math"
	"strings"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// zLimit is the standard score beyond which the baseline flags a row.
const zLimit = 3

// zScore is the published baseline that the cleaner is measured against: drop what has no ISO date or no
// quantity, drop negative quantities, then flag |z| > 3 of what is left, z by the mean and the sample
// standard deviation (n-1) of all rows of the SKU, the errors among them. It repairs nothing.
type zScore struct {
	rows  []stream.CleanedRow
	audit stream.AuditRow
}

// Add reads a row by its ISO date, or by the date of its instant, in UTC where that names a zone.
func (z *zScore) Add(row int, sale *schemas.Event) error {
	if sale.Type != schemas.TypeSale {
		return errors.New("only sales can be cleaned")
	}
	r := stream.CleanedRow{Row: row, Verdict: stream.RowRejected}
	s := &sale.Sale
	day := s.Time
	if !day.Present() {
		day = s.Date
	}
	var wrong error
	if r.SKU, wrong = schemas.CanonicalSKU(s.SKU.Raw); wrong != nil {
		r.Reason = "bad-sku"
	}
	r.SKU = strings.Clone(r.SKU)
	if r.Quantity, wrong = schemas.ParseQuantity(strings.TrimSpace(s.Quantity.Raw)); wrong == nil {
		r.HasQuantity = true
	}
	if r.Date, r.HasDate = isoDay(strings.TrimSpace(day.Raw)); r.Reason == "" {
		switch {
		case !r.HasDate && !day.Present():
			r.Reason = "missing-date"
		case !r.HasDate:
			r.Reason = "bad-date"
		case !r.HasQuantity && !s.Quantity.Present():
			r.Reason = "missing-quantity"
		case !r.HasQuantity:
			r.Reason = "bad-quantity"
		case r.Quantity < 0:
			r.Reason = "negative"
		default:
			r.Verdict = stream.RowClean
		}
	}
	z.rows = append(z.rows, r)
	return nil
}

func isoDay(s string) (schemas.Date, bool) {
	if d, err := schemas.ParseDate(s); err == nil {
		return d, true
	}
	i, err := schemas.ParseInstant(s)
	return schemas.DateOf(i.Time), err == nil
}

// Finish flags rows and counts.
func (z *zScore) Finish() []stream.CleanedRow {
	type moments struct{ n, mean, squares float64 }
	of := map[string]*moments{}
	for i := range z.rows {
		r := &z.rows[i]
		if r.Verdict != stream.RowClean {
			continue
		}
		m := of[r.SKU]
		if m == nil {
			m = &moments{}
			of[r.SKU] = m
		}
		m.n++
		off := r.Quantity.Float() - m.mean
		m.mean += off / m.n
		m.squares += off * (r.Quantity.Float() - m.mean)
	}
	z.audit.Reasons = map[string]int64{}
	for i := range z.rows {
		r := &z.rows[i]
		z.audit.Read++
		if m := of[r.SKU]; r.Verdict == stream.RowClean {
			// One row, or rows that are all alike, have no deviation: z is then no number, and beyond no limit.
			if z := (r.Quantity.Float() - m.mean) / math.Sqrt(m.squares/(m.n-1)); math.Abs(z) > zLimit {
				r.Verdict, r.Reason = stream.RowFlagged, "z-score"
			}
		}
		switch r.Verdict {
		case stream.RowClean:
			z.audit.Kept++
		case stream.RowFlagged:
			z.audit.Flagged++
		default:
			z.audit.Rejected++
		}
		if r.Reason != "" {
			z.audit.Reasons[r.Reason]++
		}
	}
	return z.rows
}

// Audit counts the rows after Finish.
func (z *zScore) Audit() stream.AuditRow { return z.audit }

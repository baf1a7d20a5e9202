package api

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/schemas"
)

// table answers with CSV rows below a header, as a file.
func table(name string, header []string, rows iter.Seq[[]string]) (*answer, error) {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	err := w.Write(header)
	for row := range rows {
		if err != nil {
			break
		}
		err = w.Write(row)
	}
	w.Flush()
	if err != nil {
		return nil, fmt.Errorf("api: csv: %w", err)
	}
	return &answer{
		Status: http.StatusOK, ContentType: "text/csv; charset=utf-8; header=present", CacheControl: "no-store",
		Disposition: `attachment; filename="` + name + `.csv"`, Body: buf.Bytes(),
	}, nil
}

var planColumns = []string{"site", "revision", "sku", "period", "demand", "demand_low", "demand_high", "opening", "receipts", "arrivals",
	"production", "inventory", "safety_stock", "shortfall", "shortage", "frozen", "price", "reason", "approved"}

// planRows is a row for each line and period. The revision is the plan's.
func planRows(b *view.Basis, lines iter.Seq[*schemas.Line]) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		revision := strconv.FormatInt(b.Revision, 10)
		for l := range lines {
			for i := range l.Periods {
				p := &l.Periods[i]
				row := []string{b.Site, revision, l.SKU, p.Period}
				for _, q := range [...]schemas.Quantity{p.Demand, p.DemandLow, p.DemandHigh, p.Opening, p.Receipts, p.Arrivals, p.Production,
					p.Inventory, p.SafetyStock, p.Shortfall, p.Shortage} {
					row = append(row, q.String())
				}
				if !yield(append(row, strconv.FormatBool(p.Frozen), number(p.Price), l.Reason, p.Approved.String())) {
					return
				}
			}
		}
	}
}

var forecastColumns = []string{"site", "sku", "date", "mean", "lower_80", "upper_80", "model", "revision"}

func forecastRows(site string, list []view.Forecast) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for i := range list {
			f := &list[i]
			for d := range f.Mean {
				if !yield([]string{site, f.SKU, f.First.AddDays(d).String(), single(f.Mean[d]), single(f.Lower[d]), single(f.Upper[d]),
					f.Model, strconv.FormatInt(f.Revision, 10)}) {
					return
				}
			}
		}
	}
}

var auditColumns = []string{"site", "topic", "partition", "read", "kept", "flagged", "rejected", "duplicate", "repaired", "updated_at"}

func auditRows(site string, list []view.Audit) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for i := range list {
			a := &list[i]
			row := []string{site, a.Topic, strconv.Itoa(int(a.Partition))}
			for _, n := range [...]int64{a.Read, a.Kept, a.Flagged, a.Rejected, a.Duplicate, a.Repaired} {
				row = append(row, strconv.FormatInt(n, 10))
			}
			if !yield(append(row, a.UpdatedAt.UTC().Format(time.RFC3339Nano))) {
				return
			}
		}
	}
}

var actionColumns = []string{"site", "revision", "action", "sku", "quantity", "period", "to", "cost", "reason"}

func actionRows(a *view.Actions) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for i := range a.Actions {
			v := &a.Actions[i]
			if !yield([]string{a.Site, strconv.FormatInt(a.Revision, 10), string(v.Kind), v.SKU, v.Quantity.String(), v.Period, v.To, number(v.Cost), v.Reason}) {
				return
			}
		}
	}
}

var productionColumns = []string{"site", "sku", "period", "quantity", "planned", "arrives", "resources", "approved_revision", "approved_through",
	"approved_by", "approved_at", "plan_revision"}

func productionRows(p *view.Production) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for i := range p.Starts {
			s := &p.Starts[i]
			if !yield([]string{p.Site, s.SKU, s.Period, s.Quantity.String(), s.Planned.String(), s.Arrives, strings.Join(s.Resources, " "),
				strconv.FormatInt(p.Approved.Revision, 10), p.Approved.Through, p.Approved.By, p.Approved.At.UTC().Format(time.RFC3339Nano),
				strconv.FormatInt(p.Revision, 10)}) {
				return
			}
		}
	}
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
func single(v float32) string { return strconv.FormatFloat(float64(v), 'f', -1, 32) }

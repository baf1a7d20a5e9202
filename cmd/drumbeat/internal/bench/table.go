package bench

import (
	"slices"
	"strings"

	"drumbeat/cmd/drumbeat/internal/terminal"
)

// Table draws rows for people: a table for each benchmark, a line for each case, a column for each metric. Cases
// that have no metric in common with those before them begin a table of their own.
func Table(rows []Row, s terminal.Style) string {
	var tables []string
	for _, name := range unique(rows, func(r Row) string { return r.Bench }) {
		var part []Row
		metrics := map[string]bool{}
		of := where(rows, func(r Row) bool { return r.Bench == name })
		for _, c := range unique(of, func(r Row) string { return r.Case }) {
			next := where(of, func(r Row) bool { return r.Case == c })
			if !slices.ContainsFunc(next, func(r Row) bool { return metrics[r.Metric] }) && len(part) > 0 {
				tables = append(tables, table(name, part, s))
				part = nil
				clear(metrics)
			}
			for _, r := range next {
				metrics[r.Metric] = true
			}
			part = append(part, next...)
		}
		tables = append(tables, table(name, part, s))
	}
	return strings.Join(tables, "\n")
}

func where(rows []Row, is func(Row) bool) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return !is(r) })
}

func table(name string, rows []Row, s terminal.Style) string {
	metrics := unique(rows, func(r Row) string { return r.Metric })
	columns := []terminal.Column{terminal.Left(name)}
	units := []string{""}
	for _, metric := range metrics {
		columns = append(columns, terminal.Right(strings.ReplaceAll(metric, "_", " ")))
		units = append(units, "")
	}
	t := terminal.NewTable(columns...)
	for _, r := range rows {
		for i, metric := range metrics {
			if r.Metric == metric && r.Unit != "1" {
				units[i+1] = r.Unit
			}
		}
	}
	t.Row(units...)
	for _, c := range unique(rows, func(r Row) string { return r.Case }) {
		cells := make([]string, 1+len(metrics))
		cells[0] = c
		for i, metric := range metrics {
			for _, r := range rows {
				if r.Case == c && r.Metric == metric {
					cells[i+1] = figure(r.Value)
				}
			}
		}
		t.Row(cells...)
	}
	return t.String(s)
}

// unique returns the keys of rows in the order of their first appearance.
func unique(rows []Row, key func(Row) string) []string {
	var keys []string
	seen := map[string]bool{}
	for _, r := range rows {
		if k := key(r); !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	return keys
}

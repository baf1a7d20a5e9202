package main

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"strings"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/schemas"
	"drumbeat/stream/postgres"
	"drumbeat/stream/repair"
)

// dateReasons are the reasons of letters whose date may have a plain reading.
var dateReasons = []string{"uncertain-date", "bad-date"}

// Bounds of a plausible reading, in days from the rejection: not before the kept history of a site, nor
// further ahead than one record may move a site's clock. In event time the clock may stand that far behind.
const (
	readingsBefore = 1130
	readingsAfter  = 31
)

// sortMajority is how often a site's dates must show one order of their fields for every time that they show
// another, before that order decides what a date means.
const sortMajority = 20

// proposal is what a date may become.
type proposal struct {
	Origin  string `json:"origin"`
	Site    string `json:"site"`
	SKU     string `json:"sku"`
	Field   string `json:"field"` // date or time
	Was     string `json:"was"`
	Becomes string `json:"becomes,omitempty"` // ""; nothing is proposed
	Why     string `json:"why"`
}

// proposer finds the plain readings of dates.
type proposer struct {
	store *postgres.Store
	sorts map[string]map[repair.FieldSort]int64 // by site: how many dates show an order
	given map[uint64]bool                       // days of a SKU that a record without a document was given
}

func newProposer(store *postgres.Store) *proposer {
	return &proposer{store: store, sorts: map[string]map[repair.FieldSort]int64{}, given: map[uint64]bool{}}
}

// propose finds the reading that is plain: the only one within the kept history; else, where the record names
// no document (so that it may be the day's only row), the only one whose day has no sale of the SKU; else the
// one in the order of fields that the site's dates show.
func (p *proposer) propose(ctx context.Context, l *postgres.Letter) (proposal, error) {
	out := proposal{Origin: originText(originOf(l)), Site: l.Site}
	record, err := readLetter(l)
	if err != nil {
		out.Why = err.Error()
		return out, nil
	}
	out.SKU, out.Field = record.sku(), "date"
	if record.text("time") != "" {
		out.Field = "time"
	}
	out.Was = record.text(out.Field)
	plausible := plausibleReadings(l, out.Was)
	switch len(plausible) {
	case 0:
		out.Why = "no reading lies within the kept history"
		return out, nil
	case 1:
		out.take(plausible[0], "the only reading within the kept history")
		return out, nil
	}
	if record.text("document") == "" && out.SKU != "" {
		free, err := p.free(ctx, l.Site, out.SKU, plausible)
		if err != nil {
			return out, err
		}
		if len(free) == 1 {
			p.given[dayKey(l.Site, out.SKU, free[0].Date)] = true
			out.take(free[0], "the only day without a sale of "+out.SKU)
			return out, nil
		}
	}
	sort, why, err := p.sort(ctx, l.Site)
	if err != nil {
		return out, err
	}
	sorted := slices.DeleteFunc(slices.Clone(plausible), func(r repair.Reading) bool { return r.Sort != sort })
	if sort != "" && len(sorted) == 1 {
		out.take(sorted[0], why)
		return out, nil
	}
	var days []string
	for _, r := range plausible {
		days = append(days, r.Date.String())
	}
	out.Why = strings.Join(days, " or ") + "; " + why
	return out, nil
}

// plausibleReadings are those that lie within the bounds of what was sold when the letter was rejected.
func plausibleReadings(l *postgres.Letter, text string) []repair.Reading {
	at := schemas.DateOf(l.At.UTC())
	return slices.DeleteFunc(repair.Readings(text), func(r repair.Reading) bool {
		return r.Date < at.AddDays(-readingsBefore) || r.Date > at.AddDays(readingsAfter)
	})
}

func (p *proposal) take(r repair.Reading, why string) {
	p.Becomes, p.Why = r.Text, string(r.Form)+": "+why
}

// dayKey is a hash of a day of a SKU: a million of them take some 20 MB.
func dayKey(site, sku string, day schemas.Date) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s/%d", site, sku, day)
	return h.Sum64()
}

// free are the readings whose day has no sale of the SKU, nor an earlier record that was given it.
func (p *proposer) free(ctx context.Context, site, sku string, readings []repair.Reading) ([]repair.Reading, error) {
	days := make([]schemas.Date, len(readings))
	for i, r := range readings {
		days[i] = r.Date
	}
	sold, err := p.store.SoldOn(ctx, site, sku, days)
	return slices.DeleteFunc(slices.Clone(readings), func(r repair.Reading) bool {
		return sold[r.Date] || p.given[dayKey(site, sku, r.Date)]
	}), err
}

// sort is the order of fields that the dates of a site show: those that were repaired as DD/MM/YYYY, and
// those of its dead letters that have one order only, such as 12/31/2023. "" is no clear order; why says so.
func (p *proposer) sort(ctx context.Context, site string) (sort repair.FieldSort, why string, err error) {
	seen := p.sorts[site]
	if seen == nil {
		if seen, err = p.count(ctx, site); err != nil {
			return "", "", err
		}
		p.sorts[site] = seen
	}
	first := repair.DayFirst
	second := repair.MonthFirst
	if seen[second] > seen[first] {
		first, second = second, first
	}
	why = fmt.Sprintf("of the site's dates %d write %s and %d %s", seen[first], first, seen[second], second)
	if seen[first] == 0 || seen[first] < sortMajority*seen[second] {
		return "", why, nil
	}
	return first, why, nil
}

func (p *proposer) count(ctx context.Context, site string) (map[repair.FieldSort]int64, error) {
	seen := map[repair.FieldSort]int64{}
	rows, err := p.store.Audit(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range auditOfSite(rows, site) {
		seen[repair.DayFirst] += r.Reasons["dd-mm-yyyy"]
	}
	err = p.store.EachLetter(ctx, postgres.LetterFilter{Site: site, Reasons: dateReasons}, func(l *postgres.Letter) error {
		record, err := readLetter(l)
		if err != nil {
			return nil // its date cannot be read either
		}
		text := record.text("time")
		if text == "" {
			text = record.text("date")
		}
		if readings := plausibleReadings(l, text); len(readings) == 1 {
			seen[readings[0].Sort]++
		}
		return nil
	})
	return seen, err
}

// propose shows the readings; nothing is sent.
func (c *deadLettersReplayCmd) propose(ctx context.Context, std streams, store *postgres.Store, filter postgres.LetterFilter) error {
	proposals := newProposer(store)
	columns := func() *terminal.Table {
		return terminal.NewTable(terminal.Left("origin"), terminal.Left("sku"), terminal.Left("field"), terminal.Left("was"),
			terminal.Left("becomes"), terminal.Left("why"))
	}
	table, rows, found, all := columns(), 0, 0, 0
	flush := func() error {
		_, err := fmt.Fprint(std.out, table.String(terminal.Detect(std.out, os.Getenv)))
		table, rows = columns(), 0
		return err
	}
	err := c.each(ctx, store, filter, func(l *postgres.Letter) error {
		p, err := proposals.propose(ctx, l)
		if err != nil {
			return err
		}
		if all++; p.Becomes != "" {
			found++
		}
		if c.JSON {
			return json.NewEncoder(std.out).Encode(p)
		}
		becomes := p.Becomes
		if becomes == "" {
			becomes = "-"
		}
		table.Row(p.Origin, printable(p.SKU, 60), p.Field, printable(p.Was, 40), becomes, printable(p.Why, 160))
		if rows++; rows == blockRows {
			return flush()
		}
		return nil
	})
	if err != nil || c.JSON {
		return err
	}
	if rows > 0 {
		if err := flush(); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(std.out, "%d of %d dates have a plain reading; --apply sends them with it\n", found, all)
	return err
}

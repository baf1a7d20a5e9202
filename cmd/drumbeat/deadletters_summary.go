package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/stream"
	"drumbeat/stream/postgres"
)

// summaryLetters and summaryAudit are the lines of a summary for machines.
type summaryLetters struct {
	Site     string    `json:"site"`
	Reason   string    `json:"reason"`
	Letters  int64     `json:"letters"`
	Replayed int64     `json:"replayed"`
	First    time.Time `json:"first"`
	Newest   time.Time `json:"newest"`
}

type summaryAudit struct {
	Site      string         `json:"site"`
	Topic     string         `json:"origin_topic"`
	Partition int32          `json:"origin_partition"`
	Audit     terminal.Audit `json:"audit"`
}

// printSummary counts the letters that are meant, and shows what became of all records of their sites.
func printSummary(ctx context.Context, std streams, store *postgres.Store, filter postgres.LetterFilter, asJSON bool) error {
	counts, err := store.CountLetters(ctx, filter)
	if err != nil {
		return err
	}
	rows, err := store.Audit(ctx)
	if err != nil {
		return err
	}
	rows = auditOfSite(rows, filter.Site)
	if asJSON {
		out := json.NewEncoder(std.out)
		for _, c := range counts {
			if err := out.Encode(summaryLetters{c.Site, c.Reason, c.Letters, c.Replayed, c.First.UTC(), c.Newest.UTC()}); err != nil {
				return err
			}
		}
		for _, r := range rows {
			if err := out.Encode(summaryAudit{r.Site, r.OriginTopic, r.OriginPartition, auditOf(r)}); err != nil {
				return err
			}
		}
		return nil
	}
	style := terminal.Detect(std.out, os.Getenv)
	table := terminal.NewTable(terminal.Left("site"), terminal.Left("reason"), terminal.Right("letters"), terminal.Right("sent again"),
		terminal.Right("waiting"), terminal.Left("first"), terminal.Left("newest"))
	for _, c := range counts {
		table.Row(c.Site, c.Reason, terminal.Count(c.Letters), terminal.Count(c.Replayed), terminal.Count(c.Letters-c.Replayed),
			c.First.UTC().Format(time.DateTime), c.Newest.UTC().Format(time.DateTime))
	}
	letters := "no dead letters\n"
	if len(counts) > 0 {
		letters = table.String(style)
	}
	_, err = fmt.Fprintf(std.out, "%s\n%s", letters, auditTable(rows).String(style))
	return err
}

// auditOfSite is the audit of one site, of all where site is empty.
func auditOfSite(rows []stream.AuditRow, site string) []stream.AuditRow {
	var of []stream.AuditRow
	for _, r := range rows {
		if site == "" || r.Site == site {
			of = append(of, r)
		}
	}
	return of
}

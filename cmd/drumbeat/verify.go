package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/optimize/clp"
	"drumbeat/schemas"
	"drumbeat/stream"
)

type verifyCmd struct {
	Config   configFlag    `env:"DRUMBEAT_CONFIG" placeholder:"FILE" help:"YAML file of settings, the same as of serve."`
	Site     string        `required:"" help:"The site."`
	Revision int64         `placeholder:"N" help:"This revision only; by default all that are stored."`
	Postgres string        `required:"" env:"DRUMBEAT_POSTGRES" placeholder:"DSN" help:"Connection string; PGPASSWORD and PGPASSFILE keep the password out of it."`
	Timeout  time.Duration `default:"10m" help:"The longest that one solve may take."`
	JSON     bool          `name:"json" help:"Print one JSON object a revision."`
}

// Run verifies stored plans, the oldest first. The error says how many do not hold.
func (c *verifyCmd) Run(ctx context.Context, std streams) error {
	if c.Revision < 0 || c.Timeout <= 0 {
		return badInput(errors.New("--revision and --timeout must be above zero"))
	}
	store, err := openStore(ctx, c.Postgres)
	if err != nil {
		return err
	}
	defer store.Close()
	list, err := store.Revisions(ctx, c.Site, math.MaxInt32)
	switch {
	case err != nil:
		return err
	case len(list) == 0:
		return badInput(fmt.Errorf("--site %s: no plan of this site is stored", c.Site))
	}
	newest := list[0].Revision
	if c.Revision > 0 {
		list = slices.DeleteFunc(list, func(r stream.Revision) bool { return r.Revision != c.Revision })
		if len(list) == 0 {
			return badInput(fmt.Errorf("--revision %d: site %s has no such revision; the newest is %d", c.Revision, c.Site, newest))
		}
	}
	slices.Reverse(list)
	var checks []*revisionCheck
	for _, r := range list {
		stored, err := store.Revision(ctx, c.Site, r.Revision)
		if err != nil {
			return err
		}
		if stored == nil {
			continue // expired between the two questions
		}
		check, err := c.check(ctx, stored, stored.Revision == newest)
		if err != nil {
			return err
		}
		checks = append(checks, check)
		if c.JSON {
			if err := json.NewEncoder(std.out).Encode(check); err != nil {
				return err
			}
		}
	}
	return c.report(std, checks)
}

// check verifies one revision within the time limit. The error is the end of ctx.
func (c *verifyCmd) check(ctx context.Context, r *stream.Revision, newest bool) (*revisionCheck, error) {
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	check := verifyRevision(limited, clp.New, r, newest || r.Baseline)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return check, nil
}

// report prints the table and returns the verdict.
func (c *verifyCmd) report(std streams, checks []*revisionCheck) error {
	failed := 0
	for _, check := range checks {
		if !check.OK {
			failed++
		}
	}
	if !c.JSON {
		if _, err := fmt.Fprint(std.out, verifyTable(checks).String(terminal.Detect(std.out, os.Getenv))); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("verify: site %s: %d of %d revisions do not hold", c.Site, failed, len(checks))
	}
	if c.JSON {
		return nil
	}
	_, err := fmt.Fprintf(std.out, "site %s: all of %d revisions hold\n", c.Site, len(checks))
	return err
}

// verifyTable shows one row a revision; what is wrong with it, and notes, stand in rows below.
func verifyTable(checks []*revisionCheck) *terminal.Table {
	table := terminal.NewTable(terminal.Right("revision"), terminal.Left("created"), terminal.Left("status"), terminal.Right("lines"),
		terminal.Right("objective"), terminal.Right("production off by"), terminal.Right("objective off by"), terminal.Right("gap"),
		terminal.Left("checksum"), terminal.Left("verdict"))
	for _, check := range checks {
		cells := []terminal.Cell{
			{Text: terminal.Count(check.Revision)}, {Text: check.CreatedAt.UTC().Format(time.DateTime)}, {Text: string(check.Status)},
			{Text: terminal.Count(check.Lines)}, {Text: "-"}, {Text: "-"}, {Text: "-"}, {Text: "-"}, {Text: check.Checksum},
		}
		if check.Solved && check.Status == schemas.PlanOptimal {
			cells[4].Text = terminal.Amount(check.Objective)
			cells[5].Text = fmt.Sprintf("%.3g", check.ProductionOff)
			cells[6].Text = fmt.Sprintf("%.3g", check.ObjectiveOff)
			cells[7].Text = fmt.Sprintf("%.2g", check.Gap)
		}
		verdict := terminal.Cell{Text: "holds", Ink: terminal.Good}
		switch {
		case !check.OK:
			verdict = terminal.Cell{Text: "FAILED: " + strings.Join(check.Failures, "; "), Ink: terminal.Bad}
		case check.Note != "":
			verdict = terminal.Cell{Text: "holds; " + check.Note, Ink: terminal.Warn}
		}
		table.Cells(append(cells, verdict)...)
	}
	return table
}

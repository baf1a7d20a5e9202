package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/postgres"

	"github.com/jackc/pgx/v5"
)

// plantRecords are ten weeks of a site whose factory cannot make all that is asked for; in the ninth the
// site turns strict, and its problem infeasible.
func plantRecords(t *testing.T) []stream.Record {
	t.Helper()
	var records []stream.Record
	add := func(ev schemas.Event) {
		ev.Source, ev.ID, ev.Site = "test", fmt.Sprint(len(records)), "plant"
		value, err := schemas.Encode(&ev)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, stream.Record{Offset: int64(len(records)), Key: []byte("plant"), Value: value})
	}
	define := func(data any) {
		at := time.Date(2024, 1, 1, 0, 0, len(records), 0, time.UTC)
		add(schemas.Event{Type: schemas.TypeOf(data), Time: at, HasTime: true, Data: data})
	}
	horizon, strict := 8, schemas.ModeStrict
	define(&schemas.Policy{Horizon: &horizon})
	define(&schemas.Resource{Resource: "factory", Capacity: 150, Per: schemas.PerWeek, OvertimeCapacity: 20, OvertimeCost: 9})
	for i, sku := range []string{"A", "B", "C"} {
		safety := 10 * schemas.Unit
		item := schemas.Item{SKU: sku, ProductionCost: float64(5 + i), HoldingCost: 0.25, SafetyStock: &safety, Resource: "factory", Usage: 1}
		if sku == "B" {
			item.BacklogCost, item.LeadTime, item.Per = 2, 1, schemas.PerWeek
		}
		define(&item)
	}
	for n := range 70 {
		day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n).Format(time.DateOnly)
		if n == 59 {
			define(&schemas.Policy{Horizon: &horizon, Mode: &strict})
			define(&schemas.Resource{Resource: "factory", Capacity: 60, Per: schemas.PerWeek})
		}
		for i, sku := range []string{"A", "B", "C"} {
			if i == 2 && n > 30 {
				continue // its line stays as it is, or nearly so
			}
			add(schemas.Event{Type: schemas.TypeSale, Sale: schemas.Sale{
				SKU: schemas.TextField(sku), Date: schemas.TextField(day), Quantity: schemas.NumberField(schemas.Quantity(6+(n*(i+3))%9) * schemas.Unit),
			}})
		}
	}
	return records
}

// verified runs `drumbeat verify --json`.
func verified(t *testing.T, dsn string, args ...string) (status int, checks map[int64]revisionCheck, says string) {
	t.Helper()
	status, out, says := runCommand(t.Context(), append([]string{"verify", "--postgres", dsn, "--site", "plant", "--json"}, args...)...)
	checks = map[int64]revisionCheck{}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var c revisionCheck
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("%v: %s%s", err, line, says)
		}
		checks[c.Revision] = c
	}
	return status, checks, says
}

func TestVerify(t *testing.T) {
	takeTurn(t, otherLane)
	dsn, store := testDatabase(t)
	settings := stream.DefaultSettings()
	settings.Clock = schemas.ClockEvent
	solves := 0
	saved(t, store, settings, plantRecords(t), func(solve solveFunc) solveFunc {
		return func(ctx context.Context, job *stream.Job) stream.Outcome {
			if solves++; solves == 4 {
				return stream.Outcome{Err: fmt.Errorf("%w: for the test", optimize.ErrSolver)}
			}
			return solve(ctx, job)
		}
	})

	status, checks, says := verified(t, dsn)
	if status != 0 {
		t.Fatalf("status %d: %s\n%+v", status, says, checks)
	}
	kinds := map[schemas.PlanStatus]int{}
	for _, c := range checks {
		kinds[c.Status]++
		if c.Checksum != "ok" || c.Solved != (c.Status != schemas.PlanDegraded) || c.Status == schemas.PlanOptimal && c.Lines != 3 {
			t.Errorf("%+v", c)
		}
	}
	if kinds[schemas.PlanOptimal] < 5 || kinds[schemas.PlanDegraded] != 1 || kinds[schemas.PlanInfeasible] < 1 {
		t.Fatalf("the run made plans %v", kinds)
	}
	status, out, says := runCommand(t.Context(), "verify", "--postgres", dsn, "--site", "plant")
	if status != 0 || !strings.Contains(out, fmt.Sprintf("site plant: all of %d revisions hold\n", len(checks))) || !strings.Contains(out, "nothing was solved") {
		t.Errorf("status %d: %s%s", status, out, says)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--site", "nowhere"}, "no plan of this site"},
		{[]string{"--site", "plant", "--revision", "99"}, "no such revision"},
		{[]string{"--site", "plant", "--revision=-1"}, "above zero"},
	} {
		if status, out, says := runCommand(t.Context(), append([]string{"verify", "--postgres", dsn}, c.args...)...); status != exitUsage || out != "" || !strings.Contains(says, c.says) {
			t.Errorf("%v: status %d, %q, %q", c.args, status, out, says)
		}
	}

	tampering(t, dsn, store, checks)
}

// tampering changes one stored thing after the other and sees it found, in the revisions that show it.
func tampering(t *testing.T, dsn string, store *postgres.Store, checks map[int64]revisionCheck) {
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	exec := func(sql string, args ...any) {
		t.Helper()
		tag, err := conn.Exec(t.Context(), sql, args...)
		if err != nil || tag.RowsAffected() == 0 {
			t.Fatalf("%s: %v, %v", sql, tag, err)
		}
	}
	numbers := slices.Sorted(maps.Keys(checks))
	last := func(status schemas.PlanStatus) int64 {
		for _, n := range slices.Backward(numbers) {
			if checks[n].Status == status {
				return n
			}
		}
		t.Fatalf("no revision is %s", status)
		return 0
	}
	optimal, infeasible := last(schemas.PlanOptimal), last(schemas.PlanInfeasible)
	r, err := store.Revision(t.Context(), "plant", optimal)
	if err != nil {
		t.Fatal(err)
	}
	newest := r.Lines[0]
	var line schemas.Line
	var head schemas.Head
	if err := errors.Join(json.Unmarshal(newest.Value, &line), json.Unmarshal(r.Head, &head)); err != nil {
		t.Fatal(err)
	}
	other, err := store.Revision(t.Context(), "plant", infeasible)
	if err != nil {
		t.Fatal(err)
	}
	var short schemas.Head
	var p optimize.Problem
	if err := errors.Join(json.Unmarshal(other.Head, &short), stream.Unpack(r.Problem, &p)); err != nil {
		t.Fatal(err)
	}

	setLine := func(change func(l *schemas.Line)) func() {
		l := line
		l.Periods = slices.Clone(line.Periods)
		change(&l)
		return func() {
			exec("UPDATE drumbeat.line_history SET value = $1 WHERE site = 'plant' AND sku = $2 AND revision = $3", string(l.Append(nil)), line.SKU, line.Revision)
		}
	}
	setHead := func(n int64, h schemas.Head) func() {
		return func() {
			exec("UPDATE drumbeat.plans SET head = $1 WHERE site = 'plant' AND revision = $2", string(h.Append(nil)), n)
		}
	}
	objective, bound, missing := head, head, short
	objective.Objective *= 1 + 1e-6
	bound.Certificate.Bound -= 1
	why := *short.Infeasibility
	why.Missing += 0.01
	missing.Infeasibility = &why
	p.SKUs[0].Demand[2]++
	problem, err := stream.Pack(&p)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		revision int64
		do, undo func()
		says     string
	}{
		{"production", optimal, setLine(func(l *schemas.Line) { l.Periods[1].Production += 2 }), setLine(func(*schemas.Line) {}), "production of A"},
		{"reason", optimal, setLine(func(l *schemas.Line) { l.Reason += "!" }), setLine(func(*schemas.Line) {}), "the lines sum to"},
		{"objective", optimal, setHead(optimal, objective), setHead(optimal, head), "objective"},
		{"bound", optimal, setHead(optimal, bound), setHead(optimal, head), "bound"},
		{"missing capacity", infeasible, setHead(infeasible, missing), setHead(infeasible, short), "is missing"},
		{"problem", optimal, func() {
			exec("UPDATE drumbeat.problems SET problem = $1 WHERE site = 'plant' AND revision = $2", problem, optimal)
		}, func() {
			exec("UPDATE drumbeat.problems SET problem = $1 WHERE site = 'plant' AND revision = $2", r.Problem, optimal)
		}, "demand of A"},
		{"start", optimal, func() {
			exec("UPDATE drumbeat.problems SET start = 'x' WHERE site = 'plant' AND revision = $1", optimal)
		}, func() {
			exec("UPDATE drumbeat.problems SET start = $1 WHERE site = 'plant' AND revision = $2", r.Start, optimal)
		}, "start:"},
	} {
		c.do()
		status, out, says := runCommand(t.Context(), "verify", "--postgres", dsn, "--site", "plant", "--revision", fmt.Sprint(c.revision))
		if status != exitOther || !strings.Contains(out, "FAILED") || !strings.Contains(out, c.says) || !strings.Contains(says, "1 of 1 revisions do not hold") {
			t.Errorf("%s: status %d, %s%s", c.name, status, out, says)
		}
		c.undo()
	}
	// A line that is gone is missed in the newest revision; in older ones it may have expired.
	exec("DELETE FROM drumbeat.line_history WHERE site = 'plant' AND sku = 'A'")
	status, after, _ := verified(t, dsn)
	if c := after[numbers[len(numbers)-1]]; status != exitOther || c.OK || c.Checksum != "wrong" {
		t.Errorf("status %d, newest %+v", status, c)
	}
	if c := after[optimal-1]; c.Checksum != "incomplete" || c.Note == "" || !c.OK {
		t.Errorf("an older one: %+v", c)
	}
}

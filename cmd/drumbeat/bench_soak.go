package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"drumbeat/cmd/drumbeat/internal/bench"
	"drumbeat/cmd/drumbeat/internal/soak"
)

// soak is bench soak. Its page goes to standard error, where progress goes, and its figures to standard output as
// those of every benchmark. A promise that does not hold is an error.
func (c *benchCmd) soak(std streams) func(context.Context, func(bench.Row)) error {
	return func(ctx context.Context, report func(bench.Row)) (err error) {
		for _, script := range []string{"kafka/start", "postgres/start"} {
			if _, err := os.Stat(filepath.Join(c.Deploy, script)); err != nil {
				return badInput(fmt.Errorf("soak: --deploy: %w: it names the directory deploy of a checkout", err))
			}
		}
		self, err := os.Executable()
		if err != nil {
			return err
		}
		dir, err := os.MkdirTemp("", "drumbeat-soak-")
		if err != nil {
			return err
		}
		if err := os.Chmod(dir, 0o755); err != nil { // the database may run as another user
			return err
		}
		s := soak.Soak{
			Deploy: c.Deploy, Self: self, Dir: dir, Rate: c.Rate, Length: time.Duration(c.Minutes * float64(time.Minute)), Say: std.err,
		}
		r, err := s.Run(ctx)
		if err != nil {
			return fmt.Errorf("%w (logs are in %s)", err, dir)
		}
		fmt.Fprint(std.err, r)
		for _, row := range []bench.Row{
			{Metric: "accepted", Value: float64(r.Verdict.Accepted), Unit: "1"},
			{Metric: "counted", Value: float64(r.Verdict.Counted), Unit: "1"},
			{Metric: "events_per_second", Value: float64(r.Verdict.Accepted) / r.Load.Seconds(), Unit: "1/s"},
			{Metric: "longest_pause_seconds", Value: r.Pause.Seconds(), Unit: "s"},
			{Metric: "plans", Value: float64(r.Verdict.Revisions), Unit: "1"},
			{Metric: "frozen_moves", Value: float64(r.Verdict.FrozenMoves), Unit: "1"},
			{Metric: "memory_begin_bytes", Value: r.MemoryBegin, Unit: "B"},
			{Metric: "memory_end_bytes", Value: r.MemoryEnd, Unit: "B"},
			{Metric: "broken_promises", Value: float64(len(r.Broken())), Unit: "1"},
		} {
			row.Bench, row.Case = "soak", fmt.Sprintf("%v minutes, %d events/s offered", c.Minutes, c.Rate)
			report(row)
		}
		if broken := r.Broken(); len(broken) > 0 {
			return fmt.Errorf("soak: %d promises are broken: %s (logs are in %s)", len(broken), broken[0], dir)
		}
		return os.RemoveAll(dir)
	}
}

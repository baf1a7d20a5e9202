package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"drumbeat/cmd/drumbeat/internal/bench"
)

// TestBench runs the command on a benchmark that needs no time.
func TestBench(t *testing.T) {
	former := benches
	t.Cleanup(func() { benches = former })
	row := bench.Row{Bench: "quick", Case: "10000x52x10 corr", Metric: "cold_seconds", Value: 2.1, Unit: "s"}
	benches = func(*benchCmd, streams) []bench.Bench {
		return []bench.Bench{{Name: "quick", Help: "nothing", Run: func(_ context.Context, report func(bench.Row)) error {
			report(row)
			return nil
		}}}
	}
	for _, c := range []struct {
		args   []string
		status int
		out    string
		err    string
	}{
		{[]string{"bench", "--json"}, 0, `{"bench":"quick","case":"10000x52x10 corr","metric":"cold_seconds","value":2.1,"unit":"s"}`, "quick: nothing …\n  10000x52x10 corr: cold seconds 2.100 s\n"},
		{[]string{"bench", "quick"}, 0, "10000x52x10 corr         2.100", ""},
		{[]string{"bench", "--list"}, 0, "quick  nothing", ""},
		{[]string{"bench", "slow"}, 2, "", `drumbeat: no benchmark "slow"; there are quick`},
	} {
		var out, errs bytes.Buffer
		status := run(t.Context(), c.args, streams{strings.NewReader(""), &out, &errs})
		if status != c.status || !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.err) {
			t.Errorf("%v: status %d\n%s%s", c.args, status, &out, &errs)
		}
		if c.out != "" && strings.HasPrefix(c.out, "{") {
			var got bench.Row
			if err := json.Unmarshal(out.Bytes(), &got); err != nil || got != row {
				t.Errorf("%v: %+v, %v", c.args, got, err)
			}
		}
	}
}

// TestBenchService holds the service that benchmarks measure to what serve takes.
func TestBenchService(t *testing.T) {
	s, err := new(pathRun).service("127.0.0.1:0", roleIntake, rolePlanner, roleWeb)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.solve.validate(), s.processor.Validate()); err != nil {
		t.Error(err)
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"drumbeat/cmd/drumbeat/internal/bench"
	"drumbeat/cmd/drumbeat/internal/terminal"
)

// benches are the benchmarks in the order in which they run.
var benches = []bench.Bench{
	{Name: "decode", Help: "decoding of sales events, one core", Run: bench.Decode},
	{Name: "plan", Help: "solving plans whose optimum is known, cold and warm", Run: bench.Plan},
}

type benchCmd struct {
	Names []string `arg:"" optional:"" name:"name" help:"Benchmarks to run; all without a name. --list prints them."`
	JSON  bool     `name:"json" help:"Print one JSON object a line."`
	List  bool     `help:"Print the benchmarks instead of running them."`
}

// Run runs benchmarks: progress on stderr, figures on stdout.
func (c *benchCmd) Run(ctx context.Context, io streams) error {
	style := terminal.Detect(io.out, os.Getenv)
	if c.List {
		t := terminal.NewTable(terminal.Left("name"), terminal.Left("measures"))
		for _, b := range benches {
			t.Row(b.Name, b.Help)
		}
		_, err := fmt.Fprint(io.out, t.String(style))
		return err
	}
	run, err := c.chosen()
	if err != nil {
		return badInput(err)
	}
	var rows []bench.Row
	for _, b := range run {
		fmt.Fprintf(io.err, "%s: %s …\n", b.Name, b.Help)
		var printed error
		err := b.Run(ctx, func(r bench.Row) {
			rows = append(rows, r)
			fmt.Fprintf(io.err, "  %s: %s\n", r.Case, r)
			if c.JSON && printed == nil {
				printed = json.NewEncoder(io.out).Encode(r)
			}
		})
		if err != nil {
			return err
		}
		if printed != nil {
			return printed
		}
	}
	if c.JSON {
		return nil
	}
	_, err = fmt.Fprint(io.out, bench.Table(rows, style))
	return err
}

// chosen are the benchmarks that the command line names.
func (c *benchCmd) chosen() ([]bench.Bench, error) {
	if len(c.Names) == 0 {
		return benches, nil
	}
	var run []bench.Bench
	for _, name := range c.Names {
		i := slices.IndexFunc(benches, func(b bench.Bench) bool { return b.Name == name })
		if i < 0 {
			var known []string
			for _, b := range benches {
				known = append(known, b.Name)
			}
			return nil, fmt.Errorf("no benchmark %q; there are %s", name, strings.Join(known, ", "))
		}
		run = append(run, benches[i])
	}
	return run, nil
}

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
var benches = func(c *benchCmd, std streams) []bench.Bench {
	list := []bench.Bench{
		{Name: "decode", Help: "decoding of sales events, one core", Run: bench.Decode},
		{Name: "pipeline", Help: "sales to saved history and published plan: the Processor alone, and end to end", Run: c.pipeline(std)},
		{Name: "clean", Help: "what the books of a sale cost beside decoding, the offline cleaner, and bytes of history", Run: bench.Clean},
		{Name: "memory", Help: "heap and saved state of a SKU; recovery from PostgreSQL", Run: c.memory(std)},
		{Name: "forecast", Help: "first fit, closing bucket, sale, all SKUs of a site; --peers: beside AutoETS and Prophet", Run: c.forecast(std)},
		{Name: "solve", Help: "a site's plan through the Processor, cold and warm", Run: bench.Solve},
		{Name: "accuracy", Help: "forecasts of the demo's products from spoiled rows, against what the next year brought", Run: bench.Accuracy(c.Seeds)},
		{Name: "what-if", Help: "what-if questions: the sandbox alone, and the service over HTTP, idle and beside 20,000 events/s", Run: c.whatIf(std)},
		{Name: "lots", Help: "plans in lots: how far from the optimum at most, and how long", Run: bench.Lots},
		{Name: "stability", Help: "a rolling run of weekly re-plans: units moved and cost at several prices of change", Run: bench.Stability(c.SKUs)},
		{Name: "plan", Help: "solving plans whose optimum is known, cold and warm", Run: c.plans},
	}
	if c.Cases != "" {
		list = append(list, bench.Bench{Name: "cases", Help: "forecasts of rolling-origin cases beside those of reference models", Run: bench.Cases(c.Cases)})
	}
	return list
}

type benchCmd struct {
	Names []string `arg:"" optional:"" name:"name" help:"Benchmarks to run; all without a name. --list prints them."`
	JSON  bool     `name:"json" help:"Print one JSON object a line."`
	List  bool     `help:"Print the benchmarks instead of running them."`
	Long  bool     `env:"DRUMBEAT_BENCH_LONG" help:"Measure the large cases too, which take minutes."`
	Seeds int      `default:"20" placeholder:"N" help:"Data sets that accuracy makes up."`
	SKUs  int      `name:"skus" default:"2000" placeholder:"N" help:"SKUs of stability."`
	Cases string   `placeholder:"DIR" help:"Folder of forecast cases; adds the benchmark cases, which needs them."`
	Peers bool     `env:"DRUMBEAT_BENCH_PEERS" help:"Measure AutoETS and Prophet beside forecast; deploy/peers/setup installs them."`

	KafkaBrokers []string `env:"DRUMBEAT_KAFKA_BROKERS,DRUMBEAT_TEST_KAFKA" placeholder:"HOST:PORT,…" help:"Brokers (without TLS and SASL) on which pipeline is measured too, beside the embedded one."`
}

// Run runs benchmarks: progress on stderr, figures on stdout.
func (c *benchCmd) Run(ctx context.Context, io streams) error {
	style := terminal.Detect(io.out, os.Getenv)
	if c.List {
		t := terminal.NewTable(terminal.Left("name"), terminal.Left("measures"))
		for _, b := range benches(c, io) {
			t.Row(b.Name, b.Help)
		}
		_, err := fmt.Fprint(io.out, t.String(style))
		return err
	}
	run, err := chosen(benches(c, io), c.Names)
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

// chosen are the benchmarks of names; all without any.
func chosen(all []bench.Bench, names []string) ([]bench.Bench, error) {
	if len(names) == 0 {
		return all, nil
	}
	var run []bench.Bench
	for _, name := range names {
		i := slices.IndexFunc(all, func(b bench.Bench) bool { return b.Name == name })
		if i < 0 {
			var known []string
			for _, b := range all {
				known = append(known, b.Name)
			}
			return nil, fmt.Errorf("no benchmark %q; there are %s", name, strings.Join(known, ", "))
		}
		run = append(run, all[i])
	}
	return run, nil
}

// plans is bench plan.
func (c *benchCmd) plans(ctx context.Context, report func(bench.Row)) error {
	return bench.Plan(ctx, c.Long, report)
}

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"drumbeat/cmd/drumbeat/internal/bench"
	"drumbeat/cmd/drumbeat/internal/terminal"
)

// benches are the benchmarks in the order in which they run.
var benches = func(c *benchCmd, std streams) []bench.Bench {
	list := []bench.Bench{
		{Name: "decode", Help: "decoding of sales events, one core", Run: bench.Decode},
		{Name: "pipeline", Help: "sales to saved history and published plan: the Processor alone, and end to end", Run: c.pipeline(std)},
		{Name: "clean", Help: "what the books of a sale cost beside decoding, the offline cleaner, and bytes of history", Run: bench.Clean},
		{Name: "memory", Help: "heap and saved state of a SKU", Run: bench.Memory},
		{Name: "recovery", Help: "a partition with three years of history back from PostgreSQL; a planner from kill -9 to its next plan", Run: c.recovery(std)},
		{Name: "forecast", Help: "first fit, closing bucket, sale, all SKUs of a site; --peers: beside AutoETS and Prophet", Run: c.forecast(std)},
		{Name: "solve", Help: "a site's plan through the Processor, cold and warm", Run: bench.Solve},
		{Name: "accuracy", Help: "forecasts of the demo's products from spoiled rows, against what the next year brought", Run: bench.Accuracy(c.Seeds)},
		{Name: "what-if", Help: "what-if questions: the sandbox alone (--peers: beside HiGHS), and the service over HTTP, idle and beside 20,000 events/s", Run: c.whatIf(std)},
		{Name: "lots", Help: "plans in lots: how far from the optimum at most, and how long", Run: bench.Lots},
		{Name: "stability", Help: "a rolling run of weekly re-plans: units moved and cost at several prices of change", Run: bench.Stability(cmp.Or(c.SKUs, 2000))},
		{Name: "plan", Help: "solving plans whose optimum is known, cold and warm; --peers: beside HiGHS", Run: c.plans(std)},
		{Name: "limits", Help: "how long a solve goes on after its time limit, while every core is busy", Run: c.limits},
	}
	if c.List || slices.Contains(c.Names, "soak") { // ten minutes are for those who ask
		list = append(list, bench.Bench{Name: "soak", Help: "the service with every fault in rotation, on real servers; runs only by its name", Run: c.soak(std)})
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
	SKUs  int      `name:"skus" placeholder:"N" help:"SKUs of stability (2000) and of recovery (1000 and 10000, with --long 100000)."`
	Cases string   `placeholder:"DIR" help:"Folder of forecast cases; adds the benchmark cases, which needs them."`
	Peers bool     `env:"DRUMBEAT_BENCH_PEERS" help:"Measure AutoETS and Prophet beside forecast, HiGHS beside plan and what-if; deploy/peers/setup installs them."`

	PeerLimit time.Duration `default:"120s" placeholder:"DURATION" help:"Time after which HiGHS gives up a plan."`

	Minutes float64 `default:"10" placeholder:"N" help:"How long soak offers events."`
	Rate    int     `default:"100000" placeholder:"N" help:"Events a second that soak offers."`
	Deploy  string  `default:"deploy" placeholder:"DIR" help:"Directory of the scripts that start the servers of soak."`

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

// limits is bench limits.
func (c *benchCmd) limits(ctx context.Context, report func(bench.Row)) error {
	return bench.Limits(ctx, c.Long, report)
}

// Command drumbeat replans a site's supply as its sales arrive.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line; each command lives in the file of its name.
type cli struct {
	Plan     planCmd     `cmd:"" help:"Solve one planning problem from files: plan, bottleneck, certificate."`
	Forecast forecastCmd `cmd:"" help:"Forecast every series of a file with the models of the service."`
	Topics   topicsCmd   `cmd:"" help:"Create and check the topics."`
	Produce  produceCmd  `cmd:"" help:"Send a CSV file, or JSON lines of events, to the input topic."`
	Clean    cleanCmd    `cmd:"" help:"Clean the sales of a file, offline: what the service would hold, repair or reject."`
	Bench    benchCmd    `cmd:"" help:"Measure how fast this machine decodes, plans and runs the whole path."`
	Migrate  migrateCmd  `cmd:"" help:"Bring the database to the version of this program."`
	Demo     demoCmd     `cmd:"" help:"Everything on one machine, nothing to configure: broker, database, sales, plans."`
	Serve    serveCmd    `cmd:"" help:"Run the service."`
	Ready    readyCmd    `cmd:"" help:"Ask a service on this machine whether it is ready; exit status 1 if not."`
	Replay   replayCmd   `cmd:"" help:"Run the whole pipeline over files in event time: the same input, the same plans."`
	Simulate simulateCmd `cmd:"" help:"Closed loop: what each policy would have cost on the same demand, and how well it would have served."`

	DeadLetters deadLettersCmd `cmd:"" name:"dead-letters" help:"Look at rejected records, and send them again after a fix."`
	Verify      verifyCmd      `cmd:"" help:"Solve stored plans again and compare; check their certificates and checksums."`

	Version kong.VersionFlag `help:"Print the release and stop."`

	SolveWorker solveWorkerCmd `cmd:"" hidden:"" name:"solve-worker" help:"Solve for the service that started it."`
}

// streams are the standard streams of a command, so that tests can run commands in-process.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// report is where a command writes for people: standard error where standard output ("-") takes one of its files.
func (s streams) report(files ...string) io.Writer {
	if slices.Contains(files, "-") {
		return s.err
	}
	return s.out
}

// exitError carries the exit status that the contract gives a failure.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// The exit statuses of the contract.
const (
	exitOther      = 1
	exitUsage      = 2
	exitInfeasible = 3
	exitSolver     = 4
)

// oneLine is the text of an error in one line, also where it joins several.
func oneLine(err error) string {
	lines := strings.Split(err.Error(), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.ReplaceAll(strings.Join(lines, "; "), ":; ", ": ")
}

// badInput marks err as wrong use or bad input: exit status 2, one line.
func badInput(err error) error { return &exitError{exitUsage, err} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run parses args, runs the command and returns the exit status.
func run(ctx context.Context, args []string, io streams) int {
	var c cli
	status := -1
	parser, err := kong.New(&c,
		kong.Name("drumbeat"),
		kong.Description("Event-driven supply replanning: sales in, certified supply plans out."),
		kong.Writers(io.out, io.err),
		kong.Exit(func(code int) { status = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(io, &configFile{}),
		kong.UsageOnError(),
		kong.Vars{"version": release()},
	)
	if err != nil {
		panic(err) // the command line's own definition is wrong
	}
	k, err := parser.Parse(args)
	if status >= 0 { // --help
		return status
	}
	if err != nil {
		err = badInput(err)
	} else if err = refusePasswords(k); err == nil {
		err = k.Run()
	}
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	fmt.Fprintf(io.err, "drumbeat: %s\n", oneLine(err))
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.status
	}
	return exitOther
}

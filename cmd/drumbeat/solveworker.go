package main

import (
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"

	"drumbeat/cmd/drumbeat/internal/solver"
	"drumbeat/optimize/clp"
)

// solveWorker is the name of the hidden command that the service starts for its solves.
const solveWorker = "solve-worker"

type solveWorkerCmd struct {
	Memory int64 `help:"Bytes that the process may take; 0: no limit."`
}

// Run solves what comes through standard input, until that ends. What ends the service is not for it: it is told by
// its input.
func (c *solveWorkerCmd) Run(std streams) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	answers := solver.Answers()
	if err := solver.LimitMemory(c.Memory); err != nil {
		return err
	}
	return solver.Serve(std.in, answers, clp.New)
}

// solveCommand starts this program as a solver. The file may have been replaced by a newer release since.
func solveCommand(memory int64) ([]string, error) {
	self := "/proc/self/exe"
	if runtime.GOOS != "linux" {
		var err error
		if self, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	return []string{self, solveWorker, "--memory=" + strconv.FormatInt(memory, 10)}, nil
}

package main

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"drumbeat/cmd/drumbeat/internal/solver"
)

// solveFlags say how the service solves: in processes of their own.
type solveFlags struct {
	Processes int           `env:"DRUMBEAT_SOLVE_PROCESSES" help:"Solver processes at most; 0: one a core."`
	Limit     time.Duration `env:"DRUMBEAT_SOLVE_LIMIT" default:"1m" help:"Longest time of one solve; the former plan then stands as degraded."`
	Memory    int64         `env:"DRUMBEAT_SOLVE_MEMORY" default:"6144" placeholder:"MIB" help:"Memory that a solver process may take, in MiB; 0: no limit."`
}

func (c *solveFlags) validate() error {
	if c.Processes < 0 || c.Limit <= 0 || c.Memory < 0 || c.Memory > 1<<30 {
		return badInput(fmt.Errorf("--solve-processes %d, --solve-limit %v, --solve-memory %d: not below 0, and the limit above", c.Processes, c.Limit, c.Memory))
	}
	if c.Memory > 0 && c.Memory < leastSolveMemory {
		return badInput(fmt.Errorf("--solve-memory: %d MiB are too few for any plan, %d are the least", c.Memory, leastSolveMemory))
	}
	return nil
}

// leastSolveMemory is what a process takes that solves nothing, and some room.
const leastSolveMemory = 256

// pool makes the solvers.
func (c *solveFlags) pool(registry prometheus.Registerer, log *slog.Logger) (*solver.Pool, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	command, err := solveCommand(c.Memory << 20)
	if err != nil {
		return nil, err
	}
	return solver.NewPool(solver.Config{
		Command: command, Parallel: c.Processes, Limit: c.Limit, Metrics: solver.NewMetrics(registry), Log: log,
	})
}

package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"drumbeat/optimize"
)

// Highs is the solver HiGHS, by its Python interface.
type Highs struct {
	*peer
	limit time.Duration
}

// StartHighs starts HiGHS, in the checkout that dir lies in. No cold solve takes longer than limit.
func StartHighs(ctx context.Context, dir string, limit time.Duration, log io.Writer) (*Highs, error) {
	p, err := startPeer(ctx, dir, "highs.py", log)
	return &Highs{p, limit}, err
}

// String is the name with the version.
func (h *Highs) String() string { return "HiGHS " + h.version }

// highsAnswer is how an LP was solved: seconds of the clock of passing it and of solving it, and seconds of processors of both.
type highsAnswer struct {
	Build, Solve, Processor, Objective float64
	Optimal                            bool
}

func (a *highsAnswer) seconds() float64 { return a.Build + a.Solve }

// load hands over an LP; that is not measured.
func (h *Highs) load(ctx context.Context, lp *optimize.LP) (err error) {
	f, err := os.CreateTemp("", "drumbeat-lp-*")
	if err != nil {
		return fmt.Errorf("bench: peers: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	w := bufio.NewWriter(f)
	for _, part := range []any{lp.Cost, lp.Lower, lp.Upper, lp.Value, lp.RowLower, lp.RowUpper, lp.Start, lp.Index} {
		err = errors.Join(err, binary.Write(w, binary.LittleEndian, part))
	}
	if err = errors.Join(err, w.Flush(), f.Close()); err != nil {
		return fmt.Errorf("bench: peers: %w", err)
	}
	return h.ask(ctx, map[string]any{"load": f.Name(), "columns": lp.Columns(), "rows": lp.Rows(), "entries": len(lp.Index)}, &struct{}{})
}

// cold solves the loaded LP from nothing.
func (h *Highs) cold(ctx context.Context, solver string) (a highsAnswer, err error) {
	err = h.ask(ctx, map[string]any{"cold": solver, "limit": h.limit.Seconds()}, &a)
	return a, err
}

// warm changes rows to those of lp, where the two differ, and solves on from the last basis.
func (h *Highs) warm(ctx context.Context, from, lp *optimize.LP) (a highsAnswer, err error) {
	var rows []int
	var lower, upper []float64
	for i := range lp.RowUpper {
		if lp.RowUpper[i] != from.RowUpper[i] {
			rows, lower, upper = append(rows, i), append(lower, max(-1e300, lp.RowLower[i])), append(upper, lp.RowUpper[i])
		}
	}
	err = h.ask(ctx, map[string]any{"rows": rows, "lower": lower, "upper": upper}, &a)
	return a, err
}

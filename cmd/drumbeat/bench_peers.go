package main

import (
	"context"
	"errors"
	"fmt"

	"drumbeat/cmd/drumbeat/internal/bench"
)

// forecast is bench forecast, with the peers if they are wanted and installed.
func (c *benchCmd) forecast(std streams) func(context.Context, func(bench.Row)) error {
	return func(ctx context.Context, report func(bench.Row)) (err error) {
		if !c.Peers {
			return bench.Forecast(ctx, nil, report)
		}
		peers, err := bench.StartPeers(ctx, ".", std.err)
		if errors.Is(err, bench.ErrNoPeers) {
			fmt.Fprintf(std.err, "  beside peers: left out: %v\n", err)
			return bench.Forecast(ctx, nil, report)
		}
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, peers.Close()) }()
		return bench.Forecast(ctx, peers, report)
	}
}

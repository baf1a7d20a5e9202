package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"drumbeat/cmd/drumbeat/internal/bench"
)

// forecast is bench forecast, with the peers if they are wanted and installed.
func (c *benchCmd) forecast(std streams) func(context.Context, func(bench.Row)) error {
	return func(ctx context.Context, report func(bench.Row)) error {
		return withPeer(c.Peers, std, func() (*bench.Peers, error) { return bench.StartPeers(ctx, ".", std.err) }, func(peers *bench.Peers) error {
			return bench.Forecast(ctx, peers, report)
		})
	}
}

// plans is bench plan, with HiGHS if it is wanted and installed.
func (c *benchCmd) plans(std streams) func(context.Context, func(bench.Row)) error {
	return func(ctx context.Context, report func(bench.Row)) error {
		return withPeer(c.Peers, std, c.highs(ctx, std), func(highs *bench.Highs) error {
			if err := bench.Plan(ctx, c.Long, report); err != nil || highs == nil {
				return err
			}
			return bench.PlanBeside(ctx, highs, c.Long, report)
		})
	}
}

func (c *benchCmd) highs(ctx context.Context, std streams) func() (*bench.Highs, error) {
	return func() (*bench.Highs, error) { return bench.StartHighs(ctx, ".", c.PeerLimit, std.err) }
}

// withPeer runs a benchmark with a started peer, or with nil where none is wanted or installed.
func withPeer[P interface {
	comparable
	io.Closer
}](wanted bool, std streams, start func() (P, error), run func(P) error) (err error) {
	var none P
	if !wanted {
		return run(none)
	}
	peer, err := start()
	if errors.Is(err, bench.ErrNoPeers) {
		fmt.Fprintf(std.err, "  beside peers: left out: %v\n", err)
		return run(none)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, peer.Close()) }()
	return run(peer)
}

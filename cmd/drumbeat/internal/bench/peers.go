package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// peerModels are the models that deploy/peers/peers.py knows.
var peerModels = []string{"autoets", "prophet"}

// ErrNoPeers says that deploy/peers/setup has not been run.
var ErrNoPeers = errors.New("the Python environment of the peers is missing; deploy/peers/setup makes it")

// Peers are forecasting libraries in a process of their own.
type Peers struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// StartPeers starts the driver of the checkout that dir lies in, and waits until it has loaded its libraries.
func StartPeers(ctx context.Context, dir string, log io.Writer) (*Peers, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("bench: peers: %w", err)
	}
	const python = "deploy/.cache/peers/bin/python"
	for {
		if _, err := os.Stat(filepath.Join(root, python)); err == nil {
			break
		}
		up := filepath.Dir(root)
		if up == root {
			return nil, ErrNoPeers
		}
		root = up
	}
	p := &Peers{process: exec.CommandContext(ctx, filepath.Join(root, python), filepath.Join(root, "deploy/peers/peers.py"))}
	p.process.Stderr = log
	if p.in, err = p.process.StdinPipe(); err != nil {
		return nil, fmt.Errorf("bench: peers: %w", err)
	}
	out, err := p.process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("bench: peers: %w", err)
	}
	p.out = bufio.NewReader(out)
	if err := p.process.Start(); err != nil {
		return nil, fmt.Errorf("bench: peers: %w", err)
	}
	var hello struct{ Ready bool }
	if err := p.answer(&hello); err != nil || !hello.Ready {
		return nil, errors.Join(fmt.Errorf("bench: peers: not ready: %w", err), p.Close())
	}
	return p, nil
}

// fit is the processor time in seconds in which a model fits and forecasts a series.
func (p *Peers) fit(ctx context.Context, model string, c *forecastCase, y []float64) (float64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	err := json.NewEncoder(p.in).Encode(map[string]any{"model": model, "season": c.config.Season, "horizon": c.lead, "y": y})
	if err != nil {
		return 0, fmt.Errorf("bench: peers: %w", err)
	}
	var a struct{ Seconds float64 }
	if err := p.answer(&a); err != nil {
		return 0, fmt.Errorf("bench: peers: %s: %w", model, err)
	}
	return a.Seconds, nil
}

func (p *Peers) answer(to any) error {
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, to)
}

// Close ends the process.
func (p *Peers) Close() error {
	return errors.Join(p.in.Close(), p.process.Wait())
}

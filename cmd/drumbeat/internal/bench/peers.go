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

// ErrNoPeers says that deploy/peers/setup has not been run, or when it made something else.
var ErrNoPeers = errors.New("the Python environment of the peers is missing or another one; deploy/peers/setup makes it")

// peer is a driver of other libraries in a process of its own. It answers each line of JSON with one.
type peer struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	version string // of the library, if it says so
}

// startPeer starts a script of deploy/peers in the checkout that dir lies in, and waits until it has loaded its libraries.
func startPeer(ctx context.Context, dir, script string, log io.Writer) (*peer, error) {
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
	p := &peer{process: exec.CommandContext(ctx, filepath.Join(root, python), filepath.Join(root, "deploy/peers", script))}
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
	var hello struct {
		Ready   bool
		Version string
	}
	if err := p.answer(&hello); err != nil || !hello.Ready {
		return nil, errors.Join(fmt.Errorf("%w (%s does not start)", ErrNoPeers, script), err, p.Close())
	}
	p.version = hello.Version
	return p, nil
}

// ask sends a question and reads the answer.
func (p *peer) ask(ctx context.Context, question, answer any) error {
	err := ctx.Err()
	if err == nil {
		err = json.NewEncoder(p.in).Encode(question)
	}
	if err == nil {
		err = p.answer(answer)
	}
	if err != nil {
		return fmt.Errorf("bench: peers: %w", err)
	}
	return nil
}

func (p *peer) answer(to any) error {
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, to)
}

// Close ends the process.
func (p *peer) Close() error {
	return errors.Join(p.in.Close(), p.process.Wait())
}

// Peers are forecasting libraries.
type Peers struct{ *peer }

// peerModels are the models that deploy/peers/peers.py knows.
var peerModels = []string{"autoets", "prophet"}

// StartPeers starts AutoETS and Prophet, in the checkout that dir lies in.
func StartPeers(ctx context.Context, dir string, log io.Writer) (*Peers, error) {
	p, err := startPeer(ctx, dir, "peers.py", log)
	return &Peers{p}, err
}

// fit is the processor time in seconds in which a model fits and forecasts a series.
func (p *Peers) fit(ctx context.Context, model string, c *forecastCase, y []float64) (float64, error) {
	var a struct{ Seconds float64 }
	err := p.ask(ctx, map[string]any{"model": model, "season": c.config.Season, "horizon": c.lead, "y": y}, &a)
	return a.Seconds, err
}

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// readyCmd asks a service for what a probe would, for containers without another program.
type readyCmd struct {
	Address string        `env:"DRUMBEAT_ADDRESS" default:"127.0.0.1:8080" help:"Where its HTTP listens."`
	Timeout time.Duration `default:"4s" help:"Give up after this long."`
}

func (c *readyCmd) Run(ctx context.Context, std streams) error {
	host, port, err := net.SplitHostPort(c.Address)
	if err != nil {
		return badInput(fmt.Errorf("--address: %w", err))
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, stop := context.WithTimeout(ctx, c.Timeout)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return badInput(fmt.Errorf("--address: %w", err))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.TrimSpace(string(body)))
	}
	_, err = std.out.Write(body)
	return err
}

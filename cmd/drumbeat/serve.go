package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/schemas"
	"drumbeat/stream"
)

type serveCmd struct {
	Roles       []string      `env:"DRUMBEAT_ROLES" default:"intake,planner,web" help:"What this process does: intake, planner, web."`
	Input       []string      `env:"DRUMBEAT_INPUT" default:"erp.sales" help:"The input topics."`
	Group       string        `env:"DRUMBEAT_GROUP" default:"drumbeat" help:"Consumer group of the planners; intake adds -intake."`
	Session     time.Duration `env:"DRUMBEAT_SESSION" default:"30s" help:"How long a process may be silent before its partitions go to others."`
	Postgres    string        `required:"" env:"DRUMBEAT_POSTGRES" placeholder:"DSN" help:"Connection string; PGPASSWORD and PGPASSFILE keep the password out of it."`
	Address     string        `env:"DRUMBEAT_ADDRESS" default:"127.0.0.1:8080" help:"Where HTTP listens: /v1, /metrics, /healthz, /readyz."`
	Tokens      string        `env:"DRUMBEAT_TOKENS" placeholder:"FILE" help:"Bearer tokens of HTTP, lines of role (read, plan, operate), name and token; needed for an address beyond this machine."`
	Retention   time.Duration `env:"DRUMBEAT_RETENTION" default:"168h" help:"How long changed lines and forecasts of old revisions are kept."`
	Heartbeat   time.Duration `env:"DRUMBEAT_HEARTBEAT" default:"5s" help:"How often a heartbeat goes through the whole pipeline of each partition that has a site, as the measure of freshness; 0: never."`
	Clock       string        `env:"DRUMBEAT_CLOCK" default:"wall" enum:"wall,event" help:"Clock of sites whose policy names none: ${enum}."`
	Breaker     float64       `env:"DRUMBEAT_BREAKER_SHARE" name:"breaker-share" default:"0.5" help:"Share of rejected records among a site's newest 500 to 1,000 beyond which the site is held until an operator's release-breaker; 0: never."`
	CheckConfig bool          `help:"Check the configuration, print what holds, and stop."`
	LogFormat   string        `env:"DRUMBEAT_LOG_FORMAT" default:"auto" enum:"auto,json,text" help:"Log lines: ${enum} (text on a terminal)."`
	LogLevel    slog.Level    `env:"DRUMBEAT_LOG_LEVEL" default:"info" help:"Least level of log lines."`

	Kafka    kafkaFlags    `embed:"" prefix:"kafka-"`
	Site     siteFlags     `embed:""`
	Capacity capacityFlags `embed:""`
	Solve    solveFlags    `embed:"" prefix:"solve-"`
}

// Run runs the service until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, std streams) error {
	log := newLog(std.err, c.LogFormat, c.LogLevel)
	config, err := c.Site.config(schemas.Clock(c.Clock), log)
	if err != nil {
		return err
	}
	c.Capacity.apply(&config)
	config.BreakerShare = c.Breaker
	if err := config.Validate(); err != nil {
		return badInput(err)
	}
	for _, r := range c.Roles {
		if !slices.Contains([]string{roleIntake, rolePlanner, roleWeb}, r) {
			return badInput(fmt.Errorf("--roles: %q is not intake, planner or web", r))
		}
	}
	if c.Heartbeat < 0 {
		return badInput(fmt.Errorf("--heartbeat %v is below 0", c.Heartbeat))
	}
	if err := c.Solve.validate(); err != nil {
		return err
	}
	tokens, err := c.tokens()
	if err != nil {
		return badInput(err)
	}
	client, err := c.Kafka.client(log)
	if err != nil {
		return err
	}
	defer client.Close()
	if c.CheckConfig {
		return c.print(std.out, &config)
	}
	s := service{
		kafka: client, postgres: c.Postgres, roles: c.Roles, inputs: c.Input, group: c.Group, session: c.Session,
		address: c.Address, tokens: tokens, retention: c.Retention, heartbeat: c.Heartbeat, processor: config, solve: c.Solve, log: log,
	}
	log.Info("starting", "roles", c.Roles, "inputs", c.Input, "address", c.Address)
	return s.run(ctx)
}

// tokens reads the file of tokens, which only an address of this machine can do without.
func (c *serveCmd) tokens() (web.Tokens, error) {
	if c.Tokens != "" {
		tokens, err := web.ReadTokens(c.Tokens)
		if err != nil {
			return nil, fmt.Errorf("--tokens: %w", err)
		}
		return tokens, nil
	}
	if !web.Local(c.Address) {
		return nil, fmt.Errorf("--address %s can be reached from elsewhere: name the tokens that are taken with --tokens", c.Address)
	}
	return nil, nil
}

// print shows the configuration that holds; the database's password is left out.
func (c *serveCmd) print(w io.Writer, config *stream.Config) error {
	body, err := json.MarshalIndent(map[string]any{
		"roles": c.Roles, "input": c.Input, "group": c.Group, "session": c.Session.String(), "address": c.Address,
		"retention": c.Retention.String(), "heartbeat": c.Heartbeat.String(), "default_site": c.Site.DefaultSite, "day_first": c.Site.DayFirst,
		"breaker_share": config.BreakerShare, "plan_every": config.PlanEvery, "capacity": c.Capacity.Capacity, "capacity_share": c.Capacity.CapacityShare,
		"kafka":  map[string]any{"brokers": c.Kafka.Brokers, "client_id": c.Kafka.ClientID, "tls": c.Kafka.TLS, "sasl": c.Kafka.SASL},
		"solve":  map[string]any{"processes": c.Solve.Processes, "limit": c.Solve.Limit.String(), "memory_mib": c.Solve.Memory},
		"policy": config.Settings,
	}, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, string(body))
	return err
}

// newLog is text on a terminal and JSON in service, unless a format is named.
func newLog(w io.Writer, format string, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "text" || format == "auto" && terminal.IsTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5/pgxpool"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/schemas"
	"drumbeat/stream/kafka"
)

type serveCmd struct {
	Config      configFlag    `env:"DRUMBEAT_CONFIG" placeholder:"FILE" help:"YAML file of settings: the names of the flags, without the dashes. Flags and variables override it."`
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
	Drain       time.Duration `env:"DRUMBEAT_DRAIN" default:"0s" help:"How long HTTP still answers after SIGTERM, not ready any more, where a load balancer needs time to notice."`
	CheckConfig bool          `help:"Check the configuration and all files that it names, print what holds and from where, and stop."`
	LogFormat   string        `env:"DRUMBEAT_LOG_FORMAT" default:"auto" enum:"auto,json,text" help:"Log lines: ${enum} (text on a terminal)."`
	LogLevel    slog.Level    `env:"DRUMBEAT_LOG_LEVEL" default:"info" help:"Least level of log lines."`

	Kafka    kafkaFlags    `embed:"" prefix:"kafka-"`
	Site     siteFlags     `embed:""`
	Capacity capacityFlags `embed:""`
	Solve    solveFlags    `embed:"" prefix:"solve-"`
}

// Run runs the service until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, std streams, k *kong.Context, file *configFile) error {
	set := settings{k, file}
	log := newLog(std.err, c.LogFormat, c.LogLevel)
	for _, r := range c.Roles {
		if !slices.Contains([]string{roleIntake, rolePlanner, roleWeb}, r) {
			return set.wrong(fmt.Errorf("--roles: %q is not intake, planner or web", r), "roles")
		}
	}
	config, err := c.Site.config(schemas.Clock(c.Clock), log)
	if err == nil {
		c.Capacity.apply(&config)
		config.BreakerShare = c.Breaker
		err = config.Validate()
	}
	if err != nil {
		return set.wrong(err, "default-site", "time-zone", "country", "period", "horizon", "plan-every", "capacity", "capacity-share", "breaker-share")
	}
	if len(c.Input) == 0 {
		return set.wrong(errors.New("--input: no topic"), "input")
	}
	if c.Heartbeat < 0 {
		return set.wrong(fmt.Errorf("--heartbeat: %v is below 0", c.Heartbeat), "heartbeat")
	}
	if err := c.Solve.validate(); err != nil {
		return set.wrong(err, "solve-processes", "solve-limit", "solve-memory")
	}
	tokens, err := c.tokens()
	if err != nil {
		return set.wrong(err, "tokens", "address")
	}
	if _, err := pgxpool.ParseConfig(c.Postgres); err != nil { // its text leaves the password out
		return set.wrong(fmt.Errorf("--postgres: %w", err), "postgres")
	}
	groups := kafka.GroupConfig{ID: c.Group, Session: c.Session}
	if err := groups.Validate(); err != nil {
		return set.wrong(err, "group", "session")
	}
	if c.Drain < 0 || c.Drain > time.Minute {
		return set.wrong(fmt.Errorf("--drain: %v is not within 0 and a minute", c.Drain), "drain")
	}
	client, err := c.Kafka.client(log)
	if err != nil {
		return set.wrong(err, "kafka-brokers", "kafka-tls", "kafka-ca", "kafka-cert", "kafka-key", "kafka-sasl", "kafka-user", "kafka-password-file")
	}
	defer client.Close()
	if c.CheckConfig {
		return set.print(std.out, config.Settings)
	}
	s := service{
		kafka: client, postgres: c.Postgres, roles: c.Roles, inputs: c.Input, group: c.Group, session: c.Session,
		address: c.Address, tokens: tokens, retention: c.Retention, drain: c.Drain, heartbeat: c.Heartbeat, processor: config, solve: c.Solve, log: log,
	}
	log.Info("starting", "version", release(), "roles", c.Roles, "inputs", c.Input, "address", c.Address)
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

// newLog is text on a terminal and JSON in service, unless a format is named.
func newLog(w io.Writer, format string, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "text" || format == "auto" && terminal.IsTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/cmd/drumbeat/internal/web/api"
	"drumbeat/cmd/drumbeat/internal/web/console"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/postgres"
)

// serveConsole adds the console to a server, on the same reads and writes as the API.
func serveConsole(server *web.Server, tokens web.Tokens, reader view.Reader, answers *api.API, metrics prometheus.Gatherer, log *slog.Logger) error {
	var signIn console.SignIn
	if len(tokens) > 0 {
		signIn = tokens.SignIn
	}
	pages, err := console.New(console.Config{
		Reader: reader, Log: log, Lag: lagOf(metrics), SignIn: signIn,
		Ask: func(ctx context.Context, site string, o *optimize.Overrides) (*optimize.Answer, error) {
			answer, err := answers.Ask(ctx, site, o)
			return answer, refused(err)
		},
		Submit: func(ctx context.Context, site string, kind schemas.Type, data any) error {
			return refused(answers.Decide(ctx, site, kind, data))
		},
		Resend: func(ctx context.Context, site, reason string) (int, error) {
			n, err := answers.Replay(ctx, site, reason)
			return n, refused(err)
		},
	})
	if err != nil {
		return err
	}
	pages.Routes(server.HandleFor)
	return nil
}

// refused is err with the console's mark on what a planner can mend.
func refused(err error) error {
	if !errors.Is(err, api.ErrRefused) {
		return err
	}
	return fmt.Errorf("%w: %s", console.ErrRefused, strings.TrimPrefix(err.Error(), api.ErrRefused.Error()+": "))
}

// fixLetter sets members of a dead letter's data as dead-letters replay --set does.
func fixLetter(l *view.Letter, set map[string]any) (*view.Letter, string, error) {
	fields := map[string]string{}
	for name, v := range set {
		value, err := json.Marshal(v)
		if err != nil {
			return l, "", err
		}
		fields[name] = string(value)
	}
	fixed, id, err := fixFields(&postgres.Letter{DeadLetter: stream.DeadLetter{
		OriginTopic: l.Topic, OriginPartition: l.Partition, OriginOffset: l.Offset, Key: l.RawKey, Value: l.RawValue, Headers: l.Headers,
	}}, fields)
	if err != nil {
		return l, "", err
	}
	out := *l
	out.RawValue, out.Headers = fixed.Value, fixed.Headers
	return &out, id, nil
}

// lagOf reads how far intake is behind from the metrics of this process; a process without intake does not
// know.
func lagOf(metrics prometheus.Gatherer) console.Lag {
	return func() map[console.Input]float64 {
		families, err := metrics.Gather()
		if err != nil {
			return nil // a broken collector is told of by /metrics
		}
		lags := map[console.Input]float64{}
		for _, f := range families {
			if f.GetName() != "drumbeat_intake_lag_records" {
				continue
			}
			for _, m := range f.GetMetric() {
				var in console.Input
				for _, l := range m.GetLabel() {
					switch l.GetName() {
					case "topic":
						in.Topic = l.GetValue()
					case "partition":
						n, err := strconv.ParseInt(l.GetValue(), 10, 32)
						if err != nil {
							continue // no partition of a topic
						}
						in.Partition = int32(n)
					}
				}
				lags[in] = m.GetGauge().GetValue()
			}
		}
		return lags
	}
}

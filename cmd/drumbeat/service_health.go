package main

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
)

// beat returns how a heartbeat is written to each input topic: they are stages that can fail one by one.
func (s *service) beat() func(ctx context.Context, site string, at time.Time) error {
	producer := kafka.NewProducer(s.kafka)
	return func(ctx context.Context, site string, at time.Time) error {
		value, err := schemas.Encode(&schemas.Event{
			ID: fmt.Sprintf("%s-%d", site, at.UnixNano()), Source: schemas.HeartbeatSource,
			Type: schemas.TypeHeartbeat, Time: at, HasTime: true, Site: site,
		})
		for _, topic := range s.inputs {
			if err == nil {
				err = producer.Send(ctx, topic, []stream.Message{{Key: []byte(site), Value: value}})
			}
		}
		return err
	}
}

// checkEvery is how often the checks of readiness are made for the metrics, and checkWithin how long one may take.
const (
	checkEvery  = 5 * time.Second
	checkWithin = 2 * time.Second
)

// newCheckMetric is the gauge of the checks of readiness.
func newCheckMetric(r prometheus.Registerer) *prometheus.GaugeVec {
	ok := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "drumbeat_check_ok", Help: "1 while a check of readiness holds: service, postgres, kafka, partitions.",
	}, []string{"check"})
	r.MustRegister(ok)
	return ok
}

// watch shows whether the checks of readiness hold, until ctx ends.
func watch(ctx context.Context, checks []web.Check, ok *prometheus.GaugeVec) {
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	for {
		for _, c := range checks {
			asking, cancel := context.WithTimeout(ctx, checkWithin)
			holds := 1.0
			if c.Ready(asking) != nil {
				holds = 0
			}
			cancel()
			ok.WithLabelValues(c.Name).Set(holds)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

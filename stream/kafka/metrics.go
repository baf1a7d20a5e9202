package kafka

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"drumbeat/stream"
)

// intakeMetrics are what intake counts, by input topic.
type intakeMetrics struct {
	records, bytes, strays, large *prometheus.CounterVec
	behind, age                   *prometheus.GaugeVec
}

func newIntakeMetrics(r prometheus.Registerer) (*intakeMetrics, error) {
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "drumbeat", Subsystem: "intake", Name: name, Help: help,
		}, []string{"topic"})
	}
	m := &intakeMetrics{
		records: counter("records_total", "Records forwarded, dead letters for size among them."),
		bytes:   counter("bytes_total", "Bytes of keys and values forwarded."),
		strays:  counter("default_site_records_total", "Records without a readable site, sent to the default site."),
		large:   counter("too_large_records_total", "Records too large for the events topic, sent to the dead letters; one sent again counts again."),
		behind: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "drumbeat", Subsystem: "intake", Name: "lag_records",
			Help: "Offsets between the records forwarded and the end of the input partition.",
		}, []string{"topic", "partition"}),
		age: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "drumbeat", Subsystem: "intake", Name: "lag_seconds",
			Help: "How long ago the newest record that was forwarded had come to the input topic; 0 at the end of the partition.",
		}, []string{"topic", "partition"}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.records, m.bytes, m.strays, m.large, m.behind, m.age} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("kafka: intake metrics: %w", err)
		}
	}
	return m, nil
}

func (m *intakeMetrics) forwarded(topic string, records, bytes, strays int) {
	m.records.WithLabelValues(topic).Add(float64(records))
	m.bytes.WithLabelValues(topic).Add(float64(bytes))
	m.strays.WithLabelValues(topic).Add(float64(strays))
}

func (m *intakeMetrics) tooLarge(topic string) { m.large.WithLabelValues(topic).Inc() }

func (m *intakeMetrics) lag(topic string, partition int32, got *stream.Fetched) {
	behind, age := got.End-got.Next, 0.0
	if behind > 0 && !got.Newest.IsZero() {
		age = max(0, time.Since(got.Newest).Seconds())
	}
	m.behind.WithLabelValues(topic, strconv.Itoa(int(partition))).Set(float64(behind))
	m.age.WithLabelValues(topic, strconv.Itoa(int(partition))).Set(age)
}

// release forgets a partition that another member reads now.
func (m *intakeMetrics) release(topic string, partition int32) {
	m.behind.DeleteLabelValues(topic, strconv.Itoa(int(partition)))
	m.age.DeleteLabelValues(topic, strconv.Itoa(int(partition)))
}

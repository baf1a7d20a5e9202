package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"drumbeat/cmd/drumbeat/internal/solver"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
)

var updateReference = flag.Bool("update", false, "write deploy/metrics.md anew")

// metric is one that the service exports.
type metric struct {
	name, help string
	kind       string // counter, gauge, histogram
	labels     []string
}

// catalogue is a registerer that keeps what is registered, whether or not it has series yet.
type catalogue struct{ collectors []prometheus.Collector }

func (c *catalogue) Register(m prometheus.Collector) error {
	c.collectors = append(c.collectors, m)
	return nil
}

func (c *catalogue) MustRegister(list ...prometheus.Collector) {
	c.collectors = append(c.collectors, list...)
}

func (c *catalogue) Unregister(prometheus.Collector) bool { return false }

// described takes a description apart, which has no accessors.
var described = regexp.MustCompile(`^Desc\{fqName: ("(?:[^"\\]|\\.)*"), help: ("(?:[^"\\]|\\.)*"), (?:unit: "[^"]*", )?constLabels: \{\}, variableLabels: \{([^}]*)\}\}$`)

// exported are the metrics of all roles, by name.
func exported(t *testing.T) []metric {
	t.Helper()
	var c catalogue
	stream.NewMetrics(&c)
	solver.NewMetrics(&c)
	newCheckMetric(&c)
	newReleaseMetric(&c)
	client, err := kafka.NewClient(kafka.Config{Brokers: []string{"127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kafka.NewIntake(client, kafka.IntakeConfig{Group: kafka.GroupConfig{ID: "g"}, DefaultSite: "plant", Registerer: &c}); err != nil {
		t.Fatal(err)
	}
	var list []metric
	for _, collector := range c.collectors {
		descriptions := make(chan *prometheus.Desc, 10)
		collector.Describe(descriptions)
		close(descriptions)
		for d := range descriptions {
			parts := described.FindStringSubmatch(d.String())
			if parts == nil {
				t.Fatalf("description %s", d)
			}
			m := metric{kind: kindOf(collector)}
			if m.name, err = strconv.Unquote(parts[1]); err == nil {
				m.help, err = strconv.Unquote(parts[2])
			}
			if err != nil {
				t.Fatal(err)
			}
			if parts[3] != "" {
				m.labels = strings.Split(parts[3], ",")
			}
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b metric) int { return strings.Compare(a.name, b.name) })
	return list
}

// kindOf is the type of what a collector collects; one of our own has counters only.
func kindOf(c prometheus.Collector) string {
	switch c.(type) {
	case *prometheus.GaugeVec, prometheus.Gauge:
		return "gauge"
	case prometheus.Histogram, *prometheus.HistogramVec:
		return "histogram"
	}
	return "counter"
}

// unit is what a metric counts or measures, by its name.
func (m *metric) unit() string {
	words := strings.Split(strings.TrimSuffix(strings.TrimPrefix(m.name, "drumbeat_"), "_total"), "_")
	switch last := words[len(words)-1]; last {
	case "seconds":
		if len(words) > 1 && words[len(words)-2] == "timestamp" {
			return "Unix time in seconds"
		}
		return last
	case "cost", "price":
		return "money of the site"
	case "held", "blocked", "ok", "status":
		return "0 or 1"
	case "skus":
		return "SKUs"
	case "read":
		return "records"
	case "bytes", "ratio", "records", "units", "sites", "revisions", "rows", "partitions", "iterations", "rounds", "moves", "solves", "processes", "plans", "heartbeats", "changes", "resends", "failures", "saves", "restarts":
		return last
	}
	return ""
}

// metricReference is where the reference stands, made by go test ./cmd/drumbeat -run TestMetricReference -args -update.
const metricReference = "deploy/metrics.md"

func TestMetricReference(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("# Metrics\n\n" +
		"What `/metrics` of `drumbeat serve` shows beside the figures of the Go runtime and of the process. Written by\n" +
		"`go test ./cmd/drumbeat -run TestMetricReference -args -update`.\n\n" +
		"A partition and a site are shown by the process that owns them. No label names a SKU, so the number of series\n" +
		"depends on sites, partitions, resources and topics alone.\n\n" +
		"| metric | type | labels | unit | meaning |\n|---|---|---|---|---|\n")
	for _, m := range exported(t) {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", m.name, m.kind, strings.Join(m.labels, ", "), m.unit(), m.help)
	}
	path := filepath.Join(repository, metricReference)
	if *updateReference {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stored, b.Bytes()) {
		t.Errorf("%s does not list what the service exports: run go test ./cmd/drumbeat -run TestMetricReference -args -update", metricReference)
	}
}

// Names follow the rules of Prometheus, everything has a help text that is a sentence, and nothing is labelled by SKU.
func TestMetricNames(t *testing.T) {
	var text bytes.Buffer
	for _, m := range exported(t) {
		fmt.Fprintf(&text, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", m.name, m.help, m.kind)
		if m.kind == "histogram" {
			fmt.Fprintf(&text, "%s_bucket{le=\"+Inf\"} 1\n%[1]s_sum 1\n%[1]s_count 1\n", m.name)
		} else {
			fmt.Fprintf(&text, "%s 1\n", m.name)
		}
		if !strings.HasPrefix(m.name, "drumbeat_") || !strings.HasSuffix(m.help, ".") {
			t.Errorf("%s: %q", m.name, m.help)
		}
		if slices.Contains(m.labels, "sku") {
			t.Errorf("%s has a series for each SKU", m.name)
		}
	}
	problems, err := promlint.New(&text).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// checkListed wants every series of ours that a service shows to belong to a metric of the reference.
func checkListed(t *testing.T, series map[string]float64) {
	t.Helper()
	listed := map[string]bool{}
	for _, m := range exported(t) {
		listed[m.name] = true
		if m.kind == "histogram" {
			listed[m.name+"_bucket"], listed[m.name+"_sum"], listed[m.name+"_count"] = true, true, true
		}
	}
	shown := 0
	for key := range series {
		if name, _, _ := strings.Cut(key, "{"); strings.HasPrefix(name, "drumbeat_") {
			if shown++; !listed[name] {
				t.Errorf("the service shows %s, which is not in %s", key, metricReference)
			}
		}
	}
	if shown < 50 {
		t.Errorf("%d series of ours", shown)
	}
}

package stream

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the figures of a Runner. Counters of records are absolute since the site began, as they
// are saved: they survive a restart and count a re-read record once. deploy/metrics.md lists them all.
type Metrics struct {
	Fenced, SaveFailures, PublishFailures, Overwritten, Published, Resends, ClockBacks prometheus.Counter
	SaveRows, Changes, Heartbeats, HeartbeatFailures                                   prometheus.Counter
	Recovering                                                                         prometheus.Gauge

	Blocked, Lag, LagSeconds, Epoch, Offset, PublishBacklog *prometheus.GaugeVec   // partition
	Dirty, DirtySKUs, Waiting, Oldest, LastSave, LastBeat   *prometheus.GaugeVec   // partition
	RecoveryPhase                                           *prometheus.GaugeVec   // partition, phase
	Revision, PlanCreated, PeriodEnd, Shortage, Moved, Cost *prometheus.GaugeVec   // site
	Gap, Found, Held, HeldRecords, OpenSales, EarlyDays     *prometheus.GaugeVec   // site
	Status                                                  *prometheus.GaugeVec   // site, status
	Load, Price                                             *prometheus.GaugeVec   // site, resource
	FrozenMoves, Late                                       *prometheus.CounterVec // site
	Plans                                                   *prometheus.CounterVec // site, status
	Solves                                                  *prometheus.CounterVec // outcome, start
	Saves, SolveSeconds, Iterations, Rounds, Recovery       prometheus.Histogram
	ChangeSeconds, HeartbeatSeconds                         prometheus.Histogram

	accuracy accuracyMetrics
	audit    auditCollector

	ofPartition, ofSite []series // what is shown of a partition, and of a site, while it is ours

	mu         sync.Mutex
	resends    map[int32]int64
	clockBacks map[int32]int64
}

// series are those of one metric, by their labels.
type series interface {
	prometheus.Collector
	DeletePartialMatch(labels prometheus.Labels) int
}

// freshnessBuckets hold the limit of the service level, 10 s, as a bound.
var freshnessBuckets = []float64{.1, .25, .5, 1, 2, 3, 5, 7.5, 10, 15, 30, 60, 120, 300, 900, 3600}

// NewMetrics makes the metrics and registers them; a nil registerer registers nothing.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{accuracy: newAccuracyMetrics(), resends: map[int32]int64{}, clockBacks: map[int32]int64{}}
	m.audit.rows = map[auditKey]AuditRow{}
	all := []prometheus.Collector{&m.audit}
	add := func(c prometheus.Collector) { all = append(all, c) }
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "drumbeat_" + name, Help: help})
		add(c)
		return c
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "drumbeat_" + name, Help: help}, labels)
		add(c)
		if labels[0] == "site" {
			m.ofSite = append(m.ofSite, c)
		}
		return c
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "drumbeat_" + name, Help: help}, labels)
		add(g)
		if labels[0] == "site" {
			m.ofSite = append(m.ofSite, g)
		} else {
			m.ofPartition = append(m.ofPartition, g)
		}
		return g
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "drumbeat_" + name, Help: help, Buckets: buckets, NativeHistogramBucketFactor: 1.1,
		})
		add(h)
		return h
	}
	seconds := prometheus.ExponentialBuckets(0.001, 2, 18)

	m.Lag = gauge("lag_records", "Records of the partition that are not folded yet.", "partition")
	m.LagSeconds = gauge("lag_seconds", "How long ago the newest record that was read had come to the events topic; 0 at the end of the partition.", "partition")
	m.Offset = gauge("saved_offset", "Next offset of the newest saved state.", "partition")
	m.Resends = counter("intake_resends_total", "Records that intake sent again, dropped by their origin offset.")
	m.Late = counters("late_records_total", "Sales and cancellations of a day that had settled, 16 days ago or more, when they came.", "site")
	m.ClockBacks = counter("clock_back_total", "Ticks of a clock that went back.")
	m.Held = gauge("site_held", "1 while a site is held: too many of its records were rejected.", "site")
	m.HeldRecords = gauge("site_held_records", "Records that wait in the log because their site is held.", "site")
	m.OpenSales = gauge("site_open_sales", "Sales of the open days that are kept one by one, at most.", "site")
	m.EarlyDays = gauge("site_settled_early", "Days that have settled before their time, for want of room.", "site")
	m.Found = gauge("impossible_stock_skus", "SKUs of which more went out since their newest count than was believed to be there.", "site")

	m.Waiting = gauge("debounce_waiting_sites", "Sites with a change that no plan covers yet, immaterial ones included.", "partition")
	m.Oldest = gauge("debounce_oldest_change_seconds", "Age of the oldest material change that no plan covers, by the wall clock; 0: there is none.", "partition")
	m.Changes = counter("material_changes_total", "Times that a material change began to wait for a plan; those that join it are not counted.")
	m.ChangeSeconds = histogram("change_to_published_seconds",
		"Time from the first material change to the published plan that covers it, by the wall clock; an observation a plan.", freshnessBuckets)

	m.Solves = counters("solves_total", "Solves by outcome (optimal, infeasible, degraded, failed, refused, cancelled) and start (cold, warm).", "outcome", "start")
	for _, outcome := range []string{"optimal", "infeasible", "degraded", "failed", "refused", "cancelled"} {
		m.Solves.WithLabelValues(outcome, "cold") // a rate needs the zero
	}
	m.SolveSeconds = histogram("solve_seconds", "Time of a solve, waiting for a free solver included.", seconds)
	m.Iterations = histogram("solve_iterations", "Simplex iterations of a solve.", prometheus.ExponentialBuckets(1, 4, 11))
	m.Rounds = histogram("solve_rounds", "Linear programmes that one solve took.", prometheus.ExponentialBuckets(1, 2, 9))

	m.Plans = counters("plans_total", "Saved revisions by status: optimal, infeasible, degraded.", "site", "status")
	m.Status = gauge("plan_status", "1 for the status of the newest revision (optimal, infeasible, degraded), 0 for the others.", "site", "status")
	m.Revision = gauge("plan_revision", "Newest revision of the site's plan.", "site")
	m.PlanCreated = gauge("plan_created_timestamp_seconds", "When the newest plan was made.", "site")
	m.PeriodEnd = gauge("plan_period_end_timestamp_seconds", "When the first period of the newest plan ends, after which another is due; of sites on the wall clock.", "site")
	m.Shortage = gauge("plan_shortage_units", "Units of demand that the newest plan does not serve.", "site")
	m.Moved = gauge("plan_moved_units", "Units of production that the newest plan moved against its baseline.", "site")
	m.Cost = gauge("plan_cost", "Cost of the newest plan in the site's currency.", "site")
	m.Gap = gauge("plan_gap_ratio", "Proven distance of the newest plan's objective from the optimum, relative to it.", "site")
	m.FrozenMoves = counters("plan_frozen_moves_total", "Values that moved inside the frozen periods; always 0.", "site")
	m.Load = gauge("resource_load_ratio", "Share of a resource's capacity over the horizon that the newest plan uses; unlimited ones are left out.", "site", "resource")
	m.Price = gauge("resource_price", "What one unit of capacity more would save in the period where it saves most, in the site's currency.", "site", "resource")

	m.Saves = histogram("save_seconds", "Time of a save.", seconds)
	m.SaveRows = counter("save_rows_total", "Rows written by saves.")
	m.SaveFailures = counter("save_failures_total", "Saves that failed and were tried again.")
	m.LastSave = gauge("last_save_timestamp_seconds", "When the partition was saved last; 0: not since it is owned.", "partition")
	m.Dirty = gauge("unsaved_weight", "Changed SKUs, rows and letters that are not saved yet.", "partition")
	m.DirtySKUs = gauge("dirty_skus", "SKUs whose state has changed since the newest save.", "partition")
	m.Fenced = counter("fenced_saves_total", "Times that a newer owner of a partition was met.")
	m.Epoch = gauge("epoch", "Ownership epoch of the partition.", "partition")
	m.Blocked = gauge("partition_blocked", "1 while a partition cannot go on without a person.", "partition")
	m.Recovery = histogram("recovery_seconds", "Time from assignment to a loaded partition.", seconds)
	m.Recovering = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "drumbeat_recovering_partitions", Help: "Partitions that were assigned to this process and are not loaded yet."})
	add(m.Recovering)
	m.RecoveryPhase = gauge("recovery_phase_seconds",
		"Of the newest recovery: read (states from the store), decode, and models, which are read beside the work that has begun.", "partition", "phase")

	m.PublishBacklog = gauge("publish_backlog_revisions", "Revisions saved and not yet read back from the plans topic.", "partition")
	m.Published = counter("plan_records_published_total", "Records written to the plans topic.")
	m.PublishFailures = counter("publish_failures_total", "Publications that failed and were tried again.")
	m.Overwritten = counter("plan_records_overwritten_total", "Plan records of an older revision, written by someone else, that the owner overwrote.")

	m.Heartbeats = counter("heartbeats_total", "Heartbeats that were to be sent.")
	m.HeartbeatFailures = counter("heartbeat_failures_total", "Heartbeats that could not be written to the input topic.")
	m.HeartbeatSeconds = histogram("heartbeat_seconds", "Time of a heartbeat from the input topic until all that was saved with it is published.", freshnessBuckets)
	m.LastBeat = gauge("heartbeat_timestamp_seconds", "When the newest heartbeat that went through the partition was sent; 0: none has since it is owned.", "partition")

	for _, g := range m.accuracy.all() {
		add(g)
		m.ofSite = append(m.ofSite, g)
	}
	if r != nil {
		r.MustRegister(all...)
	}
	return m
}

func label(partition int32) string { return strconv.Itoa(int(partition)) }

func (m *Metrics) lag(partition int32, n int64) {
	m.Lag.WithLabelValues(label(partition)).Set(float64(max(0, n)))
}

// loaded starts the counters of a partition whose state was read: its Processor counts from zero.
func (m *Metrics) loaded(partition int32, took time.Duration) {
	m.Recovery.Observe(took.Seconds())
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.resends, partition)
	delete(m.clockBacks, partition)
}

// The phases of a recovery.
const (
	phaseRead   = "read"
	phaseDecode = "decode"
	phaseModels = "models"
)

func (m *Metrics) recovered(partition int32, phase string, took time.Duration) {
	m.RecoveryPhase.WithLabelValues(label(partition), phase).Set(took.Seconds())
}

package stream

import (
	"encoding/json"
	"errors"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// Metrics are the figures of a Runner. Counters of records are absolute since the site began, as they
// are saved: they survive a restart and count a re-read record once.
type Metrics struct {
	Fenced, SaveFailures, PublishFailures, Overwritten, Published, Resends, ClockBacks prometheus.Counter

	Blocked, Lag, Epoch, Offset, PublishBacklog         *prometheus.GaugeVec // partition
	Revision, PlanCreated, Shortage, Moved, Cost, Found *prometheus.GaugeVec // site
	FrozenMoves                                         *prometheus.CounterVec
	Solves                                              *prometheus.CounterVec // outcome, start
	Saves                                               prometheus.Histogram
	SaveRows                                            prometheus.Counter
	SolveSeconds, Recovery, ToPlan                      prometheus.Histogram
	Dirty                                               *prometheus.GaugeVec
	Held, HeldRecords, OpenSales, EarlyDays             *prometheus.GaugeVec // site
	RecoveryPhase                                       *prometheus.GaugeVec // partition, phase

	accuracy accuracyMetrics
	audit    auditCollector

	mu         sync.Mutex
	resends    map[int32]int64
	clockBacks map[int32]int64
}

// NewMetrics makes the metrics and registers them; a nil registerer registers nothing.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "drumbeat_" + name, Help: help})
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "drumbeat_" + name, Help: help}, labels)
	}
	histogram := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "drumbeat_" + name, Help: help, Buckets: prometheus.ExponentialBuckets(0.001, 2, 18),
			NativeHistogramBucketFactor: 1.1,
		})
	}
	m := &Metrics{
		Fenced:          counter("fenced_saves_total", "Times that a newer owner of a partition was met."),
		SaveFailures:    counter("save_failures_total", "Saves that failed and were tried again."),
		PublishFailures: counter("publish_failures_total", "Publications that failed and were tried again."),
		Overwritten:     counter("plan_records_overwritten_total", "Plan records of an older revision, written by someone else, that the owner overwrote."),
		Published:       counter("plan_records_published_total", "Records written to the plans topic."),
		Resends:         counter("intake_resends_total", "Records that intake sent again, dropped by their origin offset."),
		ClockBacks:      counter("clock_back_total", "Ticks of a clock that went back."),
		Blocked:         gauge("partition_blocked", "1 while a partition cannot go on without a person.", "partition"),
		Lag:             gauge("lag_records", "Records of the partition that are not folded yet.", "partition"),
		Epoch:           gauge("epoch", "Ownership epoch of the partition.", "partition"),
		Offset:          gauge("saved_offset", "Next offset of the newest saved state.", "partition"),
		PublishBacklog:  gauge("publish_backlog_revisions", "Revisions saved and not yet read back from the plans topic.", "partition"),
		Dirty:           gauge("unsaved_weight", "Changed SKUs, rows and letters that are not saved yet.", "partition"),
		Held:            gauge("site_held", "1 while a site is held: too many of its records were rejected.", "site"),
		HeldRecords:     gauge("site_held_records", "Records that wait in the log because their site is held.", "site"),
		OpenSales:       gauge("site_open_sales", "Sales of the open days that are kept one by one, at most.", "site"),
		EarlyDays:       gauge("site_early_days", "Days that have settled before their time, for want of room.", "site"),
		Revision:        gauge("plan_revision", "Newest revision of the site's plan.", "site"),
		PlanCreated:     gauge("plan_created_timestamp_seconds", "When the newest plan was made.", "site"),
		Shortage:        gauge("plan_shortage_units", "Units of demand that the newest plan does not serve.", "site"),
		Moved:           gauge("plan_moved_units", "Units of production that the newest plan moved against its baseline.", "site"),
		Found:           gauge("impossible_stock_skus", "SKUs of which more went out since their newest count than was believed to be there.", "site"),
		Cost:            gauge("plan_cost", "Cost of the newest plan in the site's currency.", "site"),
		FrozenMoves: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "drumbeat_plan_frozen_moves_total", Help: "Values that moved inside the frozen periods; always 0.",
		}, []string{"site"}),
		Solves: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "drumbeat_solves_total", Help: "Solves by outcome and start.",
		}, []string{"outcome", "start"}),
		Saves:        histogram("save_seconds", "Time of a save."),
		SaveRows:     counter("save_rows_total", "Rows written by saves."),
		SolveSeconds: histogram("solve_seconds", "Time of a solve, waiting for a free solver included."),
		Recovery:     histogram("recovery_seconds", "Time from assignment to a loaded partition."),
		RecoveryPhase: gauge("recovery_phase_seconds",
			"Of the newest recovery: read (states from the store), decode, and models, which are read beside the work that has begun.", "partition", "phase"),
		ToPlan:   histogram("change_to_plan_seconds", "Time from the first change to the saved plan that covers it, by the wall clock."),
		accuracy: newAccuracyMetrics(),
		resends:  map[int32]int64{}, clockBacks: map[int32]int64{},
	}
	m.audit.rows = map[auditKey]AuditRow{}
	if r != nil {
		r.MustRegister(
			m.Fenced, m.SaveFailures, m.PublishFailures, m.Overwritten, m.Published, m.Resends, m.ClockBacks,
			m.Blocked, m.Lag, m.Epoch, m.Offset, m.PublishBacklog, m.Dirty, m.Held, m.HeldRecords, m.OpenSales, m.EarlyDays,
			m.Revision, m.PlanCreated, m.Shortage, m.Moved, m.Cost, m.Found, m.FrozenMoves,
			m.Solves, m.Saves, m.SaveRows, m.SolveSeconds, m.Recovery, m.RecoveryPhase, m.ToPlan, &m.audit,
			m.accuracy.wape, m.accuracy.naive, m.accuracy.bias, m.accuracy.coverage,
		)
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

// owned shows what a partition holds that begins to be ours.
func (m *Metrics) owned(partition int32, epoch int64, p *Processor) {
	l := label(partition)
	m.Epoch.WithLabelValues(l).Set(float64(epoch))
	m.Offset.WithLabelValues(l).Set(float64(p.Saved()))
	for _, name := range p.order {
		s := p.sites[name]
		var h schemas.Head
		if len(s.Plan.Head) > 0 && json.Unmarshal(s.Plan.Head, &h) == nil {
			m.show(&h)
		}
		m.Revision.WithLabelValues(name).Set(float64(s.Revision))
		m.held(s)
		m.audit.set(s.Audit.all(name))
		m.accuracy.show(name, p.Accuracy(name))
	}
}

// held shows whether a site is held, and how full its books are.
func (m *Metrics) held(s *site) {
	held, records := 0.0, 0.0
	if h := s.Breaker.Hold; h != nil {
		held, records = 1, float64(h.Records)
	}
	m.Held.WithLabelValues(s.name).Set(held)
	m.HeldRecords.WithLabelValues(s.name).Set(records)
	m.OpenSales.WithLabelValues(s.name).Set(float64(s.Open))
	m.EarlyDays.WithLabelValues(s.name).Set(float64(s.earlyDays()))
}

// left takes back what owned and the saves have shown: the next owner shows it, and what two processes
// show of one site adds up to nonsense.
func (m *Metrics) left(partition int32, p *Processor) {
	for _, g := range []*prometheus.GaugeVec{m.Lag, m.Epoch, m.Offset, m.PublishBacklog, m.Dirty} {
		g.DeleteLabelValues(label(partition))
	}
	m.RecoveryPhase.DeletePartialMatch(prometheus.Labels{"partition": label(partition)})
	for _, name := range p.order {
		for _, g := range []*prometheus.GaugeVec{m.Revision, m.PlanCreated, m.Shortage, m.Moved, m.Cost, m.Found, m.Held, m.HeldRecords, m.OpenSales, m.EarlyDays} {
			g.DeleteLabelValues(name)
		}
		m.FrozenMoves.DeleteLabelValues(name)
		m.audit.drop(name)
		m.accuracy.drop(name)
	}
}

func (m *Metrics) save(b *Batch, took time.Duration) {
	m.Saves.Observe(took.Seconds())
	m.SaveRows.Add(float64(len(b.SKUs) + len(b.Sales) + len(b.Forecasts) + len(b.Accuracy) + len(b.Models) + len(b.Pages) + len(b.DeadLetters)))
}

// saved shows what the newest save holds.
func (m *Metrics) saved(partition int32, b *Batch, p *Processor) {
	l := label(partition)
	m.Offset.WithLabelValues(l).Set(float64(b.Next))
	m.Dirty.WithLabelValues(l).Set(float64(p.Weight()))
	m.audit.set(b.Audit)
	for i := range b.Sites {
		m.held(p.sites[b.Sites[i].Site])
	}
	m.accuracy.saved(b, p)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Resends.Add(float64(p.resends - m.resends[partition]))
	m.ClockBacks.Add(float64(p.clockBacks - m.clockBacks[partition]))
	m.resends[partition], m.clockBacks[partition] = p.resends, p.clockBacks
}

func (m *Metrics) solve(out Outcome, took time.Duration) {
	m.SolveSeconds.Observe(took.Seconds())
	outcome, start := "failed", "cold"
	switch {
	case out.Err == nil:
		outcome = string(out.Plan.Status)
		if out.Plan.Stats.Warm {
			start = "warm"
		}
	case errors.Is(out.Err, optimize.ErrProblem):
		outcome = "refused"
	}
	m.Solves.WithLabelValues(outcome, start).Inc()
}

// plan shows a plan that was saved.
func (m *Metrics) plan(h *schemas.Head) {
	m.show(h)
	m.FrozenMoves.WithLabelValues(h.Site).Add(float64(h.FrozenMoves))
}

func (m *Metrics) show(h *schemas.Head) {
	m.Revision.WithLabelValues(h.Site).Set(float64(h.Revision))
	m.PlanCreated.WithLabelValues(h.Site).Set(float64(h.CreatedAt.UnixMilli()) / 1000)
	m.Shortage.WithLabelValues(h.Site).Set(h.ShortageTotal.Float())
	m.Moved.WithLabelValues(h.Site).Set(h.MovedUnits.Float())
	m.Cost.WithLabelValues(h.Site).Set(h.Cost.Total)
	m.Found.WithLabelValues(h.Site).Set(float64(h.State.FoundSKUs))
}

type auditKey struct {
	site, topic string
	partition   int32
}

// auditCollector exports the audit as it was saved.
type auditCollector struct {
	mu   sync.Mutex
	rows map[auditKey]AuditRow
}

var (
	recordsDesc = prometheus.NewDesc("drumbeat_records_total",
		"Records by what became of them: kept, flagged, rejected, duplicate.", []string{"site", "origin", "outcome"}, nil)
	readDesc    = prometheus.NewDesc("drumbeat_records_read_total", "Records read, by origin topic.", []string{"site", "origin"}, nil)
	reasonsDesc = prometheus.NewDesc("drumbeat_record_reasons_total",
		"Records by the reason of a rejection, a flag or a repair.", []string{"site", "reason"}, nil)
)

func (c *auditCollector) set(rows []AuditRow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, row := range rows {
		c.rows[auditKey{row.Site, row.OriginTopic, row.OriginPartition}] = row
	}
}

func (c *auditCollector) drop(site string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.rows, func(k auditKey, _ AuditRow) bool { return k.site == site })
}

// Describe implements prometheus.Collector.
func (c *auditCollector) Describe(out chan<- *prometheus.Desc) {
	out <- recordsDesc
	out <- readDesc
	out <- reasonsDesc
}

// Collect implements prometheus.Collector.
func (c *auditCollector) Collect(out chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	type place struct{ site, name string }
	outcomes := map[[3]string]int64{}
	read, reasons := map[place]int64{}, map[place]int64{}
	for _, r := range c.rows {
		read[place{r.Site, r.OriginTopic}] += r.Read
		for name, n := range map[string]int64{"kept": r.Kept, "flagged": r.Flagged, "rejected": r.Rejected, "duplicate": r.Duplicate} {
			outcomes[[3]string{r.Site, r.OriginTopic, name}] += n
		}
		for reason, n := range r.Reasons {
			reasons[place{r.Site, reason}] += n
		}
	}
	for k, n := range outcomes {
		out <- prometheus.MustNewConstMetric(recordsDesc, prometheus.CounterValue, float64(n), k[0], k[1], k[2])
	}
	for k, n := range read {
		out <- prometheus.MustNewConstMetric(readDesc, prometheus.CounterValue, float64(n), k.site, k.name)
	}
	for k, n := range reasons {
		out <- prometheus.MustNewConstMetric(reasonsDesc, prometheus.CounterValue, float64(n), k.site, k.name)
	}
}

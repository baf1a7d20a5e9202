package stream

import (
	"maps"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"drumbeat/stream/repair"
)

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
		"Records by what was found of them and of which kind that is: rejected, flagged, repaired or kept.", []string{"site", "kind", "reason"}, nil)
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
		out <- prometheus.MustNewConstMetric(reasonsDesc, prometheus.CounterValue, float64(n), k.site, reasonKind(k.name), k.name)
	}
}

// reasonKinds are the reasons that are no rejection's; future-date, which an outlying day and a count ahead of the
// clock share, counts as a flag.
var reasonKinds = func() map[string]string {
	kinds := map[string]string{reasonWaiting: "flagged"}
	for _, name := range heldNames {
		kinds[name] = "flagged"
	}
	for kind := range repair.Kinds().All() {
		kinds[kind.String()] = "repaired"
	}
	for _, name := range []string{
		reasonNotDemand, reasonReversed, reasonReturn, reasonCorrected, reasonEarly, reasonBeyond,
		reasonNegativeCount, reasonLateReceipt,
	} {
		kinds[name] = "kept"
	}
	return kinds
}()

func reasonKind(reason string) string {
	if kind, ok := reasonKinds[reason]; ok {
		return kind
	}
	return "rejected"
}

package stream

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// owned shows what a partition holds that begins to be ours. What is counted from here on begins at zero, which a
// rate needs to see.
func (m *Metrics) owned(partition int32, epoch int64, p *Processor) {
	l := label(partition)
	m.Epoch.WithLabelValues(l).Set(float64(epoch))
	m.Offset.WithLabelValues(l).Set(float64(p.Saved()))
	m.Blocked.WithLabelValues(l).Set(0)
	m.LastSave.WithLabelValues(l).Set(0)
	m.LastBeat.WithLabelValues(l).Set(0)
	m.PublishBacklog.WithLabelValues(l).Set(0)
	for _, name := range p.order {
		s := p.sites[name]
		m.begin(name)
		var h schemas.Head
		if len(s.Plan.Head) > 0 && json.Unmarshal(s.Plan.Head, &h) == nil {
			m.show(&h)
		}
		m.Revision.WithLabelValues(name).Set(float64(s.Revision))
		m.status(name, s.Status)
		m.site(s)
		m.audit.set(s.Audit.all(name))
		m.accuracy.show(name, p.Accuracy(name))
	}
}

// begin starts the counters of a site.
func (m *Metrics) begin(site string) {
	for _, status := range statuses {
		m.Plans.WithLabelValues(site, string(status))
	}
	m.FrozenMoves.WithLabelValues(site)
	m.Late.WithLabelValues(site)
}

var statuses = []schemas.PlanStatus{schemas.PlanOptimal, schemas.PlanInfeasible, schemas.PlanDegraded}

func (m *Metrics) status(site, newest string) {
	for _, status := range statuses {
		v := 0.0
		if string(status) == newest {
			v = 1
		}
		m.Status.WithLabelValues(site, string(status)).Set(v)
	}
}

// site shows what of a site may have changed with any record: whether it is held, and until when its plan is good.
func (m *Metrics) site(s *site) {
	held, records := 0.0, 0.0
	if h := s.Breaker.Hold; h != nil {
		held, records = 1, float64(h.Records)
	}
	m.Held.WithLabelValues(s.name).Set(held)
	m.HeldRecords.WithLabelValues(s.name).Set(records)
	m.OpenSales.WithLabelValues(s.name).Set(float64(s.Open))
	m.EarlyDays.WithLabelValues(s.name).Set(float64(s.earlyDays()))
	m.Late.WithLabelValues(s.name).Add(float64(s.late))
	s.late = 0
	if s.FirstPlan && s.settings.Clock == schemas.ClockWall {
		end := s.calendar.at(s.Plan.From).End.Time(s.location)
		m.PeriodEnd.WithLabelValues(s.name).Set(float64(end.Unix()))
	}
}

// left takes back what owned and the saves have shown: the next owner shows it, and what two processes
// show of one site adds up to nonsense.
func (m *Metrics) left(partition int32, p *Processor) {
	for _, metric := range m.ofPartition {
		metric.DeletePartialMatch(prometheus.Labels{"partition": label(partition)})
	}
	for _, name := range p.order {
		for _, metric := range m.ofSite {
			metric.DeletePartialMatch(prometheus.Labels{"site": name})
		}
		m.audit.drop(name)
	}
}

// ticked shows what waits at a moment of the wall clock. The newest record that was read, if it is not the last of
// the partition, was written at behind; zero: there is no such record.
func (m *Metrics) ticked(partition int32, p *Processor, behind time.Time) {
	waiting, dirty, oldest := 0, 0, time.Duration(0)
	for _, name := range p.order {
		s := p.sites[name]
		dirty += len(s.dirtySKUs)
		if s.settings.Clock != schemas.ClockWall {
			continue
		}
		if s.Pending.Any+s.covered.Any > 0 {
			waiting++
		}
		for _, c := range []*change{&s.covered, &s.Pending} {
			if c.Material > 0 {
				oldest = max(oldest, p.now.Sub(c.First))
			}
		}
	}
	l := label(partition)
	age := 0.0
	if !behind.IsZero() {
		age = max(0, p.now.Sub(behind).Seconds())
	}
	m.LagSeconds.WithLabelValues(l).Set(age)
	m.Waiting.WithLabelValues(l).Set(float64(waiting))
	m.Oldest.WithLabelValues(l).Set(oldest.Seconds())
	m.DirtySKUs.WithLabelValues(l).Set(float64(dirty))
	m.Dirty.WithLabelValues(l).Set(float64(p.Weight()))
	if p.waits > 0 {
		m.Changes.Add(float64(p.waits))
		p.waits = 0
	}
}

func (m *Metrics) save(b *Batch, took time.Duration) {
	m.Saves.Observe(took.Seconds())
	m.SaveRows.Add(float64(len(b.SKUs) + len(b.Sales) + len(b.Forecasts) + len(b.Accuracy) + len(b.Models) + len(b.Pages) + len(b.DeadLetters)))
}

// saved shows what the newest save holds.
func (m *Metrics) saved(partition int32, b *Batch, p *Processor, now time.Time) {
	l := label(partition)
	m.Offset.WithLabelValues(l).Set(float64(b.Next))
	m.LastSave.WithLabelValues(l).Set(unixSeconds(now))
	m.audit.set(b.Audit)
	for i := range b.Sites {
		m.begin(b.Sites[i].Site)
		m.site(p.sites[b.Sites[i].Site])
	}
	m.accuracy.saved(b, p)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Resends.Add(float64(p.resends - m.resends[partition]))
	m.ClockBacks.Add(float64(p.clockBacks - m.clockBacks[partition]))
	m.resends[partition], m.clockBacks[partition] = p.resends, p.clockBacks
}

func (m *Metrics) solve(out Outcome, took time.Duration) {
	outcome, start := "failed", "cold"
	switch {
	case out.Err == nil:
		outcome = string(out.Plan.Status)
		stats := &out.Plan.Stats
		if stats.Warm {
			start = "warm"
		}
		m.Iterations.Observe(float64(stats.Iterations))
		m.Rounds.Observe(float64(stats.Stages))
	case errors.Is(out.Err, optimize.ErrProblem):
		outcome = "refused"
	case errors.Is(out.Err, context.Canceled): // the end of a generation, no failure of the plan
		outcome = "cancelled"
	}
	if outcome != "cancelled" {
		m.SolveSeconds.Observe(took.Seconds())
	}
	m.Solves.WithLabelValues(outcome, start).Inc()
}

// plan shows a plan that was saved.
func (m *Metrics) plan(h *schemas.Head) {
	m.show(h)
	m.status(h.Site, string(h.Status))
	m.Plans.WithLabelValues(h.Site, string(h.Status)).Inc()
	m.FrozenMoves.WithLabelValues(h.Site).Add(float64(h.FrozenMoves))
}

func (m *Metrics) show(h *schemas.Head) {
	m.Revision.WithLabelValues(h.Site).Set(float64(h.Revision))
	m.PlanCreated.WithLabelValues(h.Site).Set(unixSeconds(h.CreatedAt))
	m.Shortage.WithLabelValues(h.Site).Set(h.ShortageTotal.Float())
	m.Moved.WithLabelValues(h.Site).Set(h.MovedUnits.Float())
	m.Cost.WithLabelValues(h.Site).Set(h.Cost.Total)
	m.Gap.WithLabelValues(h.Site).Set(h.Certificate.Gap)
	m.Found.WithLabelValues(h.Site).Set(float64(h.State.FoundSKUs))
	m.resources(h)
}

// resources shows the load and the price of each limited resource, in place of those of the plan before.
func (m *Metrics) resources(h *schemas.Head) {
	type sum struct{ load, capacity, price float64 }
	sums := map[string]sum{}
	for i := range h.Resources {
		r := &h.Resources[i]
		if r.Capacity < 0 {
			continue
		}
		s := sums[r.Resource]
		s.load, s.capacity, s.price = s.load+r.Load.Float(), s.capacity+r.Capacity.Float(), max(s.price, r.Price)
		sums[r.Resource] = s
	}
	of := prometheus.Labels{"site": h.Site}
	m.Load.DeletePartialMatch(of)
	m.Price.DeletePartialMatch(of)
	for name, s := range sums {
		if s.capacity > 0 {
			m.Load.WithLabelValues(h.Site, name).Set(s.load / s.capacity)
		}
		m.Price.WithLabelValues(h.Site, name).Set(s.price)
	}
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

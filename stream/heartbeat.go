package stream

import (
	"context"
	"time"

	"drumbeat/schemas"
)

// A heartbeat goes the way of every record: input topic, intake, events topic, Processor, save. It changes no site,
// no plan, no clock and no count of the audit; it arrives when all that was saved up to it is published. So its age
// says how old what readers see may be, also while nobody sells anything.

// mostBeats bounds the heartbeats of one batch.
const mostBeats = 1000

// beat takes note of a heartbeat. One that is read again, for a site that was held, has arrived before.
func (p *Processor) beat(rec *Record, ev *schemas.Event) {
	p.beats++
	if ev.Source == schemas.HeartbeatSource && ev.HasTime && rec.Offset >= p.again && len(p.beatTimes) < mostBeats {
		p.beatTimes = append(p.beatTimes, ev.Time)
	}
}

// beatSite is a site of the partition that heartbeats can be addressed to, "" while there is none.
func (p *Processor) beatSite() string {
	for _, name := range p.order {
		if schemas.ValidSite(name) {
			return name
		}
	}
	return ""
}

// heart sends heartbeats through the partition once it has a site, until ctx ends.
func (o *owner) heart(ctx context.Context) {
	ticker := time.NewTicker(o.r.c.Heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		site := o.beatSite.Load()
		if site == nil {
			continue
		}
		o.r.c.Metrics.Heartbeats.Inc()
		sending, cancel := context.WithTimeout(ctx, o.r.c.Heartbeat)
		err := o.r.c.Beat(sending, *site, o.r.c.Now())
		cancel()
		if err != nil && ctx.Err() == nil {
			o.r.c.Metrics.HeartbeatFailures.Inc()
			o.r.c.Log.Warn("heartbeat not sent", "partition", o.partition, "error", err)
		}
	}
}

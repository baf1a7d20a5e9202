package stream

import "time"

// underway is a change or a heartbeat that was saved and is not published yet.
type underway struct {
	seq  int64 // of the entry that it arrives with
	at   time.Time
	beat bool
}

// depart takes note of what a batch brings, whose entries stand in pending; the caller holds mu. A heartbeat arrives
// with the newest entry that was saved before it, at once where nothing waits.
func (b *outbox) depart(batch *Batch) {
	for i := range batch.Revisions {
		r := &batch.Revisions[i]
		if r.Since.IsZero() {
			continue
		}
		for _, e := range batch.Outbox {
			if e.Site == r.Site && e.Revision == r.Revision {
				b.under = append(b.under, underway{seq: e.Seq, at: r.Since})
			}
		}
	}
	var newest int64
	if n := len(b.pending); n > 0 {
		newest = b.pending[n-1].Seq
	}
	for _, at := range batch.Heartbeats {
		b.under = append(b.under, underway{seq: newest, at: at, beat: true})
	}
	if newest == 0 {
		b.arrive(0)
	}
}

// arrive measures what has arrived with the entries up to seq; the caller holds mu.
func (b *outbox) arrive(seq int64) {
	if len(b.under) == 0 {
		return
	}
	m, now, keep := b.r.c.Metrics, b.r.c.Now(), b.under[:0]
	for _, u := range b.under {
		took := max(0, now.Sub(u.at).Seconds())
		switch {
		case u.seq > seq:
			keep = append(keep, u)
		case u.beat:
			m.HeartbeatSeconds.Observe(took)
			m.LastBeat.WithLabelValues(label(b.partition)).Set(unixSeconds(u.at))
		default:
			m.ChangeSeconds.Observe(took)
		}
	}
	b.under = keep
}

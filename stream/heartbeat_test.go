package stream_test

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// beatOf is a heartbeat of ours as it stands in the log.
func beatOf(t interface{ Fatal(...any) }, site string, offset int64, at time.Time) stream.Record {
	value, err := schemas.Encode(&schemas.Event{
		ID: fmt.Sprint("beat", offset), Source: schemas.HeartbeatSource, Type: schemas.TypeHeartbeat, Site: site, Time: at, HasTime: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return stream.Record{Offset: offset, Key: []byte(site), Value: value, Headers: []schemas.Header{
		{Key: schemas.HeaderOriginTopic, Value: []byte("beats")},
		{Key: schemas.HeaderOriginPartition, Value: []byte("0")},
		{Key: schemas.HeaderOriginOffset, Value: strconv.AppendInt(nil, offset, 10)},
	}}
}

// place is where the log stands, all that heartbeats may change.
var place = regexp.MustCompile(`"offset":\d+|(?m)^partition .*$`)

// drawHeartbeats puts heartbeats with times of their own between the records, and returns a story without its places.
func drawHeartbeats(t *rapid.T, records []stream.Record) (among []stream.Record, blind func(story) story) {
	for _, r := range records {
		for range rapid.IntRange(0, 2).Draw(t, "heartbeats") {
			day := day0.AddDays(rapid.IntRange(-900, 900).Draw(t, "day"))
			site := rapid.SampledFrom([]string{"plant", "nobody"}).Draw(t, "site")
			among = append(among, beatOf(t, site, int64(len(among)), day.Time(nil)))
		}
		r.Offset = int64(len(among))
		among = append(among, r)
	}
	return among, func(s story) story {
		s.dump, s.stored = place.ReplaceAllString(s.dump, ""), place.ReplaceAllString(s.stored, "")
		for revision, plan := range s.plans {
			s.plans[revision] = place.ReplaceAllString(plan, "")
		}
		return s
	}
}

// Of what is sent through a partition only our own heartbeats arrive in a batch, and each once: the site that is held
// lets them pass, and when it is released and read again they do not come again.
func TestHeartbeatsPassAHeldSite(t *testing.T) {
	f := &feed{site: "plant", clock: day0.Time(nil)}
	p, err := stream.New(stream.Config{BreakerShare: 0.5}, &stream.Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	p.Tick(day0.Time(nil).Add(time.Hour))
	var log []stream.Record
	add := func(r stream.Record) {
		r.Offset = int64(len(log))
		log = append(log, r)
	}
	add(f.sold("A", 3, day0))
	for range 300 {
		add(f.raw([]byte("{")))
	}
	first := day0.Time(nil).Add(2 * time.Hour)
	for i := range 3 {
		add(beatOf(t, "plant", int64(len(log)), first.Add(time.Duration(i)*time.Second)))
	}
	add(f.record(f.event(schemas.TypeHeartbeat, nil))) // of the ERP
	add(f.define(&schemas.Operator{Action: schemas.ReleaseBreaker, By: "p"}))
	var arrived []time.Time
	back := false
	for p.Next() < int64(len(log)) {
		at := p.Next()
		if _, err := p.Step(log[at]); err != nil {
			t.Fatal(err)
		}
		back = back || p.Next() <= at
		if b := p.Ready(); b != nil {
			arrived = append(arrived, b.Heartbeats...)
			p.Advance(b)
		}
	}
	if !back {
		t.Fatal("the site was not held and read again")
	}
	if len(arrived) != 3 || !arrived[0].Equal(first) || !arrived[2].Equal(first.Add(2*time.Second)) {
		t.Errorf("heartbeats of %v arrived, want three from %v on", arrived, first)
	}
}

// figures are the values and counts of a registry, by name and labels.
func figures(t testing.TB, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]float64{}
	for _, family := range families {
		for _, m := range family.Metric {
			key := family.GetName()
			for _, l := range m.Label {
				key += " " + l.GetValue()
			}
			switch {
			case m.Histogram != nil:
				list[key] = float64(m.Histogram.GetSampleCount())
				for _, b := range m.Histogram.Bucket {
					if b.GetUpperBound() == 10 {
						list[key+" within 10"] = float64(b.GetCumulativeCount())
					}
				}
			case m.Gauge != nil:
				list[key] = m.Gauge.GetValue()
			case m.Counter != nil:
				list[key] = m.Counter.GetValue()
			}
		}
	}
	return list
}

// A Runner sends heartbeats through a partition that has a site. They come out while all is well, and neither do the
// changes nor the heartbeats while plans cannot be published.
func TestRunnerMeasuresFreshness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		registry := prometheus.NewRegistry()
		cut := false
		measured := func(c *stream.RunnerConfig) {
			c.Metrics, c.Heartbeat = stream.NewMetrics(registry), 5*time.Second
			c.Beat = func(_ context.Context, site string, at time.Time) error {
				r.send(beatOf(t, site, r.next, at))
				r.next++
				return nil
			}
			if cut {
				c.Publisher = mute{}
			}
		}
		r.send(r.sold("A", 10, r.today()))
		r.run(10*time.Minute, measured)
		got := figures(t, registry)
		sent := got["drumbeat_heartbeats_total"]
		if sent < 110 || got["drumbeat_heartbeat_seconds"] < sent-1 || got["drumbeat_heartbeat_seconds within 10"] < sent-1 {
			t.Errorf("of %v heartbeats %v arrived, %v within 10 s", sent, got["drumbeat_heartbeat_seconds"], got["drumbeat_heartbeat_seconds within 10"])
		}
		if got["drumbeat_material_changes_total"] != 1 || got["drumbeat_change_to_published_seconds within 10"] != 1 {
			t.Errorf("%v changes, %v of them published within 10 s, want one", got["drumbeat_material_changes_total"], got["drumbeat_change_to_published_seconds within 10"])
		}
		registry, cut = prometheus.NewRegistry(), true
		r.send(r.sold("A", 500, r.today()))
		r.run(10*time.Minute, measured)
		got = figures(t, registry)
		if got["drumbeat_heartbeats_total"] < 110 || got["drumbeat_heartbeat_seconds"] > 2 {
			t.Errorf("of %v heartbeats %v came out while nothing was published", got["drumbeat_heartbeats_total"], got["drumbeat_heartbeat_seconds"])
		}
		if got["drumbeat_material_changes_total"] != 1 || got["drumbeat_change_to_published_seconds"] != 0 {
			t.Errorf("%v changes, %v of them published", got["drumbeat_material_changes_total"], got["drumbeat_change_to_published_seconds"])
		}
	})
}

// Heartbeats are no input: an event-clock site plans at its end although they keep coming.
func TestHeartbeatsDoNotHideTheEndOfTheInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.send(r.sold("A", 10, r.today()))
		r.run(time.Minute, func(c *stream.RunnerConfig) {
			c.Processor.Settings.Clock, c.Heartbeat = schemas.ClockEvent, time.Second
			c.Beat = func(_ context.Context, site string, at time.Time) error {
				r.send(beatOf(t, site, r.next, at))
				r.next++
				return nil
			}
		})
		if heads := r.heads(); len(heads) != 1 {
			t.Errorf("plans %v, want the one at the end of the input", heads)
		}
	})
}

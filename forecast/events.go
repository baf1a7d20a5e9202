package forecast

import (
	"slices"
	"strings"
)

// Events says which named events fall into which buckets of a series.
type Events map[int][]string

// Add enters an event into bucket i; the same name counts once a bucket.
func (e Events) Add(i int, name string) {
	if !slices.Contains(e[i], name) {
		e[i] = append(e[i], name)
		slices.Sort(e[i])
	}
}

// key names the events of a bucket together: two on one day are a case of their own.
func (e Events) key(i int) string { return strings.Join(e[i], " + ") }

// Effects are what named events did to the demand of one series: demand in the buckets of the event against what the
// model expected one step ahead, both summed. The zero value has learnt nothing.
type Effects map[string]Effect

// Effect is one event's past.
type Effect struct {
	Buckets  int
	Demand   float64
	Expected float64
}

// FitEvents feeds y, whose first value stands in bucket start, to a new model. A bucket with an event teaches the model
// nothing (it is missing to it) but is compared with the forecast made just before.
func FitEvents(c Config, y []float64, start int, e Events) (*Model, Effects) {
	m := New(c)
	effects := Effects{}
	for i, v := range y {
		if len(e[start+i]) == 0 {
			m.Append(v)
			continue
		}
		if expected := m.Sum(0, 1).Mean; v == v && expected > 0 {
			key := e.key(start + i)
			x := effects[key]
			x.Buckets++
			x.Demand += v
			x.Expected += expected
			effects[key] = x
		}
		m.Append(missing)
	}
	return m, effects
}

// Add joins what two series have learnt.
func (e Effects) Add(other Effects) {
	for name, x := range other {
		y := e[name]
		e[name] = Effect{y.Buckets + x.Buckets, y.Demand + x.Demand, y.Expected + x.Expected}
	}
}

// Factor is what the events of bucket i multiply demand by: the series' own ratio, shrunk towards the ratio of all
// series together as if that had been seen in one more bucket. Events that never met each other multiply; an event
// nobody has seen does nothing.
func (e Effects) Factor(site Effects, events Events, i int) float64 {
	names := events[i]
	if len(names) == 0 {
		return 1
	}
	if key := events.key(i); len(names) == 1 || e[key].Buckets+site[key].Buckets > 0 {
		return e.factor(site, key)
	}
	f := 1.0
	for _, name := range names {
		f *= e.factor(site, name)
	}
	return f
}

func (e Effects) factor(site Effects, name string) float64 {
	all := 1.0
	if x := site[name]; x.Expected > 0 {
		all = x.Demand / x.Expected
	}
	x := e[name]
	if x.Buckets == 0 {
		return all
	}
	one := x.Expected / float64(x.Buckets)
	return (x.Demand + one*all) / (x.Expected + one)
}

package forecast

import (
	"slices"
	"strings"
)

// Events says which named events fall into which buckets, past and future. Models share it: it may only grow beyond the
// buckets that they have seen, and not while one of them is at work.
type Events map[int][]string

// Add enters an event into bucket i; the same name counts once a bucket.
func (e Events) Add(i int, name string) {
	if !e.has(i, name) {
		e[i] = append(slices.Clip(e[i]), name)
		slices.Sort(e[i])
	}
}

func (e Events) has(i int, name string) bool { return slices.Contains(e[i], name) }

// Clone is a copy that can be added to.
func (e Events) Clone() Events {
	c := make(Events, len(e))
	for i, names := range e {
		c[i] = slices.Clip(names)
	}
	return c
}

// key names the events of a bucket together: two in one bucket are a case of their own.
func (e Events) key(i int) string { return strings.Join(e[i], " + ") }

// eventDays is the number of days (buckets) of an event that may each have an effect of their own.
const eventDays = 14

// day is the number of bucket i, from 1 on, within an event that goes on over several buckets; 0 in an event of one
// bucket, beyond eventDays, and where several events meet.
func (e Events) day(i int) uint8 {
	if len(e[i]) != 1 {
		return 0
	}
	name, day := e[i][0], 1
	for day <= eventDays && e.has(i-day, name) {
		day++
	}
	if day > eventDays || day == 1 && !e.has(i+1, name) {
		return 0
	}
	return uint8(day)
}

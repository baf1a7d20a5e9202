package soak

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Report is what a Soak found.
type Report struct {
	Verdict *Verdict
	Offered int           // sales a second
	Load    time.Duration // how long they were offered
	Warm    time.Duration // of it, before the first fault
	Drain   time.Duration // from the end of the load until everything was counted
	Pause   time.Duration // the longest time in which nothing was saved

	MemoryBegin float64 // bytes of all processes, before the first fault
	MemoryEnd   float64 // at the end of the load

	mu     sync.Mutex
	faults map[string]int
	pauses map[string]time.Duration // by fault: from its begin to that of the next
}

// happened counts a fault that was due.
func (r *Report) happened(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[name]++
}

// due takes note of a fault that is to happen.
func (r *Report) due(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.faults == nil {
		r.faults = map[string]int{}
	}
	r.faults[name] += 0
}

// complete says that every fault that is due has happened.
func (r *Report) complete() bool { return len(r.missing()) == 0 }

func (r *Report) missing() (names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(r.faults)) {
		if r.faults[name] == 0 {
			names = append(names, name)
		}
	}
	return names
}

// pause takes note of a time in which nothing was saved.
func (r *Report) pause(after any, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pauses == nil {
		r.pauses = map[string]time.Duration{}
	}
	name := fmt.Sprint(after)
	r.pauses[name], r.Pause = max(r.pauses[name], d), max(r.Pause, d)
}

// memoryGrowth is how much more memory the processes may hold at the end.
const memoryGrowth = 0.10

// Broken lists the promises that do not hold; empty: all do.
func (r *Report) Broken() []string {
	list := slices.Clone(r.Verdict.Broken)
	for _, name := range r.missing() {
		list = append(list, name+": has not happened")
	}
	if grown := r.MemoryEnd/r.MemoryBegin - 1; grown > memoryGrowth || math.IsNaN(grown) {
		list = append(list, fmt.Sprintf("memory has grown by %.0f %%", 100*grown))
	}
	return list
}

// String is one page for people.
func (r *Report) String() string {
	v := r.Verdict
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-34s %s\n", name, fmt.Sprintf(format, args...))
	}
	rate := float64(v.Accepted) / r.Load.Seconds()
	line("load", "%v, %.0f s of it before the first fault", r.Load.Round(time.Second), r.Warm.Seconds())
	line("events offered a second", "%s", thousands(int64(r.Offered)))
	if rate < 0.98*float64(r.Offered) {
		line("events taken a second", "%s: the most that this machine took, feed and servers on it", thousands(int64(rate)))
	} else {
		line("events taken a second", "%s", thousands(int64(rate)))
	}
	line("events accepted", "%s", thousands(v.Accepted))
	line("events counted", "%s, and %s sent twice by the feed's retries", thousands(v.Counted), thousands(v.Duplicates))
	line("counted after the load's end", "%.1f s", r.Drain.Seconds())
	line("longest time without a save", "%.1f s", r.Pause.Seconds())
	line("plans published", "%s revisions, %s records", thousands(v.Revisions), thousands(int64(v.PlanRecords)))
	line("late records, all overwritten", "%d", v.Late)
	line("sites: topic and Postgres equal", "%d of %d", v.SameChecksum, sites)
	line("frozen moves", "%d", v.FrozenMoves)
	line("memory of all processes", "%.0f MB before the faults, %.0f MB at the end (%+.0f %%)", r.MemoryBegin/1e6, r.MemoryEnd/1e6, 100*(r.MemoryEnd/r.MemoryBegin-1))
	b.WriteString("faults, how often, and the longest time without a save from their begin on\n")
	for _, name := range slices.Sorted(maps.Keys(r.faults)) {
		line("  "+name, "%d  %5.1f s", r.faults[name], r.pauses[name].Seconds())
	}
	broken := r.Broken()
	if len(broken) == 0 {
		b.WriteString("every promise held\n")
	}
	for i, text := range broken {
		if i == 20 {
			fmt.Fprintf(&b, "BROKEN: and %d more\n", len(broken)-i)
			break
		}
		fmt.Fprintf(&b, "BROKEN: %s\n", text)
	}
	return b.String()
}

// thousands is a number for people: 1234567 as 1,234,567.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

package terminal

import (
	"math"
	"strings"
)

var (
	eighths = []rune(" ▏▎▍▌▋▊▉█")
	levels  = []rune("▁▂▃▄▅▆▇█")
	ascii   = []rune("_.-=+*#@")
)

// Bar draws value as a part of full in width characters, in eighths of a character where Unicode can be
// shown. A value above full fills the bar; what is above zero shows at least a trace.
func (s Style) Bar(value, full float64, width int) string {
	share := 0.0
	if full > 0 {
		share = min(max(value/full, 0), 1)
	} else if value > 0 {
		share = 1
	}
	if math.IsNaN(share) {
		share = 0
	}
	steps := 1
	if s.Unicode {
		steps = 8
	}
	n := int(math.Round(share * float64(width*steps)))
	if n == 0 && share > 0 {
		n = 1
	}
	if share < 1 && n == width*steps {
		n-- // only a full bar looks full
	}
	whole, rest := n/steps, n%steps
	bar := strings.Repeat(s.pick("█", "#"), whole)
	if rest > 0 {
		bar += string(eighths[rest])
	}
	return pad(bar, width, false)
}

// Spark draws values as a line of small columns, from zero to the largest of them; what is missing (NaN)
// is a blank. More values than width are averaged in groups.
func (s Style) Spark(values []float64, width int) string {
	if width <= 0 || len(values) == 0 {
		return ""
	}
	values = shrink(values, width)
	top := 0.0
	for _, v := range values {
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			top = math.Max(top, v)
		}
	}
	marks := ascii
	if s.Unicode {
		marks = levels
	}
	var b strings.Builder
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			b.WriteByte(' ')
		case top == 0 || v <= 0:
			b.WriteRune(marks[0])
		default:
			b.WriteRune(marks[int(math.Round(min(v/top, 1)*float64(len(marks)-1)))])
		}
	}
	return b.String()
}

// shrink averages groups of values so that at most n are left.
func shrink(values []float64, n int) []float64 {
	if len(values) <= n {
		return values
	}
	out := make([]float64, n)
	for i := range out {
		from, to := i*len(values)/n, (i+1)*len(values)/n
		sum, count := 0.0, 0
		for _, v := range values[from:to] {
			if !math.IsNaN(v) {
				sum += v
				count++
			}
		}
		out[i] = sum / float64(count)
	}
	return out
}

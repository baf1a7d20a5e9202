package chart

import (
	"math"
	"unicode/utf8"
)

// scale maps values onto coordinates, linearly. A domain of one value maps to the range's start.
type scale struct{ d0, d1, r0, r1 float64 }

func (s scale) at(v float64) float64 {
	if s.d1 == s.d0 {
		return s.r0
	}
	return s.r0 + (v-s.d0)/(s.d1-s.d0)*(s.r1-s.r0)
}

// upTo is a vertical scale whose domain holds all values and 0 and ends at ticks; top and bottom are
// coordinates. It returns the ticks, at most about want of them.
func upTo(values []float64, want int, bottom, top float64) (s scale, ticks []float64) {
	low, high := 0.0, 0.0
	for _, v := range values {
		if finite(v) {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	if low == high {
		high = 1
	}
	step := niceStep((high - low) / float64(want))
	first, last := math.Floor(low/step), math.Ceil(high/step)
	for k := first; k <= last; k++ {
		ticks = append(ticks, k*step)
	}
	return scale{first * step, last * step, bottom, top}, ticks
}

// niceStep is the smallest 1, 2, 2.5 or 5 times a power of ten that is at least v > 0.
func niceStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// everyNth says how many labels of a row to skip so that they do not touch: n marks of the given pitch.
func everyNth(labels []string, pitch float64) int {
	widest := 1
	for _, l := range labels {
		widest = max(widest, utf8.RuneCountInString(l))
	}
	return max(1, int(math.Ceil((float64(widest)*letter+24)/pitch)))
}

// letter is the width of a label's letter in chart units, generously.
const letter = 6.4

// frame is the plotting area of a panel.
type frame struct{ left, right, top, bottom float64 }

func (f frame) width() float64 { return f.right - f.left }

// grid draws horizontal lines with labels at the ticks.
func (f frame) grid(d *drawing, y scale, ticks []float64, label func(float64) string) {
	for _, v := range ticks {
		class := "grid"
		if v == 0 {
			class = "axis"
		}
		d.line(class, f.left, y.at(v), f.right, y.at(v))
		d.text("tick", "end", label(v), f.left-8, y.at(v)+4)
	}
}

// columns are n equal places side by side in a frame.
type columns struct {
	frame
	n int
}

func (c columns) pitch() float64         { return c.width() / float64(max(c.n, 1)) }
func (c columns) middle(i int) float64   { return c.left + (float64(i)+.5)*c.pitch() }
func (c columns) start(i int) float64    { return c.left + float64(i)*c.pitch() }
func (c columns) bar() (width float64)   { return math.Min(c.pitch()*.72, 54) }
func (c columns) barStart(i int) float64 { return c.middle(i) - c.bar()/2 }
func (c columns) labels(d *drawing, names []string, y float64) {
	every := everyNth(names, c.pitch())
	for i, name := range names {
		if i%every == 0 {
			d.text("tick", "middle", name, c.middle(i), y)
		}
	}
}

package terminal

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Number writes v with a number of decimals and separators of thousands: 1,234.50.
func Number(v float64, decimals int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	s := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	whole, fraction, _ := strings.Cut(s, ".")
	var b strings.Builder
	if v < 0 && strings.Trim(s, "0.") != "" {
		b.WriteByte('-')
	}
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if fraction != "" {
		b.WriteByte('.')
		b.WriteString(fraction)
	}
	return b.String()
}

// Count writes a whole number with separators of thousands.
func Count[T int | int64](n T) string { return Number(float64(n), 0) }

// Amount writes a quantity or a sum of money as people read it: whole from 100 on, two decimals below
// where it is not whole.
func Amount(v float64) string {
	if math.Abs(v) >= 100 || v == math.Trunc(v) {
		return Number(v, 0)
	}
	return strings.TrimSuffix(strings.TrimRight(Number(v, 2), "0"), ".")
}

// Percent writes a share as a percentage without decimals, with one below ten.
func Percent(share float64) string {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return "-"
	}
	if p := math.Abs(100 * share); p > 0 && p < 9.95 {
		return Number(100*share, 1) + " %"
	}
	return Number(100*share, 0) + " %"
}

// Duration writes a length of time with two or three digits: 850 ms, 1.4 s, 2 min 5 s, 3 h 12 min.
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Duration(-d)
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 995*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	default:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
}

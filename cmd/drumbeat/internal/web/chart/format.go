package chart

import (
	"math"
	"strconv"
	"strings"
)

// Missing is shown where there is no number.
const Missing = "–"

// Number is v with thousands separators and at most two decimals: 13,558.56, 14,000, 0.5. A value that
// two decimals would round to nothing keeps its first two digits. NaN and infinities are Missing.
func Number(v float64) string {
	if !finite(v) {
		return Missing
	}
	if a := math.Abs(v); a > 0 && a < 0.01 {
		return sign(strconv.FormatFloat(v, 'g', 2, 64))
	}
	s := strconv.FormatFloat(v, 'f', 2, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	return grouped(s)
}

// Decimals is the number of decimals, at most most, that v needs.
func Decimals(v float64, most int) int {
	s := strings.TrimRight(strconv.FormatFloat(v, 'f', most, 64), "0")
	_, fraction, _ := strings.Cut(s, ".")
	return len(fraction)
}

// Fixed is v with thousands separators and exactly the given decimals.
func Fixed(v float64, decimals int) string {
	if !finite(v) {
		return Missing
	}
	return grouped(strconv.FormatFloat(v, 'f', decimals, 64))
}

// Whole is v rounded to a whole number, with thousands separators.
func Whole(v float64) string {
	if !finite(v) {
		return Missing
	}
	return grouped(strconv.FormatFloat(v, 'f', 0, 64))
}

// Signed is Number with a plus before what is greater than 0.
func Signed(v float64) string {
	s := Number(v)
	if v > 0 && s != Missing {
		return "+" + s
	}
	return s
}

// Percent is a share as a percentage with one decimal below 10 %.
func Percent(share float64) string {
	if !finite(share) {
		return Missing
	}
	p := 100 * share
	decimals := 0
	if math.Abs(p) < 10 && math.Round(p) != p {
		decimals = 1
	}
	s := strings.TrimSuffix(strconv.FormatFloat(p, 'f', decimals, 64), ".0")
	return grouped(s) + " %"
}

// compact is a tick label: 0, 500, 16,000, 1.5M.
func compact(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}} {
		if math.Abs(v) >= u.size {
			return Number(v/u.size) + u.name
		}
	}
	return Number(v)
}

// grouped puts thousands separators into decimal text and a true minus before what is negative.
func grouped(s string) string {
	whole, fraction, _ := strings.Cut(s, ".")
	negative := strings.HasPrefix(whole, "-")
	whole = strings.TrimPrefix(whole, "-")
	var b strings.Builder
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	if fraction != "" {
		b.WriteString("." + fraction)
	}
	if negative && strings.Trim(b.String(), "0.,") != "" {
		return "−" + b.String()
	}
	return b.String()
}

func sign(s string) string { return strings.ReplaceAll(s, "-", "−") }

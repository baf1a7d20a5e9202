package schemas

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

func appendOptional(dst []byte, v *float64, number func([]byte, float64) []byte) []byte {
	if v == nil {
		return append(dst, "null"...)
	}
	return number(dst, *v)
}

func appendList[T any](dst []byte, list []T, element func([]byte, *T) []byte) []byte {
	dst = append(dst, '[')
	for i := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = element(dst, &list[i])
	}
	return append(dst, ']')
}

func appendTexts(dst []byte, list []string) []byte {
	return appendList(dst, list, func(dst []byte, s *string) []byte { return appendText(dst, *s) })
}

// appendTime appends an instant in UTC with at most milliseconds, so that every store keeps it whole.
func appendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.UTC().Truncate(time.Millisecond).AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}

const hexDigits = "0123456789abcdef"

// appendText appends s as a JSON string. Only what JSON requires is escaped, each character in one
// way, so that equal text has equal bytes; invalid UTF-8 becomes U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size != 1 {
				i += size
				continue
			}
			dst = append(append(dst, s[start:i]...), "\uFFFD"...)
		} else {
			dst = append(dst, s[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// RoundMoney rounds to six decimals, half to even, the way all published money is rounded.
// Values beyond 2^52 millionths have no such decimals and stay as they are.
func RoundMoney(v float64) float64 {
	m := v * 1e6
	if !(math.Abs(m) < 1<<52) {
		return v
	}
	// The sum turns -0 into 0.
	return math.RoundToEven(m)/1e6 + 0
}

// AppendMoney appends v as a JSON number of at most six decimals, or null where it is not finite.
func AppendMoney(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, RoundMoney(v), 'f', -1, 64)
}

// appendTolerance appends a relative figure near 0 in full precision.
func appendTolerance(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, v+0, 'g', -1, 64)
}

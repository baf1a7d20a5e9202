package schemas

import (
	"errors"
	"math"
	"strconv"
)

// Quantity is an amount of base units as a fixed-point number of int64 millionths, so that sums do
// not depend on their order. Its size is at most [MaxQuantity].
type Quantity int64

const (
	// Unit is one base unit.
	Unit Quantity = 1_000_000
	// MaxQuantity is the largest quantity a message may carry: 9.2e12 units. A sum of two still fits
	// into an int64 only by chance; add counted sums with care beyond a few of that size.
	MaxQuantity Quantity = 9_200_000_000_000 * Unit
)

// The ways in which text is no quantity.
var (
	ErrQuantitySyntax   = errors.New("schemas: not a number")
	ErrQuantityRange    = errors.New("schemas: number beyond 9.2e12")
	ErrQuantityDecimals = errors.New("schemas: more than six decimals")
)

// ParseQuantity reads decimal text with an optional sign, fraction and exponent: "12", "-1.50",
// "1e3", ".5". Digits beyond the sixth decimal must be zeros: nothing is rounded in silence. The
// errors are [ErrQuantitySyntax] (also for NaN and Inf), [ErrQuantityRange] and
// [ErrQuantityDecimals].
func ParseQuantity(s string) (Quantity, error) { return parseQuantity(s) }

func parseQuantity[T string | []byte](s T) (Quantity, error) {
	i, negative := 0, false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	// mantissa holds the digits up to the last one that is not zero; zeros waits for a following digit.
	var mantissa uint64
	zeros, exponent, digits := 0, 0, 0
	dot, tooLong := false, false
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' {
			if dot {
				return 0, ErrQuantitySyntax
			}
			dot = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		digits++
		if dot {
			exponent--
		}
		if c == '0' {
			if mantissa != 0 {
				zeros++
			}
			continue
		}
		for ; zeros > 0 && !tooLong; zeros-- {
			tooLong = mantissa > math.MaxInt64/10
			mantissa *= 10
		}
		if tooLong || mantissa > (math.MaxInt64-9)/10 {
			tooLong = true
			continue
		}
		mantissa = mantissa*10 + uint64(c-'0')
	}
	if digits == 0 {
		return 0, ErrQuantitySyntax
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		sign := 1
		if i < len(s) && (s[i] == '-' || s[i] == '+') {
			if s[i] == '-' {
				sign = -1
			}
			i++
		}
		start, e := i, 0
		for ; i < len(s) && '0' <= s[i] && s[i] <= '9'; i++ {
			if e < 1<<20 {
				e = e*10 + int(s[i]-'0')
			}
		}
		if i == start {
			return 0, ErrQuantitySyntax
		}
		exponent += sign * e
	}
	if i != len(s) {
		return 0, ErrQuantitySyntax
	}
	if tooLong {
		// More than 18 significant digits: either too large or too fine, whatever the exponent.
		if exponent < -6 {
			return 0, ErrQuantityDecimals
		}
		return 0, ErrQuantityRange
	}
	if mantissa == 0 {
		return 0, nil
	}
	exponent += zeros + 6
	if exponent < 0 {
		return 0, ErrQuantityDecimals
	}
	for ; exponent > 0; exponent-- {
		if mantissa > uint64(MaxQuantity)/10 {
			return 0, ErrQuantityRange
		}
		mantissa *= 10
	}
	if mantissa > uint64(MaxQuantity) {
		return 0, ErrQuantityRange
	}
	if negative {
		return -Quantity(mantissa), nil
	}
	return Quantity(mantissa), nil
}

// FromFloat rounds f units to the nearest millionth, half to even. It is false where f is not
// finite or beyond [MaxQuantity].
func FromFloat(f float64) (Quantity, bool) {
	m := math.RoundToEven(f * float64(Unit))
	if !(math.Abs(m) <= float64(MaxQuantity)) {
		return 0, false
	}
	return Quantity(m), true
}

// Float is q in base units.
func (q Quantity) Float() float64 { return float64(q) / float64(Unit) }

// AppendTo appends q as decimal text without trailing zeros, which is a JSON number.
func (q Quantity) AppendTo(dst []byte) []byte {
	u := uint64(q)
	if q < 0 {
		dst = append(dst, '-')
		u = -u
	}
	dst = strconv.AppendUint(dst, u/uint64(Unit), 10)
	fraction := u % uint64(Unit)
	if fraction == 0 {
		return dst
	}
	dst = append(dst, '.')
	for scale := uint64(Unit) / 10; fraction > 0; scale /= 10 {
		dst = append(dst, byte('0'+fraction/scale))
		fraction %= scale
	}
	return dst
}

// String is the decimal text of q.
func (q Quantity) String() string { return string(q.AppendTo(nil)) }

// MarshalJSON writes q as a JSON number.
func (q Quantity) MarshalJSON() ([]byte, error) { return q.AppendTo(nil), nil }

// UnmarshalJSON reads a JSON number or numeric text; null leaves q as it is.
func (q *Quantity) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	if len(data) >= 2 && data[0] == '"' {
		data = data[1 : len(data)-1]
	}
	v, err := parseQuantity(data)
	if err != nil {
		return err
	}
	*q = v
	return nil
}

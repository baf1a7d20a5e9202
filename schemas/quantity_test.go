package schemas

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// rationalQuantity is the slow reading of decimal text that ParseQuantity is held against.
func rationalQuantity(s string) (Quantity, error) {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, ErrQuantitySyntax
	}
	r.Mul(r, big.NewRat(int64(Unit), 1))
	if new(big.Rat).Abs(r).Cmp(big.NewRat(int64(MaxQuantity), 1)) > 0 {
		return 0, ErrQuantityRange
	}
	if !r.IsInt() {
		return 0, ErrQuantityDecimals
	}
	return Quantity(r.Num().Int64()), nil
}

func TestParseQuantityAgainstRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[-+]?[0-9]{0,14}(\.[0-9]{0,9})?0{0,4}([eE][-+]?[0-9]{1,2})?`).Draw(t, "text")
		got, err := ParseQuantity(s)
		want, wantErr := rationalQuantity(s)
		if errors.Is(wantErr, ErrQuantityRange) && errors.Is(err, ErrQuantityDecimals) {
			return // both are true of it
		}
		if got != want || !errors.Is(err, wantErr) {
			t.Fatalf("ParseQuantity(%q) = %d, %v; want %d, %v", s, got, err, want, wantErr)
		}
	})
}

func TestParseQuantity(t *testing.T) {
	for _, c := range []struct {
		text string
		want Quantity
		err  error
	}{
		{"12", 12 * Unit, nil},
		{"-1.50", -1_500_000, nil},
		{"0.000001", 1, nil},
		{"0.0000010000000000000000000000", 1, nil},
		{"0.0000001", 0, ErrQuantityDecimals},
		{"1e3", 1000 * Unit, nil},
		{"1E-6", 1, nil},
		{"1000000e-12", 1, nil},
		{"-0", 0, nil},
		{"-0.0e5", 0, nil},
		{"0e999999999999", 0, nil},
		{".5", 500_000, nil},
		{"5.", 5 * Unit, nil},
		{"+3", 3 * Unit, nil},
		{"9200000000000", MaxQuantity, nil},
		{"-9200000000000", -MaxQuantity, nil},
		{"9200000000000.000001", 0, ErrQuantityRange},
		{"9223372036854775808", 0, ErrQuantityRange},
		{"1e308", 0, ErrQuantityRange},
		{"1e-308", 0, ErrQuantityDecimals},
		{"1e9999999999999999999", 0, ErrQuantityRange},
		{strings.Repeat("9", 5000), 0, ErrQuantityRange},
		{"0." + strings.Repeat("1", 5000), 0, ErrQuantityDecimals},
		{"NaN", 0, ErrQuantitySyntax},
		{"Inf", 0, ErrQuantitySyntax},
		{"-Infinity", 0, ErrQuantitySyntax},
		{"", 0, ErrQuantitySyntax},
		{"-", 0, ErrQuantitySyntax},
		{".", 0, ErrQuantitySyntax},
		{"1,5", 0, ErrQuantitySyntax},
		{" 1", 0, ErrQuantitySyntax},
		{"1e", 0, ErrQuantitySyntax},
		{"1e+", 0, ErrQuantitySyntax},
		{"0x10", 0, ErrQuantitySyntax},
		{"1.2.3", 0, ErrQuantitySyntax},
		{"1_000", 0, ErrQuantitySyntax},
		{"١", 0, ErrQuantitySyntax},
	} {
		got, err := ParseQuantity(c.text)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("ParseQuantity(%.40q) = %d, %v; want %d, %v", c.text, got, err, c.want, c.err)
		}
	}
}

func TestQuantityTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := Quantity(rapid.Int64Range(-int64(MaxQuantity), int64(MaxQuantity)).Draw(t, "q"))
		text := q.String()
		if back, err := ParseQuantity(text); err != nil || back != q {
			t.Fatalf("%d writes %q, reads %d, %v", q, text, back, err)
		}
		if strings.Contains(text, ".") && strings.HasSuffix(text, "0") {
			t.Fatalf("%q ends in a zero", text)
		}
		var back Quantity
		b, err := json.Marshal(q)
		if err != nil || json.Unmarshal(b, &back) != nil || back != q {
			t.Fatalf("%d is %s in JSON and reads as %d, %v", q, b, back, err)
		}
		if err := json.Unmarshal([]byte(`"`+text+`"`), &back); err != nil || back != q {
			t.Fatalf("text %q reads as %d, %v", text, back, err)
		}
	})
	if got := Quantity(math.MinInt64).String(); got != "-9223372036854.775808" {
		t.Errorf("the least int64 writes %s", got)
	}
}

func TestFromFloatRoundsHalfToEven(t *testing.T) {
	for _, c := range []struct {
		f  float64
		q  Quantity
		ok bool
	}{
		{1.5, 1_500_000, true},
		{0.1 + 0.2, 300_000, true},
		{0.5e-6, 0, true},
		{1.5e-6, 2, true},
		{2.5e-6, 2, true},
		{-1.5e-6, -2, true},
		{math.Copysign(0, -1), 0, true},
		{9.2e12, MaxQuantity, true},
		{9.3e12, 0, false},
		{-1e308, 0, false},
		{math.NaN(), 0, false},
		{math.Inf(1), 0, false},
		{math.Inf(-1), 0, false},
	} {
		if q, ok := FromFloat(c.f); q != c.q || ok != c.ok {
			t.Errorf("FromFloat(%g) = %d, %v; want %d, %v", c.f, q, ok, c.q, c.ok)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		// Up to 2^52 millionths a float holds every quantity.
		q := Quantity(rapid.Int64Range(-1<<52, 1<<52).Draw(t, "q"))
		if back, ok := FromFloat(q.Float()); !ok || back != q {
			t.Fatalf("%d comes back from a float as %d, %v", q, back, ok)
		}
	})
}

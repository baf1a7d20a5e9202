package schemas

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// The words of eight bytes see what a loop over bytes sees.
func TestPlainBytesAgainstALoop(t *testing.T) {
	loop := func(b []byte) int {
		i := bytes.IndexFunc(b, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' })
		if i < 0 {
			return len(b)
		}
		return i
	}
	check := func(t interface{ Fatalf(string, ...any) }, b []byte) {
		if got, want := plainBytes(b), loop(b); got != want {
			t.Fatalf("%q: %d plain bytes, want %d", b, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.SliceOfN(rapid.SampledFrom([]byte("abc \x1f\x20\x21\x22\x23\x5b\x5c\x5d\x7f\x80\xa2\xdc\xff")), 0, 40).Draw(t, "bytes"))
	})
	// Each byte in each place of a word, beside neighbours that could lend or borrow.
	for c := range 256 {
		for at := range 9 {
			for _, other := range []byte{'a', 0x80, 0xff, '!', '#', ']', '['} {
				b := bytes.Repeat([]byte{other}, 9)
				b[at] = byte(c)
				check(t, b)
			}
		}
	}
}

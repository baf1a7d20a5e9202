package codec

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// What the append functions write the reader reads, in order, and a cut anywhere is an error and no
// panic.
func TestReaderReadsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u, v := rapid.Uint64().Draw(t, "u"), rapid.Int64().Draw(t, "v")
		i, s := rapid.Int32().Draw(t, "i"), rapid.String().Draw(t, "s")
		f, g, yes := rapid.Float32().Draw(t, "f"), rapid.Float64().Draw(t, "g"), rapid.Bool().Draw(t, "yes")
		b := AppendFloat64(nil, g)
		b = AppendUvarint(b, u)
		b = AppendVarint(b, v)
		b = AppendFlag(b, yes)
		b = AppendVarint(b, int64(i))
		b = AppendText(b, s)
		b = AppendFloat32(b, f)
		b = AppendUint64(b, u)
		read := func(r *Reader) bool {
			return r.Float64() == g && r.Uvarint() == u && r.Varint() == v && (r.Byte() == 1) == yes &&
				r.Int32() == i && r.Text() == s && r.Float32() == f && r.Uint64() == u
		}
		r := Reader{Rest: append(b, 0xff)}
		if !read(&r) || r.Err != nil || !bytes.Equal(r.Rest, []byte{0xff}) {
			t.Fatalf("read something else, or left %v: %v", r.Rest, r.Err)
		}
		cut := Reader{Rest: b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")]}
		read(&cut)
		for range 9 {
			cut.Uint64()
		}
		if !errors.Is(cut.Err, ErrDamaged) || cut.Uvarint() != 0 || cut.Text() != "" {
			t.Fatalf("a cut input gives %v", cut.Err)
		}
	})
}

func TestReaderRefusesWhatDoesNotFit(t *testing.T) {
	for name, read := range map[string]func(r *Reader){
		"an int32":          func(r *Reader) { r.Int32() },
		"a count":           func(r *Reader) { r.Count(1) },
		"a count of nones":  func(r *Reader) { r.Count(0) },
		"a length":          func(r *Reader) { _ = r.Text() },
		"a limit":           func(r *Reader) { r.UpTo(5) },
		"a negative length": func(r *Reader) { r.Take(-1) },
	} {
		r := Reader{Rest: AppendVarint(nil, math.MinInt64)}
		if read(&r); r.Err == nil {
			t.Errorf("%s was read from the smallest int64", name)
		}
	}
}

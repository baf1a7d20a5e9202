package stream

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
		b := appendFloat64(nil, g)
		b = appendUvarint(b, u)
		b = appendVarint(b, v)
		b = appendFlag(b, yes)
		b = appendVarint(b, int64(i))
		b = appendString(b, s)
		b = appendFloat32(b, f)
		b = appendUint64(b, u)
		read := func(r *reader) bool {
			return r.float64() == g && r.uvarint() == u && r.varint() == v && (r.byte() == 1) == yes &&
				r.int32() == i && r.string() == s && r.float32() == f && r.uint64() == u
		}
		r := reader{b: append(b, 0xff)}
		if !read(&r) || r.err != nil || !bytes.Equal(r.b, []byte{0xff}) {
			t.Fatalf("read something else, or left %v: %v", r.b, r.err)
		}
		cut := reader{b: b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")]}
		read(&cut)
		for range 9 {
			cut.uint64()
		}
		if !errors.Is(cut.err, errCodec) || cut.uvarint() != 0 || cut.string() != "" {
			t.Fatalf("a cut input gives %v", cut.err)
		}
	})
}

func TestReaderRefusesWhatDoesNotFit(t *testing.T) {
	for name, read := range map[string]func(r *reader){
		"an int32":          func(r *reader) { r.int32() },
		"a count":           func(r *reader) { r.count(1) },
		"a count of nones":  func(r *reader) { r.count(0) },
		"a length":          func(r *reader) { _ = r.string() },
		"a limit":           func(r *reader) { r.upTo(5) },
		"a negative length": func(r *reader) { r.take(-1) },
	} {
		r := reader{b: appendVarint(nil, math.MinInt64)}
		if read(&r); r.err == nil {
			t.Errorf("%s was read from the smallest int64", name)
		}
	}
}

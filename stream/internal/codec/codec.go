// Package codec writes and reads the values that saved state consists of. What is written with the Append functions is
// read with the methods of [Reader] in the same order; bytes that nobody wrote are an error, never a panic.
package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrDamaged says that saved bytes are not what an encoder wrote.
var ErrDamaged = errors.New("stream: saved state is damaged")

// VersionError says that saved state is of a release that this one does not know.
type VersionError struct {
	What    string
	Version int
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("stream: state of %s has version %d, which this release does not know", e.What, e.Version)
}

// Reader takes values off the front of Rest. The first value that is not there, or that a decoder refuses, sets Err and
// empties Rest; every later call then returns zero, so a decoder checks Err once, at its end.
type Reader struct {
	Rest []byte
	Err  error
}

// Fail makes the input damaged: a decoder calls it for a value that its encoder cannot have written.
func (r *Reader) Fail() {
	r.Rest = nil
	if r.Err == nil {
		r.Err = ErrDamaged
	}
}

// Take returns the next n bytes, which alias the input, or nil.
func (r *Reader) Take(n int) []byte {
	if n < 0 || n > len(r.Rest) {
		r.Fail()
		return nil
	}
	b := r.Rest[:n]
	r.Rest = r.Rest[n:]
	return b
}

// Byte reads one byte, 0 where there is none.
func (r *Reader) Byte() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// Uvarint reads a number as [AppendUvarint] writes it.
func (r *Reader) Uvarint() uint64 {
	v, n := binary.Uvarint(r.Rest)
	if n <= 0 {
		r.Fail()
		return 0
	}
	r.Rest = r.Rest[n:]
	return v
}

// Varint reads a zigzag number as [AppendVarint] writes it.
func (r *Reader) Varint() int64 {
	v, n := binary.Varint(r.Rest)
	if n <= 0 {
		r.Fail()
		return 0
	}
	r.Rest = r.Rest[n:]
	return v
}

// Int32 reads a varint that must fit.
func (r *Reader) Int32() int32 {
	v := r.Varint()
	if v != int64(int32(v)) {
		r.Fail()
		return 0
	}
	return int32(v)
}

// UpTo reads a uvarint that must not exceed limit.
func (r *Reader) UpTo(limit uint64) uint64 {
	v := r.Uvarint()
	if v > limit {
		r.Fail()
		return 0
	}
	return v
}

// Count reads the number of items that follow, each of at least size bytes: junk cannot make the
// caller allocate more than a small multiple of the input.
func (r *Reader) Count(size int) int {
	return int(r.UpTo(uint64(len(r.Rest) / max(size, 1))))
}

// Uint64 reads eight bytes.
func (r *Reader) Uint64() uint64 {
	if b := r.Take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Uint32 reads four bytes.
func (r *Reader) Uint32() uint32 {
	if b := r.Take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// Float32 reads any float32, also infinities and what is no number.
func (r *Reader) Float32() float32 {
	if b := r.Take(4); b != nil {
		return math.Float32frombits(binary.LittleEndian.Uint32(b))
	}
	return 0
}

// Float64 reads any float64.
func (r *Reader) Float64() float64 { return math.Float64frombits(r.Uint64()) }

// Finite reads a float32 that is a finite number.
func (r *Reader) Finite() float32 {
	v := r.Float32()
	if v != v || math.IsInf(float64(v), 0) {
		r.Fail()
		return 0
	}
	return v
}

// Text reads a text with its length before it.
func (r *Reader) Text() string { return string(r.Take(r.Count(1))) }

// AppendUvarint appends v, small numbers in few bytes.
func AppendUvarint(dst []byte, v uint64) []byte { return binary.AppendUvarint(dst, v) }

// AppendVarint appends v as zigzag: numbers near 0 in few bytes.
func AppendVarint(dst []byte, v int64) []byte { return binary.AppendVarint(dst, v) }

// AppendUint64 appends the eight bytes of v, the lowest first.
func AppendUint64(dst []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(dst, v) }

// AppendUint32 appends the four bytes of v, the lowest first.
func AppendUint32(dst []byte, v uint32) []byte { return binary.LittleEndian.AppendUint32(dst, v) }

// AppendText appends s with its length before it.
func AppendText(dst []byte, s string) []byte {
	return append(AppendUvarint(dst, uint64(len(s))), s...)
}

// AppendFlag appends a byte that is 1 or 0.
func AppendFlag(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendFloat32 appends the bits of f.
func AppendFloat32(dst []byte, f float32) []byte {
	return binary.LittleEndian.AppendUint32(dst, math.Float32bits(f))
}

// AppendFloat64 appends the bits of f.
func AppendFloat64(dst []byte, f float64) []byte { return AppendUint64(dst, math.Float64bits(f)) }

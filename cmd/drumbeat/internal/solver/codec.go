package solver

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// errCodec says that what came through the pipe is not what this package writes.
var errCodec = errors.New("solver: message cannot be read")

// Limits of what a reader believes, so that junk cannot make it allocate.
const (
	mostPeriods = 1 << 16
	mostBytes   = 64 << 20 // of a text or a document
	chunk       = 64 << 10
)

// writer encodes to w. The first error sticks.
type writer struct {
	w   *bufio.Writer
	err error
}

func newWriter(w io.Writer) *writer { return &writer{w: bufio.NewWriterSize(w, chunk)} }

func (w *writer) write(b []byte) {
	if w.err == nil {
		_, w.err = w.w.Write(b)
	}
}

func (w *writer) flush() error {
	if w.err == nil {
		w.err = w.w.Flush()
	}
	return w.err
}

func (w *writer) byte(b byte) { w.write([]byte{b}) }

func (w *writer) uvarint(v uint64) { w.write(binary.AppendUvarint(w.w.AvailableBuffer(), v)) }

func (w *writer) varint(v int64) { w.write(binary.AppendVarint(w.w.AvailableBuffer(), v)) }

func (w *writer) bytes(b []byte) {
	w.uvarint(uint64(len(b)))
	w.write(b)
}

func (w *writer) string(s string) { w.bytes([]byte(s)) }

func (w *writer) float(v float64) {
	w.write(binary.LittleEndian.AppendUint64(w.w.AvailableBuffer(), math.Float64bits(v)))
}

// document writes what is small and rich in fields.
func (w *writer) document(v any) {
	body, err := json.Marshal(v)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("solver: %w", err)
	}
	w.bytes(body)
}

// The forms of a series.
const (
	seriesNil = iota
	seriesConstant
	seriesValues
)

// floats writes a series: most are constant or absent.
func (w *writer) floats(v []float64) {
	if v == nil {
		w.byte(seriesNil)
		return
	}
	constant := len(v) > 0
	for _, x := range v {
		if math.Float64bits(x) != math.Float64bits(v[0]) {
			constant = false
			break
		}
	}
	if constant {
		w.byte(seriesConstant)
		w.uvarint(uint64(len(v)))
		w.float(v[0])
		return
	}
	w.byte(seriesValues)
	w.uvarint(uint64(len(v)))
	b := w.w.AvailableBuffer()
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	w.write(b)
}

// flags writes a series of marks, nil or not.
func (w *writer) flags(v []bool) {
	if v == nil {
		w.byte(seriesNil)
		return
	}
	w.byte(seriesValues)
	w.uvarint(uint64(len(v)))
	b := w.w.AvailableBuffer()
	for _, x := range v {
		if x {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	w.write(b)
}

// reader decodes what writer wrote. After the first error it returns zeros; callers look at err at their end, and
// in loops whose length was read.
type reader struct {
	r   *bufio.Reader
	err error
}

func newReader(r io.Reader) *reader { return &reader{r: bufio.NewReaderSize(r, chunk)} }

// fail keeps the first error. An end within a message is no end of the messages.
func (r *reader) fail(err error) {
	if r.err == nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		r.err = err
	}
}

func (r *reader) byte() byte {
	if r.err != nil {
		return 0
	}
	b, err := r.r.ReadByte()
	if err != nil {
		r.fail(err)
	}
	return b
}

func (r *reader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	v, err := binary.ReadUvarint(r.r)
	if err != nil {
		r.fail(err)
		return 0
	}
	return v
}

func (r *reader) varint() int64 {
	if r.err != nil {
		return 0
	}
	v, err := binary.ReadVarint(r.r)
	if err != nil {
		r.fail(err)
		return 0
	}
	return v
}

// upTo reads a number that must not exceed most.
func (r *reader) upTo(most uint64) int {
	v := r.uvarint()
	if v > most {
		r.fail(fmt.Errorf("%w: %d of at most %d", errCodec, v, most))
		return 0
	}
	return int(v)
}

// bytes reads a text; memory grows with what has come.
func (r *reader) bytes() []byte {
	n := r.upTo(mostBytes)
	var b []byte
	for len(b) < n && r.err == nil {
		at, more := len(b), min(n-len(b), chunk)
		b = append(b, make([]byte, more)...)
		if _, err := io.ReadFull(r.r, b[at:]); err != nil {
			r.fail(err)
		}
	}
	if r.err != nil {
		return nil
	}
	return b
}

func (r *reader) string() string { return string(r.bytes()) }

func (r *reader) float() float64 {
	var b [8]byte
	if r.err == nil {
		if _, err := io.ReadFull(r.r, b[:]); err != nil {
			r.fail(err)
			return 0
		}
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b[:]))
}

func (r *reader) document(v any) {
	body := r.bytes()
	if r.err == nil {
		if err := json.Unmarshal(body, v); err != nil {
			r.fail(fmt.Errorf("%w: %w", errCodec, err))
		}
	}
}

// floats reads a series of at most most values.
func (r *reader) floats(most int) []float64 { return r.floatsInto(nil, most) }

// floatsInto is floats into dst where it has the length of the series.
func (r *reader) floatsInto(dst []float64, most int) []float64 {
	form := r.byte()
	if r.err != nil || form == seriesNil {
		return nil
	}
	n := r.upTo(uint64(most))
	if r.err != nil {
		return nil
	}
	if dst == nil || len(dst) != n {
		dst = make([]float64, n)
	}
	switch form {
	case seriesConstant:
		v := r.float()
		for i := range dst {
			dst[i] = v
		}
	case seriesValues:
		for i := 0; i < n; {
			some := min(n-i, chunk/8)
			b, err := r.r.Peek(8 * some)
			if err != nil {
				r.fail(err)
				return nil
			}
			for range some {
				dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(b))
				b, i = b[8:], i+1
			}
			if _, err := r.r.Discard(8 * some); err != nil {
				r.fail(err)
			}
		}
	default:
		r.fail(fmt.Errorf("%w: series of form %d", errCodec, form))
	}
	if r.err != nil {
		return nil
	}
	return dst
}

// flags reads a series of at most most marks.
func (r *reader) flags(most int) []bool {
	if form := r.byte(); r.err != nil || form == seriesNil {
		return nil
	}
	n := r.upTo(uint64(most))
	if r.err != nil {
		return nil
	}
	v := make([]bool, n)
	for i := range v {
		v[i] = r.byte() != 0
	}
	return v
}

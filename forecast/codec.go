package forecast

import (
	"encoding/binary"
	"errors"
	"math"
)

// coder writes the state of a model or reads it: what writes a field is what reads it, so that the two cannot differ. After
// the first error of reading, everything reads as zero.
//
// Numbers are exact. Floats go in groups of eight, behind a byte whose bits say which of them are not zero: experts that do
// not follow a series, and much else of a series that hardly sells, are nothing but zeros.
type coder struct {
	b       []byte
	reading bool
	err     error
}

// errModel says that bytes are no model that this program has written.
var errModel = errors.New("forecast: model in bytes is damaged, or of another program")

func (c *coder) fail() {
	c.b = nil
	if c.err == nil {
		c.err = errModel
	}
}

func (c *coder) byte(x *uint8) {
	switch {
	case !c.reading:
		c.b = append(c.b, *x)
	case len(c.b) == 0:
		*x = 0
		c.fail()
	default:
		*x, c.b = c.b[0], c.b[1:]
	}
}

func (c *coder) flag(x *bool) {
	v := flag(*x)
	c.byte(&v)
	if v > 1 {
		c.fail()
	}
	*x = v == 1
}

// int is a whole number from 0 to high.
func (c *coder) int(x *int, high int) {
	if !c.reading {
		c.b = binary.AppendUvarint(c.b, uint64(*x))
		return
	}
	v, n := binary.Uvarint(c.b)
	if n <= 0 || v > uint64(high) {
		*x = 0
		c.fail()
		return
	}
	*x, c.b = int(v), c.b[n:]
}

// length is the number of items that follow, each of at least a byte.
func (c *coder) length(n, high int) int {
	if c.reading {
		high = min(high, len(c.b))
	}
	c.int(&n, high)
	return n
}

func (c *coder) text(x *string) {
	n := c.length(len(*x), math.MaxInt32)
	if !c.reading {
		c.b = append(c.b, *x...)
		return
	}
	n = min(n, len(c.b))
	*x, c.b = string(c.b[:n]), c.b[n:]
}

// floats codes numbers by their bits, so that a missing one stays missing.
func (c *coder) floats(x ...*float64) {
	for len(x) > 0 {
		group := x[:min(8, len(x))]
		x = x[len(group):]
		var which uint8
		for i, f := range group {
			if math.Float64bits(*f) != 0 {
				which |= 1 << i
			}
		}
		c.byte(&which)
		for i, f := range group {
			switch {
			case which&(1<<i) == 0:
				*f = 0
			case !c.reading:
				c.b = binary.LittleEndian.AppendUint64(c.b, math.Float64bits(*f))
			case len(c.b) < 8:
				*f = 0
				c.fail()
			default:
				*f, c.b = math.Float64frombits(binary.LittleEndian.Uint64(c.b)), c.b[8:]
			}
		}
	}
}

// list codes as many floats as x has.
func (c *coder) list(x []float64) {
	for i := 0; i < len(x); i += 8 {
		var group [8]*float64
		n := min(8, len(x)-i)
		for k := range n {
			group[k] = &x[i+k]
		}
		c.floats(group[:n]...)
	}
}

// halves are floats of half the size.
func (c *coder) halves(x []float32) {
	for len(x) > 0 {
		group := x[:min(8, len(x))]
		x = x[len(group):]
		var which uint8
		for i, f := range group {
			if math.Float32bits(f) != 0 {
				which |= 1 << i
			}
		}
		c.byte(&which)
		for i := range group {
			switch {
			case which&(1<<i) == 0:
				group[i] = 0
			case !c.reading:
				c.b = binary.LittleEndian.AppendUint32(c.b, math.Float32bits(group[i]))
			case len(c.b) < 4:
				group[i] = 0
				c.fail()
			default:
				group[i], c.b = math.Float32frombits(binary.LittleEndian.Uint32(c.b)), c.b[4:]
			}
		}
	}
}

package stream

import (
	"bytes"
	"math"
	"math/big"
	"slices"
	"testing"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

func drawMovement(t *rapid.T) movement {
	m := movement{
		Day:      schemas.Date(rapid.Int32Range(20000, 20006).Draw(t, "day")),
		DateOnly: rapid.Bool().Draw(t, "date only"),
		Quantity: schemas.Quantity(rapid.SampledFrom([]int64{-3, -2, -1, 1, 2, 3}).Draw(t, "units")) * schemas.Unit,
		Customer: rapid.Uint64Range(0, 2).Draw(t, "customer"),
		Line:     rapid.Uint64Range(0, 3).Draw(t, "line"),
	}
	if rapid.IntRange(0, 3).Draw(t, "micro") == 0 {
		m.Quantity += 5
	}
	if !m.DateOnly || m.Customer == 1 {
		// A site four hours east of UTC.
		m.At = (int64(m.Day)*24-4)*3600 + rapid.Int64Range(0, 23).Draw(t, "hour")*3600
	}
	return m
}

// contained is the rule of the contract, word for word.
func contained(m movement, at int64, dateOnly bool, day schemas.Date) bool {
	switch {
	case dateOnly: // that whole day is in it
		return m.Day <= day
	case m.DateOnly: // date-only ones of that day are in it
		return m.Day <= day
	default: // movements with an instant up to it are in it
		return m.At <= at
	}
}

// Movements against a plain list of them all, over expiry, removal and restarts.
func TestMovementsAgainstList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m movements
		var list []movement
		remove := func(v movement) {
			i := slices.Index(list, v)
			if i < 0 {
				t.Fatalf("%+v was taken and is not there: %+v", v, list)
			}
			list = slices.Delete(list, i, i+1)
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				v := drawMovement(t)
				m.add(v)
				list = append(list, v)
			},
			"expire": func(t *rapid.T) {
				before := schemas.Date(rapid.Int32Range(19998, 20003).Draw(t, "before"))
				m.expire(before)
				list = slices.DeleteFunc(list, func(v movement) bool { return v.Day < before })
			},
			"return": func(t *rapid.T) {
				of := drawMovement(t)
				q := max(of.Quantity, -of.Quantity)
				oldest := of.Day - schemas.Date(rapid.Int32Range(-1, 3).Draw(t, "window"))
				got, ok := m.takeSale(of.Customer, q, of, oldest)
				fits := func(v movement) bool {
					if v.Customer != of.Customer || v.Customer == 0 || v.Quantity != -q || v.Day > of.Day || v.Day < oldest {
						return false
					}
					return v.Day < of.Day || v.DateOnly || of.DateOnly || v.At <= of.At
				}
				if ok != slices.ContainsFunc(list, fits) {
					t.Fatalf("a return like %+v found a sale: %v, in %+v", of, ok, list)
				}
				if !ok {
					return
				}
				if !fits(got) {
					t.Fatalf("a return like %+v took %+v", of, got)
				}
				for _, v := range list {
					if fits(v) && (v.Day > got.Day || v.Day == got.Day && !v.DateOnly && !got.DateOnly && v.At > got.At) {
						t.Fatalf("took %+v although %+v is later", got, v)
					}
				}
				remove(got)
			},
			"correct": func(t *rapid.T) {
				line := rapid.Uint64Range(0, 3).Draw(t, "line")
				got, ok := m.takeLine(line)
				if want := line != 0 && slices.ContainsFunc(list, func(v movement) bool { return v.Line == line }); ok != want {
					t.Fatalf("line %d found: %v, want %v", line, ok, want)
				}
				if ok {
					remove(got)
				}
			},
			"restart": func(t *rapid.T) {
				saved := m.append(nil)
				again, rest, err := decodeMovements(append(slices.Clone(saved), 9))
				if err != nil || !bytes.Equal(rest, []byte{9}) || !slices.Equal(again.list, m.list) || !bytes.Equal(again.append(nil), saved) {
					t.Fatalf("decode: %v, rest %v", err, rest)
				}
				m = again
			},
			"": func(t *rapid.T) {
				day := schemas.Date(rapid.Int32Range(19999, 20007).Draw(t, "count day"))
				dateOnly := rapid.Bool().Draw(t, "count of a day")
				at := (int64(day)*24-4)*3600 + rapid.Int64Range(0, 23).Draw(t, "count hour")*3600
				var want schemas.Quantity
				for _, v := range list {
					if !contained(v, at, dateOnly, day) {
						want += v.Quantity
					}
				}
				if got := m.after(at, dateOnly, day); got != want {
					t.Fatalf("after %v (day %v, %d): %v, want %v", day, dateOnly, at, got, want)
				}
				if m.len() > len(list) || !slices.IsSortedFunc(m.list, movement.compare) {
					t.Fatalf("%d movements kept of %d, or out of order", m.len(), len(list))
				}
				n := 0
				m.each(func(movement) bool { n++; return n < 3 })
				if n != min(3, m.len()) {
					t.Fatalf("each gave %d of %d movements and was to stop at 3", n, m.len())
				}
			},
		})
	})
}

// A busy feed without instants costs one movement a day.
func TestMovementsAreSummed(t *testing.T) {
	var m movements
	for i := range 70000 {
		m.add(movement{Day: schemas.Date(20000 + i%7), DateOnly: true, Quantity: -schemas.Unit})
	}
	if n := len(m.append(nil)); m.len() != 7 || n > 64 {
		t.Errorf("%d movements in %d bytes, want 7", m.len(), n)
	}
}

// The movement that reverses another leaves nothing behind where both are sums.
func TestMovementsCancel(t *testing.T) {
	var m movements
	m.add(movement{Day: 20000, DateOnly: true, Quantity: -5})
	m.add(movement{Day: 20000, DateOnly: true, Quantity: 5})
	m.add(movement{Day: 20000, DateOnly: true})
	if m.len() != 0 {
		t.Errorf("left: %+v", m.list)
	}
}

func TestAddQuantityStopsAtTheEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawQuantity(t, "a"), drawQuantity(t, "b")
		sum := new(big.Int).Add(big.NewInt(int64(a)), big.NewInt(int64(b)))
		want := schemas.Quantity(math.MaxInt64)
		if sum.IsInt64() {
			want = schemas.Quantity(sum.Int64())
		} else if sum.Sign() < 0 {
			want = math.MinInt64
		}
		if got := addQuantity(a, b); got != want {
			t.Fatalf("%d + %d = %d, want %d", a, b, got, want)
		}
	})
}

func FuzzDecodeMovements(f *testing.F) {
	var m movements
	f.Add(m.append(nil))
	m.add(movement{At: 1728000000, Day: 20000, Quantity: -schemas.Unit, Customer: 5, Line: 6})
	m.add(movement{Day: 20001, DateOnly: true, Quantity: 3})
	f.Add(m.append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, _, err := decodeMovements(data)
		if err != nil {
			return
		}
		again, rest, err := decodeMovements(m.append(nil))
		if err != nil || len(rest) > 0 || !bytes.Equal(again.append(nil), m.append(nil)) {
			t.Fatalf("does not survive its own encoding: %v", err)
		}
	})
}

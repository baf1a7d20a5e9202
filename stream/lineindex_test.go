package stream

import (
	"fmt"
	"math"
	"testing"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

// What was put last is what is found, field by field, restarts included.
func TestLineIndexAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := new(lineIndex)
		model := map[uint64]lineEntry{}
		store := pageStore{}
		for range rapid.IntRange(0, 60).Draw(t, "lines") {
			key := lineKey(rapid.SampledFrom([]string{"", "1", "11", "536365"}).Draw(t, "document"), rapid.SampledFrom([]string{"", "1", "2", "12"}).Draw(t, "line"))
			got, ok := x.get(key)
			want, wantOK := model[key]
			if got != want || ok != wantOK {
				t.Fatalf("got %+v, %v, want %+v, %v", got, ok, want, wantOK)
			}
			e := lineEntry{
				SKU:      rapid.Uint32Range(0, 1<<24-1).Draw(t, "sku"),
				Day:      schemas.Date(rapid.Int32Range(int32(schemas.MinDate), int32(schemas.MaxDate)).Draw(t, "day")),
				Quantity: drawQuantity(t, "quantity"),
				Version:  rapid.Uint16().Draw(t, "version"),
				Reversed: rapid.Bool().Draw(t, "reversed"),
				Held:     rapid.Bool().Draw(t, "held"),
			}
			x.put(key, e)
			model[key] = e
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				store.save(x.dirtyPages("s"))
				x = new(lineIndex)
				for _, p := range store.inOrder() {
					if err := x.restore(p); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	})
}

// Lines are forgotten by whole pages, never one that is still within its days.
func TestLineIndexExpires(t *testing.T) {
	var x lineIndex
	const days, lines = 50, 1000
	for d := range days {
		for i := range lines {
			x.put(lineKey(fmt.Sprint(d), fmt.Sprint(i)), lineEntry{SKU: uint32(i), Day: schemas.Date(20000 + d), Quantity: 1, Version: 1})
		}
		oldest := max(d-34, 0)
		x.expire(schemas.Date(20000 + oldest))
		if _, ok := x.get(lineKey(fmt.Sprint(oldest), "0")); !ok {
			t.Fatalf("on day %d, the first line of day %d is forgotten", d, oldest)
		}
	}
	for d := days - 35; d < days; d++ {
		for i := range lines {
			if e, ok := x.get(lineKey(fmt.Sprint(d), fmt.Sprint(i))); !ok || e.SKU != uint32(i) || e.Day != schemas.Date(20000+d) {
				t.Fatalf("line %d of day %d: %+v, %v", i, d, e, ok)
			}
		}
	}
	if most := 35*lines + 2*pageSize; x.set.len() > most {
		t.Errorf("%d lines are kept, want at most %d", x.set.len(), most)
	}
	if _, ok := x.get(lineKey("0", "0")); ok {
		t.Error("a line of 49 days ago is still there")
	}
	pages, _ := x.dirtyPages("s")
	bytes := 0
	for _, p := range pages {
		bytes += len(p.Data)
	}
	if perLine := float64(bytes) / float64(x.set.len()); math.Abs(perLine-lineSize) > .1 {
		t.Errorf("%.2f bytes a line are saved, want %d", perLine, lineSize)
	}
}

func TestKeysKeepTextsApart(t *testing.T) {
	if lineKey("1", "11") == lineKey("11", "1") || lineKey("", "1") == lineKey("1", "") {
		t.Error("two lines share a key")
	}
	if key32("") == 0 || key32("17850") == 0 || key32("17850") == key32("17851") {
		t.Error("customers are not told apart")
	}
}

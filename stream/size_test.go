package stream

import (
	"testing"

	"drumbeat/schemas"
)

// What is left of a state without its history is as long as that of a SKU which has none.
func TestHistoryBytes(t *testing.T) {
	k := sku{name: "A", index: 7}
	without := len(k.append(nil))
	empty := len(k.history.append(nil))
	for d := range 40 {
		k.history.update(schemas.Date(20000+3*d), func(e *dayEntry) { e.Kept = 5_000_000 })
	}
	state := k.append(nil)
	n, err := HistoryBytes(state)
	if err != nil || n != len(k.history.append(nil)) || n-empty != len(state)-without {
		t.Errorf("%d bytes of %d, %v; without history it is %d", n, len(state), err, without)
	}
	for cut := range state[:len(state)-1] {
		if m, err := HistoryBytes(state[:cut]); err == nil && m != n {
			t.Fatalf("of the first %d bytes %d are history", cut, m)
		}
	}
}

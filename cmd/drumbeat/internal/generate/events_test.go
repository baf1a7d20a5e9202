package generate

import (
	"reflect"
	"testing"
	"time"

	"drumbeat/schemas"
)

// TestEventsSurviveTheWire encodes and decodes every event: what is spoiled stays as it is, all of it is
// sound CloudEvents, and no identity stands twice.
func TestEventsSurviveTheWire(t *testing.T) {
	rows := ThreeSKU(2)
	at := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	sales := Events(rows, "demo", "generate:2")
	seen := map[string]bool{}
	var decoder schemas.Decoder
	for i, want := range append(Definitions("demo", "generate:2", at), sales...) {
		value, err := schemas.Encode(&want)
		if err != nil {
			t.Fatal(err)
		}
		var got schemas.Event
		if err := decoder.Decode(nil, value, &got); err != nil {
			t.Fatalf("event %d: %v: %s", i, err, value)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("event %d: sent %+v, got %+v", i, want, got)
		}
		if seen[got.ID] {
			t.Fatalf("id %q stands twice", got.ID)
		}
		seen[got.ID] = true
	}
	for i, e := range sales {
		if e.Sale.Quantity.Present() == (rows[i].Dirt == MissingQuantity) || e.Sale.Date.Present() == (rows[i].Dirt == MissingDate) {
			t.Fatalf("row %+v became %+v", rows[i], e.Sale)
		}
	}
}

package stream_test

import (
	"testing"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// A return takes back a sale of the seven days before its own day, however the site's clock stands: a
// feed that pauses ends the site's day, and what it sends of that day afterwards is late.
func TestReturnLooksBackFromItsOwnDay(t *testing.T) {
	for _, c := range []struct {
		name  string
		days  schemas.Date // from the sale to the return
		pause bool         // before the return
		left  float64
	}{
		{"within the window", 7, false, 0},
		{"within the window, after a pause", 7, true, 0},
		{"beyond the window", 8, false, 10},
		{"beyond the window, after a pause", 8, true, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, stream.Config{DefaultSite: "plant", Settings: settings()})
			of := func(units float64, d schemas.Date) stream.Record {
				s := saleOf("A", units, d)
				s.Customer = schemas.TextField("c1")
				return b.sale(s)
			}
			b.take(of(10, day0), b.sold("B", 1, day0+c.days))
			if c.pause {
				b.end()
			}
			b.take(of(-10, day0+c.days))
			b.end()
			if got := b.sales["A "+day0.String()].Quantity; got != qty(c.left) {
				t.Errorf("%v of the sale are left, want %v", got, c.left)
			}
		})
	}
}

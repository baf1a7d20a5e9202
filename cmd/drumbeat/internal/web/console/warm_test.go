package console

import (
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/web/view"
)

// What takes long is there before the first look, and a rate after the second plan.
func TestPrepared(t *testing.T) {
	c, err := New(Config{Reader: newShelf(5)})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.prepare(t.Context(), "", false); err != nil {
		t.Fatal(err)
	}
	s := c.newest.sites["hall-2"]
	if s == nil {
		t.Fatal("nothing is prepared")
	}
	for _, done := range []chan struct{}{s.loads.done, s.change.done} {
		select {
		case <-done:
		default:
			t.Error("a part of the page is not ready")
		}
	}
}

func TestRates(t *testing.T) {
	var r rates
	now := time.Now()
	at := func(seconds int, read int64) view.Audit {
		return view.Audit{Topic: "erp.sales", Read: read, UpdatedAt: now.Add(time.Duration(seconds) * time.Second)}
	}
	for _, c := range []struct {
		audit view.Audit
		want  float64
		known bool
	}{
		{at(-30, 1000), 0, false}, {at(-20, 1200), 20, true}, {at(-20, 1200), 20, true}, {at(-10, 1300), 10, true},
	} {
		if got, known := r.of("a", c.audit); got != c.want || known != c.known {
			t.Errorf("%+v: %v, %v", c.audit, got, known)
		}
	}
	if got, known := new(rates).of("a", at(-3600, 5)); got != 0 || !known {
		t.Errorf("a silent input: %v, %v", got, known)
	}
}

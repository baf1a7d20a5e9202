package stream

import (
	"context"
	"fmt"
	"testing"

	"drumbeat/schemas"
)

// counter is a site whose facts come one by one.
type counter struct {
	t *testing.T
	p *Processor
	s *site
	n int
}

const counterDay = schemas.Date(20458) // a Monday

func newCounter(t *testing.T) *counter {
	settings := DefaultSettings()
	settings.Clock = schemas.ClockEvent
	p, err := New(Config{DefaultSite: "plant", Settings: settings, PlanEvery: "end"}, &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	return &counter{t: t, p: p, s: p.site("plant")}
}

func (c *counter) tell(ev schemas.Event) {
	c.t.Helper()
	c.n++
	ev.ID, ev.Source = fmt.Sprint(c.n), "/erp"
	value, err := schemas.Encode(&ev)
	if err != nil {
		c.t.Fatal(err)
	}
	if done, err := c.p.Step(Record{Offset: int64(c.n), Key: []byte("plant"), Value: value}); err != nil || !done {
		c.t.Fatal(done, err)
	}
}

func (c *counter) sells(sku string, units float64, d schemas.Date, line string) {
	s := schemas.Sale{SKU: schemas.TextField(sku), Quantity: schemas.NumberField(quantity(units)), Date: schemas.TextField(d.String())}
	if line != "" {
		s.Document, s.Line = schemas.TextField("D"), schemas.TextField(line)
	}
	c.tell(schemas.Event{Type: schemas.TypeSale, Sale: s})
}

func (c *counter) on(sku string, d schemas.Date) dayEntry { return c.s.known(sku).history.at(d) }

// An event that is declared afterwards excuses what is held on its day.
func TestDeclaredAfterwards(t *testing.T) {
	c := newCounter(t)
	for d := counterDay; d < counterDay+40; d++ {
		c.sells("A", 10, d, "")
	}
	day := counterDay + 40
	c.sells("A", 100, day, "")
	if e := c.on("A", day); e.Held != 100*schemas.Unit {
		t.Fatalf("before the declaration: %+v", e)
	}
	c.tell(schemas.Event{Type: schemas.TypeCalendar, Data: &schemas.Calendar{Name: "promotion", Dates: []schemas.Date{day}, Effect: schemas.EffectEvent}})
	if e := c.on("A", day); e.Held != 0 || e.Kept != 100*schemas.Unit {
		t.Errorf("after it: %+v", e)
	}
}

// A fact that comes months late makes the SKU be judged anew, but its absurd first sale stays what it was.
func TestLateFactsLeaveOldVerdicts(t *testing.T) {
	c := newCounter(t)
	site := func(from, to schemas.Date) {
		for d := from; d < to; d++ {
			for i := range 30 {
				c.sells(fmt.Sprint("S", i), 10, d, "")
			}
		}
	}
	site(counterDay, counterDay+60)
	c.sells("NEW", 74215, counterDay+60, "")
	site(counterDay+61, counterDay+150)
	c.sells("NEW", 3, counterDay+120, "")
	c.s.freshen(context.Background())
	if e := c.on("NEW", counterDay+60); e.Held != 74215*schemas.Unit {
		t.Errorf("the first sale: %+v", e)
	}
	if e := c.on("NEW", counterDay+120); e.Kept != 3*schemas.Unit {
		t.Errorf("the late sale: %+v", e)
	}
}

// A sale and its cancellation that are dated far ahead wait for their day together.
func TestCancelledAhead(t *testing.T) {
	c := newCounter(t)
	far := counterDay + 104
	c.sells("A", 10, counterDay, "")
	c.sells("A", 11, far, "")
	c.tell(schemas.Event{Type: schemas.TypeSaleCancelled, Cancelled: schemas.SaleCancelled{
		SKU: schemas.TextField("A"), Quantity: schemas.NumberField(quantity(11)), Date: schemas.TextField(far.String()),
	}})
	for d := counterDay + 1; d < far+6; d++ {
		c.sells("A", 10, d, "")
	}
	if e := c.on("A", far); e.Kept != 10*schemas.Unit || e.Held != 0 || len(c.p.letters) != 0 {
		t.Errorf("%+v, %d letters", e, len(c.p.letters))
	}
}

// A part of a line that is taken back is taken back once, however late it is told again.
func TestReturnedLineIsToldAgain(t *testing.T) {
	for _, told := range []schemas.Date{2, 24} { // while the sale stands in the window, and when it has left it
		c := newCounter(t)
		c.sells("A", 10, counterDay, "1")
		for d := counterDay + 1; d < counterDay+25; d++ {
			c.sells("A", 1, d, "")
			if d == counterDay+told {
				c.sells("A", -3, d, "1")
			}
		}
		for range 2 {
			c.sells("A", -3, counterDay+told, "1")
		}
		if e := c.on("A", counterDay); e.Kept != 7*schemas.Unit {
			t.Errorf("told after %d days: %+v", told, e)
		}
	}
}

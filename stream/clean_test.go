package stream

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

// saleEvent draws a sale of small quantities, so that none is an outlier, with all that makes it a
// correction, a duplicate, a return or a dead letter.
func saleEvent(t *rapid.T, n int, day schemas.Date) schemas.Event {
	ev := schemas.Event{ID: fmt.Sprint(n), Source: "test", Type: schemas.TypeSale}
	text := func(of ...string) schemas.Field {
		if s := rapid.SampledFrom(of).Draw(t, "text"); s != "" {
			return schemas.TextField(s)
		}
		return schemas.Field{}
	}
	ev.Sale = schemas.Sale{
		SKU:      text("A", "B", "b ", "POST", "A", ""),
		Quantity: text("1", "2", "3", "4", "5", "2", "-2", "-1", "0", "", "1,5"),
		Document: text("", "", "1", "2", "3"), Line: text("", "1", "2"), Version: text("", "", "1", "2", "x"),
		Customer: text("", "X", "Y"),
	}
	ev.Sale.Date = schemas.TextField(day.String())
	if rapid.IntRange(0, 15).Draw(t, "spoiled") == 0 {
		ev.Sale.Date = text("", "03/04/2024", "31/12/24")
	}
	return ev
}

// In a Cleaner's own order a file gets from it what the Processor makes of its events, which see less of what comes
// after them: what becomes of a return may change.
func TestCleanerAgreesWithTheProcessor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		settings := DefaultSettings()
		settings.Clock = schemas.ClockEvent
		p, err := New(Config{DefaultSite: "default", Settings: settings, PlanEvery: "end"}, &Snapshot{})
		if err != nil {
			t.Fatal(err)
		}
		c, err := NewCleaner(CleanConfig{})
		if err != nil {
			t.Fatal(err)
		}
		day, _ := schemas.NewDate(2024, 1, 1)
		var events []schemas.Event
		for n := range rapid.IntRange(1, 60).Draw(t, "rows") {
			day += schemas.Date(rapid.IntRange(0, 4).Draw(t, "days"))
			ev := saleEvent(t, n, day)
			if n%5 == 0 { // a sound one now and then, so that the stream's clock follows
				ev.Sale = schemas.Sale{SKU: schemas.TextField("C"), Quantity: schemas.TextField("1"), Date: schemas.TextField(day.String())}
			}
			if err := c.Add(n, &ev); err != nil {
				t.Fatal(err)
			}
			events = append(events, ev)
		}
		slices.SortStableFunc(events, func(a, b schemas.Event) int {
			x, y := c.site.read(&a), c.site.read(&b)
			return x.before(&y)
		})
		for n := range events {
			value, err := schemas.Encode(&events[n])
			if err != nil {
				t.Fatal(err)
			}
			if done, err := p.Step(Record{Offset: int64(n), Key: []byte("default"), Value: value}); err != nil || !done {
				t.Fatal(done, err)
			}
		}
		c.Finish()
		got, want := c.Audit(), p.site("default").Audit.total("")
		// The Processor counts the repairs of repeated lines too; the notes of low sales are a Cleaner's.
		for _, r := range []*AuditRow{&got, &want} {
			maps.DeleteFunc(r.Reasons, func(reason string, n int64) bool {
				return n == 0 || reason == reasonLow || reasonKind(reason) == "repaired"
			})
			r.Repaired, r.OriginTopic = 0, ""
			for _, fate := range []string{reasonReversed, reasonReturn, heldReturn.String(), heldUnreferenced.String()} {
				r.Reasons["returns"] += r.Reasons[fate]
				delete(r.Reasons, fate)
			}
			r.Kept, r.Flagged = r.Kept+r.Flagged, 0 // of these sales only returns are held
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("cleaner  %+v\nstream   %+v", got, want)
		}
	})
}

func TestCleanerTakesSalesOnly(t *testing.T) {
	c, err := NewCleaner(CleanConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Add(2, &schemas.Event{Type: schemas.TypeItem}); err == nil {
		t.Error("an item was taken for a sale")
	}
	if rows := c.Finish(); len(rows) != 0 || c.Audit().Read != 0 {
		t.Errorf("%+v, %+v", rows, c.Audit())
	}
	if _, err := NewCleaner(CleanConfig{Settings: Settings{Horizon: 1, TimeZone: "Mars/North"}}); err == nil {
		t.Error("a time zone that nobody knows was taken")
	}
}

package stream

import (
	"slices"
	"strings"
	"testing"
	"time"

	"drumbeat/schemas"
)

// A web shop that never opens on a Saturday, nor from Christmas Eve to the third of January, nor on the bank
// holidays of spring. Nobody has told the planner.
func TestClosedDaysOfOnlineRetail(t *testing.T) {
	p := onlineRetailBooks(t)
	s := p.sites["retail"]
	job := s.job(t.Context())
	at := func(text string) schemas.Date { return testDay(t, text) }
	var other []string
	for d := at("2010-12-01"); d < s.Today; d++ {
		if d.Weekday() == time.Saturday {
			if !s.silent(d) {
				t.Errorf("Saturday %v counts as a day of business with %d SKUs", d, s.activity.skus[d])
			}
		} else if s.silent(d) {
			other = append(other, d.String())
		}
	}
	t.Logf("%d Saturdays are silent, and %s", int(s.Today-at("2010-12-01"))/7, strings.Join(other, " "))
	var want []string
	for d := at("2010-12-24"); d <= at("2011-01-03"); d++ {
		if d.Weekday() != time.Saturday {
			want = append(want, d.String())
		}
	}
	want = append(want, "2011-04-22", "2011-04-24", "2011-04-25", "2011-04-29", "2011-05-02", "2011-05-30")
	slices.Sort(other)
	if !slices.Equal(other, want) {
		t.Errorf("silent beside the Saturdays: %v\nwant %v", other, want)
	}
	for w := time.Sunday; w <= time.Saturday; w++ {
		if learnt := s.activity.survey.weekly[w]; learnt != (w == time.Saturday) {
			t.Errorf("%v a learnt weekly closing day: %v", w, learnt)
		}
	}
	total := [7]float64{}
	for i := range job.draft.skus {
		f := &job.draft.skus[i].forecast
		for h := range f.Mean {
			total[(f.First + schemas.Date(h)).Weekday()] += float64(f.Mean[h])
		}
	}
	t.Logf("units expected over the horizon by weekday, from Sunday: %.0f", total)
	for w, units := range total {
		if (units == 0) != (time.Weekday(w) == time.Saturday) {
			t.Errorf("%v: %.0f units expected", time.Weekday(w), units)
		}
	}
	state := s.encode()
	if again := onlineRetailAgain(t, p); !slices.Equal(again.activity.survey.silent, s.activity.survey.silent) {
		t.Error("a restored site sees other days")
	}
	t.Logf("state of the site: %d bytes", len(state))
}

// onlineRetailAgain is the site as it is restored.
func onlineRetailAgain(t *testing.T, p *Processor) *site {
	s := p.sites["retail"]
	saved := SavedSite{Name: "retail", State: s.encode()}
	for _, k := range s.skus {
		saved.SKUs = append(saved.SKUs, SKUState{Site: "retail", SKU: k.name, State: k.append(nil)})
	}
	q, err := New(benchConfig(), &Snapshot{Known: true, State: p.encode(), Sites: []SavedSite{saved}})
	if err != nil {
		t.Fatal(err)
	}
	again := q.sites["retail"]
	again.look()
	return again
}

func testDay(t testing.TB, text string) schemas.Date {
	t.Helper()
	d, err := schemas.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// onlineRetailBooks is a Processor that has read the half year, in the shop's own order.
func onlineRetailBooks(t *testing.T) *Processor {
	p, err := New(benchConfig(), &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	retailRows(t, func(line int, row []string) {
		n := int64(line - 2)
		ev := schemas.Event{ID: row[0] + "/" + row[1] + "/" + row[3] + "/" + row[4], Source: "/shop", Type: schemas.TypeSale}
		ev.Sale.SKU, ev.Sale.Quantity = schemas.TextField(row[1]), schemas.Field{Raw: row[3], Kind: schemas.Number}
		ev.Sale.Date, ev.Sale.Document = schemas.TextField(row[4]), schemas.TextField(row[0])
		ev.Sale.Customer = schemas.TextField(row[6])
		value, err := schemas.Encode(&ev)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Step(Record{Offset: n, Key: []byte("retail"), Value: value}); err != nil {
			t.Fatal(err)
		}
		if n%50_000 == 0 {
			p.Advance(p.Ready())
		}
	})
	p.EndOfInput()
	return p
}

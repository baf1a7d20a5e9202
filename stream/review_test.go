package stream

import (
	"fmt"
	"testing"

	"drumbeat/schemas"
)

// A day that a person has rejected stays held when later days like it are believed, and so does a held
// return that is rejected.
func TestRejectionsStand(t *testing.T) {
	first := schemas.Date(20458)
	var facts []told
	sale := func(d schemas.Date, sku string, units float64) {
		facts = append(facts, told{d, schemas.Event{Type: schemas.TypeSale, ID: fmt.Sprint(len(facts)), Source: "/erp", Sale: schemas.Sale{
			SKU: schemas.TextField(sku), Quantity: schemas.NumberField(quantity(units)), Date: schemas.TextField(d.String()),
		}}})
	}
	reject := func(d schemas.Date) {
		facts = append(facts, told{d, schemas.Event{Type: schemas.TypeOutlierReviewed, ID: fmt.Sprint(len(facts)), Source: "/erp", Data: &schemas.OutlierReviewed{
			SKU: "A", Date: d, Verdict: schemas.VerdictReject, By: "p",
		}}})
	}
	gross, back := first+40, first+41
	for d := first; d < first+75; d++ {
		sale(d, "Z", 1)
		switch {
		case d < gross:
			sale(d, "A", 10)
		case d == gross, d >= first+70:
			sale(d, "A", 300)
		case d == back:
			sale(d, "A", -5)
			reject(d)
		case d == first+69: // its day has settled
			reject(gross)
		}
	}
	k := foldFacts(t, facts).site("plant").known("A")
	if e := k.history.at(gross); e.Held != 300*schemas.Unit || e.Kept != 0 || e.Reason != heldReview {
		t.Errorf("the rejected day: %+v", e)
	}
	for d := first + 70; d < first+75; d++ {
		if e := k.history.at(d); e.Held != 0 {
			t.Errorf("a believed day: %+v", e)
		}
	}
	if e := k.history.at(back); e.Held != -5*schemas.Unit || e.Reason != heldUnreferenced {
		t.Errorf("the rejected return: %+v", e)
	}
}

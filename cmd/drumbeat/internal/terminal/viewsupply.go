package terminal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"drumbeat/schemas"
)

// supply draws what of the SKUs' supply needs a person: receipts that are overdue, and stock that went out though
// it was not believed to be there.
func (v *View) supply(f *frame) {
	v.troubled(f, "overdue receipts", func(l *schemas.Line) (sum schemas.Quantity) {
		for i := range l.Periods {
			sum += l.Periods[i].Overdue
		}
		return sum
	})
	v.troubled(f, "went out beyond believed stock", func(l *schemas.Line) schemas.Quantity { return l.Found })
}

// troubled names the SKUs of which a figure is not zero, the largest first.
func (v *View) troubled(f *frame, what string, figure func(*schemas.Line) schemas.Quantity) {
	type trouble struct {
		sku      string
		quantity schemas.Quantity
	}
	var list []trouble
	for i := range v.Lines {
		if q := figure(&v.Lines[i]); q != 0 {
			list = append(list, trouble{v.Lines[i].SKU, q})
		}
	}
	if len(list) == 0 {
		return
	}
	slices.SortStableFunc(list, func(a, b trouble) int { return cmp.Compare(b.quantity, a.quantity) })
	const most = 4
	var names []string
	for _, x := range list[:min(len(list), most)] {
		names = append(names, fmt.Sprintf("%s of %s", quantity(x.quantity), x.sku))
	}
	line := what + ": " + strings.Join(names, ", ")
	if more := len(list) - most; more > 0 {
		line += fmt.Sprintf(" and %d more", more)
	}
	f.add(f.style.Ink(Warn, line))
}

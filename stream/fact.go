package stream

import (
	"math"
	"strconv"
	"strings"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream/repair"
)

// fact is what a sale or a cancellation says, after repair. Its texts alias the record.
type fact struct {
	fault   *fault // the first thing that makes it a dead letter
	repairs repair.Set

	sku        string // canonical
	hasSKU     bool
	quantity   schemas.Quantity
	day        schemas.Date
	at         time.Time // the instant, or the start of the day
	hasTime    bool
	hasDay     bool
	line       uint64 // key in the line index; 0: no document and line
	document   uint32 // hash; 0: none
	version    uint16
	hasVersion bool
	customer   uint32 // hash; 0: none
	price      float64
	ahead      bool // runs too far ahead of the site's clock: held
}

// fault says why a record is a dead letter: a field of it has no certain meaning (package repair), or it does not fit
// what is known of its site.
type fault repair.Fault

// maxSale is the largest quantity of one event: sums of a thousand of them still fit.
const maxSale = 1_000_000_000 * schemas.Unit

// read gives the fields of a sale or a cancellation their meaning. All fields are read even when one
// is at fault: a rejected row whose SKU and day are known makes that day missing.
func (s *site) read(ev *schemas.Event) (f fact) {
	var sale *schemas.Sale
	switch ev.Type {
	case schemas.TypeSale:
		sale = &ev.Sale
	case schemas.TypeSaleCancelled:
		c := &ev.Cancelled
		sale = &schemas.Sale{
			SKU: c.SKU, Quantity: c.Quantity, Date: c.Date, Time: c.Time, Document: c.Document, Line: c.Line,
			Version: c.Version, Customer: c.Customer,
		}
	default:
		return f
	}
	if document := text(sale.Document); document != "" {
		f.document = key32(document)
		if line := text(sale.Line); line != "" {
			f.line = lineKey(document, line)
		}
	}
	// A cancellation that names its line needs nothing else; a fault in what it adds is none.
	needed := ev.Type == schemas.TypeSale || f.line == 0
	sku, how, err := repair.SKU(sale.SKU)
	f.note(how, (*fault)(err), needed)
	f.sku, f.hasSKU = sku, err == nil
	f.quantity, how, err = repair.Amount(sale.Quantity)
	if err == nil && (f.quantity > maxSale || f.quantity < -maxSale) {
		err = &repair.Fault{Reason: repair.BadQuantity, Field: "quantity", Detail: f.quantity.String() + " is beyond a thousand million units"}
	}
	f.note(how, (*fault)(err), needed)
	f.day, f.at, f.hasTime, how, err = repair.When(sale.Date, sale.Time, s.p.config.DayFirst, s.location)
	f.note(how, (*fault)(err), needed)
	f.hasDay = err == nil
	if f.hasDay && !f.hasTime {
		f.at = f.day.Time(s.location)
	}
	if v := sale.Version; v.Present() && v.Raw != "" {
		n, err := strconv.ParseUint(strings.TrimSpace(v.Raw), 10, 16)
		if err != nil || n >= cancelledVersion {
			f.note(repair.None, &fault{"bad-version", "version", repair.Shown(v.Raw) + " is no number from 0 to 65534"}, true)
		}
		f.version, f.hasVersion = uint16(n), err == nil
	}
	if customer := text(sale.Customer); customer != "" {
		f.customer = key32(customer)
	}
	if sale.UnitPrice.Present() {
		if price, err := strconv.ParseFloat(strings.TrimSpace(sale.UnitPrice.Raw), 64); err == nil && price > 0 && price < 1e9 {
			f.price = price
		}
	}
	return f
}

// text is a field without the blanks around it, "" where it is absent.
func text(f schemas.Field) string {
	if !f.Present() {
		return ""
	}
	return strings.TrimSpace(f.Raw)
}

func (f *fact) note(how repair.Kind, err *fault, needed bool) {
	f.repairs.Add(how)
	if err != nil && needed && f.fault == nil {
		f.fault = err
	}
}

// cancelledVersion marks a line in the index that a cancellation without a version of its own ended.
const cancelledVersion = math.MaxUint16

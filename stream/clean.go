package stream

import (
	"fmt"
	"strings"

	"drumbeat/schemas"
	"drumbeat/stream/repair"
)

// CleanConfig says how a Cleaner reads rows. The zero value has the defaults of the service.
type CleanConfig struct {
	// Settings give the time zone of instants without one, the patterns of codes that are no product, and
	// how long document lines are remembered; the zero value is DefaultSettings.
	Settings Settings
	// DayFirst declares that dates such as 03/04/2026 put the day first.
	DayFirst bool
}

// Cleaner judges the sales of a file as a whole, by the very code of the [Processor]: it books the rows in
// the order of their dates and reads the verdicts when every day has settled. A file in any order gives
// the same verdicts.
//
//	Add, Add, …, Finish
//
// What a stream cannot know when a row arrives, a Cleaner does: its verdicts are final. Nothing is ahead
// of a clock, because it has none, and rows have no identity but their place in the file.
type Cleaner struct {
	site  *site
	rows  []cleanRow
	names map[string]string // one copy of every SKU's name
	audit audit
	days  map[saleKey]*cleanDay
}

// CleanVerdict is what became of a row.
type CleanVerdict string

// The verdicts. Clean, repaired and duplicate rows have nothing wrong with what they say; a flagged row
// is held out of demand; a rejected one cannot be read.
const (
	RowClean     CleanVerdict = "clean"
	RowRepaired  CleanVerdict = "repaired"
	RowFlagged   CleanVerdict = "flagged"
	RowRejected  CleanVerdict = "rejected"
	RowDuplicate CleanVerdict = "duplicate"
)

// CleanedRow is a row with its verdict. SKU is "" and the flags are false where the row does not say.
type CleanedRow struct {
	Row         int // as Add was told
	SKU         string
	Date        schemas.Date
	Quantity    schemas.Quantity
	HasDate     bool
	HasQuantity bool
	Verdict     CleanVerdict
	Reason      string // the slugs that the audit counts, separated by semicolons; "" for most clean rows
}

// cleanRow is a row as it was read, and what became of it.
type cleanRow struct {
	row         int
	fact        fact
	hasQuantity bool
	out         outcome
	low         bool // of a day far below what the SKU sells: a note
}

// NewCleaner returns a Cleaner without rows. The error names the setting that is wrong.
func NewCleaner(c CleanConfig) (*Cleaner, error) {
	if c.Settings.Horizon == 0 {
		c.Settings = DefaultSettings()
	}
	c.Settings.Clock = schemas.ClockEvent // time is what the rows say
	p, err := New(Config{DefaultSite: "default", Settings: c.Settings, DayFirst: c.DayFirst, PlanEvery: "end"}, &Snapshot{})
	if err != nil {
		return nil, err
	}
	cleaner := &Cleaner{site: p.site("default"), names: map[string]string{}, days: map[saleKey]*cleanDay{}}
	cleaner.site.keepAll, cleaner.site.onClose = true, cleaner.closeDay
	return cleaner, nil
}

// Add reads a sale. Nothing of the event is kept. The error says that it is no sale.
func (c *Cleaner) Add(row int, sale *schemas.Event) error {
	if sale.Type != schemas.TypeSale {
		return fmt.Errorf("stream: %v: only sales can be cleaned", sale.Type)
	}
	r := cleanRow{row: row, fact: c.site.read(sale), hasQuantity: true}
	r.fact.sku = c.name(r.fact.sku)
	if r.fact.fault != nil {
		_, _, err := repair.Amount(sale.Sale.Quantity)
		r.hasQuantity = err == nil && r.fact.fault.Reason != repair.BadQuantity
	}
	c.rows = append(c.rows, r)
	return nil
}

// name is the kept copy of a SKU's name.
func (c *Cleaner) name(sku string) string {
	kept, ok := c.names[sku]
	if !ok {
		kept = strings.Clone(sku)
		c.names[kept] = kept
	}
	return kept
}

// Finish judges all rows and returns them in the order of Add. The Cleaner cannot be used again, but for
// Audit.
func (c *Cleaner) Finish() []CleanedRow {
	c.fold()
	c.judge()
	out := make([]CleanedRow, len(c.rows))
	reasons := map[reasonKey]string{}
	for i := range c.rows {
		r := &c.rows[i]
		verdict, reason := c.verdict(r)
		key := reasonKey{reason, r.fact.repairs, r.low}
		if verdict == RowDuplicate || verdict == RowRejected {
			key.repairs = 0
		}
		text, ok := reasons[key]
		if !ok {
			text = key.String()
			reasons[key] = text
		}
		out[i] = CleanedRow{
			Row: r.row, SKU: r.fact.sku, Date: r.fact.day, Quantity: r.fact.quantity,
			HasDate: r.fact.hasDay, HasQuantity: r.hasQuantity, Verdict: verdict, Reason: text,
		}
		if !r.hasQuantity {
			out[i].Quantity = 0
		}
	}
	return out
}

// Audit counts the rows after Finish. Read = Kept + Flagged + Rejected + Duplicate; repaired rows are
// among those kept or flagged.
func (c *Cleaner) Audit() AuditRow { return c.audit.total("") }

// verdict counts a row and says what it is, with the reason that is no repair.
func (c *Cleaner) verdict(r *cleanRow) (CleanVerdict, string) {
	var here origin
	switch {
	case r.fact.fault != nil:
		c.audit.rejected(here, r.fact.fault.Reason)
		return RowRejected, r.fact.fault.Reason
	case r.out.kind == outcomeRejected:
		c.audit.rejected(here, r.out.fault.Reason)
		return RowRejected, r.out.fault.Reason
	case r.out.kind == outcomeDuplicate:
		c.audit.duplicate(here)
		return RowDuplicate, ""
	}
	c.audit.repaired(here, r.fact.repairs)
	if r.low {
		c.audit.note(here, reasonLow)
	}
	if r.out.kind == outcomeFlagged {
		c.audit.flagged(here, r.out.reason)
		return RowFlagged, r.out.reason
	}
	c.audit.kept(here)
	if r.out.reason != "" {
		c.audit.note(here, r.out.reason)
	}
	if r.fact.repairs != 0 {
		return RowRepaired, r.out.reason
	}
	return RowClean, r.out.reason
}

// reasonLow notes a sale far below what the SKU sells. It is never held: a part day, a stock-out or a
// season explains it as well as an error.
const reasonLow = "low"

// reasonKey is what the reason of a row is made of; a file has few of them.
type reasonKey struct {
	reason  string
	repairs repair.Set
	low     bool
}

func (k reasonKey) String() string {
	var slugs []string
	if k.reason != "" {
		slugs = append(slugs, k.reason)
	}
	if k.low {
		slugs = append(slugs, reasonLow)
	}
	for kind := range k.repairs.All() {
		slugs = append(slugs, kind.String())
	}
	return strings.Join(slugs, ";")
}

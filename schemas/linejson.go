package schemas

import "strconv"

// PlanID identifies a revision.
func PlanID(site string, revision int64) string {
	return site + ":" + strconv.FormatInt(revision, 10)
}

// Append appends the bytes of the line as they are published: compact JSON in the order of the
// fields, `"revision":N,` third.
func (l *Line) Append(dst []byte) []byte {
	dst = append(dst, `{"site":`...)
	dst = appendText(dst, l.Site)
	dst = append(dst, `,"sku":`...)
	dst = appendText(dst, l.SKU)
	dst = append(dst, `,"revision":`...)
	dst = strconv.AppendInt(dst, l.Revision, 10)
	dst = append(dst, `,"periods":[`...)
	for i := range l.Periods {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = l.Periods[i].append(dst)
	}
	dst = append(dst, `],"cost":`...)
	dst = AppendMoney(dst, l.Cost)
	dst = append(dst, `,"reason":`...)
	dst = appendText(dst, l.Reason)
	if l.Why != nil {
		dst = append(dst, `,"why":`...)
		dst = l.Why.append(dst)
	}
	if l.Found != 0 {
		dst = append(dst, `,"found":`...)
		dst = l.Found.AppendTo(dst)
	}
	return append(dst, '}')
}

// MarshalJSON writes the published bytes.
func (l Line) MarshalJSON() ([]byte, error) { return l.Append(nil), nil }

func (w *Why) append(dst []byte) []byte {
	text := func(name, s string) {
		if s != "" {
			dst = appendText(append(dst, name...), s)
		}
	}
	units := func(name string, q Quantity) {
		if q != 0 {
			dst = q.AppendTo(append(dst, name...))
		}
	}
	dst = appendText(append(dst, `{"kind":`...), w.Kind)
	text(`,"cause":`, w.Cause)
	units(`,"quantity":`, w.Quantity)
	text(`,"period":`, w.Period)
	if w.Early != 0 {
		dst = strconv.AppendInt(append(dst, `,"early":`...), int64(w.Early), 10)
	}
	text(`,"frozen":`, w.Frozen)
	text(`,"resource":`, w.Resource)
	text(`,"from":`, w.From)
	text(`,"to":`, w.To)
	if w.Price != 0 {
		dst = AppendMoney(append(dst, `,"price":`...), w.Price)
	}
	if len(w.DisplacedBy) > 0 {
		dst = appendTexts(append(dst, `,"displaced_by":`...), w.DisplacedBy)
	}
	text(`,"arrives":`, w.Arrives)
	units(`,"pack":`, w.Pack)
	return append(dst, '}')
}

// The figures of a period that are left out where they are 0.
const (
	overdueMember  = `,"overdue":`
	approvedMember = `,"approved":`
)

func (p *LinePeriod) append(dst []byte) []byte {
	dst = append(dst, `{"period":`...)
	dst = appendText(dst, p.Period)
	for _, m := range [...]struct {
		name string
		q    Quantity
	}{
		{`,"demand":`, p.Demand}, {`,"demand_low":`, p.DemandLow}, {`,"demand_high":`, p.DemandHigh},
		{`,"opening":`, p.Opening}, {`,"receipts":`, p.Receipts}, {overdueMember, p.Overdue}, {`,"production":`, p.Production}, {approvedMember, p.Approved},
		{`,"arrivals":`, p.Arrivals}, {`,"inventory":`, p.Inventory}, {`,"safety_stock":`, p.SafetyStock},
		{`,"shortfall":`, p.Shortfall}, {`,"shortage":`, p.Shortage},
	} {
		if m.q == 0 && (m.name == overdueMember || m.name == approvedMember) {
			continue
		}
		dst = append(dst, m.name...)
		dst = m.q.AppendTo(dst)
	}
	dst = append(dst, `,"frozen":`...)
	dst = strconv.AppendBool(dst, p.Frozen)
	dst = append(dst, `,"price":`...)
	dst = AppendMoney(dst, p.Price)
	return append(dst, '}')
}

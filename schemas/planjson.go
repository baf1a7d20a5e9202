package schemas

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// PlanID identifies a revision.
func PlanID(site string, revision int64) string {
	return site + ":" + strconv.FormatInt(revision, 10)
}

// RoundMoney rounds to six decimals, half to even, the way all published money is rounded.
// Values beyond 2^52 millionths have no such decimals and stay as they are.
func RoundMoney(v float64) float64 {
	m := v * 1e6
	if !(math.Abs(m) < 1<<52) {
		return v
	}
	// The sum turns -0 into 0.
	return math.RoundToEven(m)/1e6 + 0
}

// AppendMoney appends v as a JSON number of at most six decimals, or null where it is not finite.
func AppendMoney(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, RoundMoney(v), 'f', -1, 64)
}

// appendTolerance appends a relative figure near 0 in full precision.
func appendTolerance(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, v+0, 'g', -1, 64)
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
	return append(dst, '}')
}

// MarshalJSON writes the published bytes.
func (l Line) MarshalJSON() ([]byte, error) { return l.Append(nil), nil }

func (p *LinePeriod) append(dst []byte) []byte {
	dst = append(dst, `{"period":`...)
	dst = appendText(dst, p.Period)
	for _, m := range [...]struct {
		name string
		q    Quantity
	}{
		{`,"demand":`, p.Demand}, {`,"demand_low":`, p.DemandLow}, {`,"demand_high":`, p.DemandHigh},
		{`,"opening":`, p.Opening}, {`,"receipts":`, p.Receipts}, {`,"production":`, p.Production},
		{`,"arrivals":`, p.Arrivals}, {`,"inventory":`, p.Inventory}, {`,"safety_stock":`, p.SafetyStock},
		{`,"shortfall":`, p.Shortfall}, {`,"shortage":`, p.Shortage},
	} {
		dst = append(dst, m.name...)
		dst = m.q.AppendTo(dst)
	}
	dst = append(dst, `,"frozen":`...)
	dst = strconv.AppendBool(dst, p.Frozen)
	dst = append(dst, `,"price":`...)
	dst = AppendMoney(dst, p.Price)
	return append(dst, '}')
}

// Append appends the bytes of the head as they are published: compact JSON in the order of the fields.
func (h *Head) Append(dst []byte) []byte {
	return h.append(dst, func(dst []byte) []byte { return strconv.AppendInt(dst, int64(h.Lines), 10) })
}

// MarshalJSON writes the published bytes.
func (h Head) MarshalJSON() ([]byte, error) { return h.Append(nil), nil }

// Append appends the head with its lines in the member `lines`.
func (p *Plan) Append(dst []byte) []byte {
	return p.Head.append(dst, func(dst []byte) []byte {
		return appendList(dst, p.Lines, func(dst []byte, l *Line) []byte { return l.Append(dst) })
	})
}

// MarshalJSON writes the head with its lines.
func (p Plan) MarshalJSON() ([]byte, error) { return p.Append(nil), nil }

func (h *Head) append(dst []byte, lines func([]byte) []byte) []byte {
	dst = append(dst, `{"site":`...)
	dst = appendText(dst, h.Site)
	dst = append(dst, `,"revision":`...)
	dst = strconv.AppendInt(dst, h.Revision, 10)
	dst = append(dst, `,"plan_id":`...)
	dst = appendText(dst, h.PlanID)
	dst = append(dst, `,"status":`...)
	dst = appendText(dst, string(h.Status))
	if h.Reason != "" {
		dst = append(dst, `,"reason":`...)
		dst = appendText(dst, h.Reason)
	}
	dst = append(dst, `,"mode":`...)
	dst = appendText(dst, string(h.Mode))
	dst = append(dst, `,"created_at":`...)
	dst = appendTime(dst, h.CreatedAt)
	dst = append(dst, `,"now":`...)
	dst = appendTime(dst, h.Now)
	dst = append(dst, `,"baseline":`...)
	dst = strconv.AppendInt(dst, h.Baseline, 10)
	dst = append(dst, `,"cause":{"trigger":`...)
	dst = appendText(dst, h.Cause.Trigger)
	dst = append(dst, `,"skus":`...)
	dst = appendTexts(dst, h.Cause.SKUs)
	dst = append(dst, `,"detail":`...)
	dst = appendText(dst, h.Cause.Detail)
	dst = append(dst, `},"input":`...)
	dst = h.Input.append(dst)
	dst = append(dst, `,"periods":`...)
	dst = appendTexts(dst, h.Periods)
	dst = append(dst, `,"cost":`...)
	dst = h.Cost.append(dst)
	dst = append(dst, `,"objective":`...)
	dst = AppendMoney(dst, h.Objective)
	dst = append(dst, `,"certificate":`...)
	dst = h.Certificate.append(dst)
	dst = append(dst, `,"resources":`...)
	dst = appendList(dst, h.Resources, appendResourceLoad)
	dst = append(dst, `,"shortage_total":`...)
	dst = h.ShortageTotal.AppendTo(dst)
	dst = append(dst, `,"shortages":`...)
	dst = appendList(dst, h.Shortages, appendShortage)
	dst = append(dst, `,"excluded":`...)
	dst = appendList(dst, h.Excluded, appendExcluded)
	dst = append(dst, `,"lines":`...)
	dst = lines(dst)
	dst = append(dst, `,"changed_lines":`...)
	dst = strconv.AppendInt(dst, int64(h.ChangedLines), 10)
	dst = append(dst, `,"moved_units":`...)
	dst = h.MovedUnits.AppendTo(dst)
	dst = append(dst, `,"frozen_moves":`...)
	dst = strconv.AppendInt(dst, int64(h.FrozenMoves), 10)
	dst = append(dst, `,"state":`...)
	dst = h.State.append(dst)
	if h.Infeasibility != nil {
		dst = append(dst, `,"infeasibility":`...)
		dst = h.Infeasibility.append(dst)
	}
	dst = append(dst, `,"checksum":`...)
	dst = appendText(dst, h.Checksum)
	return append(dst, '}')
}

func (in *Input) append(dst []byte) []byte {
	dst = append(dst, `{"topic":`...)
	dst = appendText(dst, in.Topic)
	dst = append(dst, `,"partition":`...)
	dst = strconv.AppendInt(dst, int64(in.Partition), 10)
	dst = append(dst, `,"offset":`...)
	dst = strconv.AppendInt(dst, in.Offset, 10)
	dst = append(dst, `,"watermark":`...)
	dst = appendTime(dst, in.Watermark)
	dst = append(dst, `,"events":`...)
	dst = strconv.AppendInt(dst, in.Events, 10)
	return append(dst, '}')
}

func (c *Cost) append(dst []byte) []byte {
	dst = append(dst, `{"total":`...)
	dst = AppendMoney(dst, c.Total)
	dst = append(dst, `,"production":`...)
	dst = AppendMoney(dst, c.Production)
	dst = append(dst, `,"holding":`...)
	dst = AppendMoney(dst, c.Holding)
	dst = append(dst, `,"overtime":`...)
	dst = AppendMoney(dst, c.Overtime)
	dst = append(dst, `,"shortage":`...)
	dst = AppendMoney(dst, c.Shortage)
	dst = append(dst, `,"stability":`...)
	dst = AppendMoney(dst, c.Stability)
	return append(dst, '}')
}

func (c *Certificate) append(dst []byte) []byte {
	dst = append(dst, `{"bound":`...)
	dst = AppendMoney(dst, c.Bound)
	dst = append(dst, `,"gap":`...)
	dst = appendTolerance(dst, c.Gap)
	dst = append(dst, `,"primal_infeasibility":`...)
	dst = appendTolerance(dst, c.PrimalInfeasibility)
	dst = append(dst, `,"dual_infeasibility":`...)
	dst = appendTolerance(dst, c.DualInfeasibility)
	dst = append(dst, `,"checked":`...)
	dst = strconv.AppendBool(dst, c.Checked)
	dst = append(dst, `,"rounding_gap":`...)
	dst = appendTolerance(dst, c.RoundingGap)
	return append(dst, '}')
}

func appendResourceLoad(dst []byte, r *ResourceLoad) []byte {
	dst = append(dst, `{"resource":`...)
	dst = appendText(dst, r.Resource)
	dst = append(dst, `,"period":`...)
	dst = appendText(dst, r.Period)
	dst = append(dst, `,"capacity":`...)
	dst = r.Capacity.AppendTo(dst)
	dst = append(dst, `,"load":`...)
	dst = r.Load.AppendTo(dst)
	dst = append(dst, `,"overtime":`...)
	dst = r.Overtime.AppendTo(dst)
	dst = append(dst, `,"price":`...)
	dst = AppendMoney(dst, r.Price)
	return append(dst, '}')
}

func appendShortage(dst []byte, s *Shortage) []byte {
	dst = append(dst, `{"sku":`...)
	dst = appendText(dst, s.SKU)
	dst = append(dst, `,"period":`...)
	dst = appendText(dst, s.Period)
	dst = append(dst, `,"quantity":`...)
	dst = s.Quantity.AppendTo(dst)
	dst = append(dst, `,"kind":`...)
	dst = appendText(dst, string(s.Kind))
	dst = append(dst, `,"resource":`...)
	dst = appendText(dst, s.Resource)
	dst = append(dst, `,"price":`...)
	dst = AppendMoney(dst, s.Price)
	dst = append(dst, `,"displaced_by":`...)
	dst = appendTexts(dst, s.DisplacedBy)
	return append(dst, '}')
}

func appendExcluded(dst []byte, e *Excluded) []byte {
	dst = append(dst, `{"sku":`...)
	dst = appendText(dst, e.SKU)
	dst = append(dst, `,"reason":`...)
	dst = appendText(dst, e.Reason)
	return append(dst, '}')
}

func (s *PlanState) append(dst []byte) []byte {
	dst = append(dst, `{"stock":`...)
	dst = appendText(dst, s.Stock)
	dst = append(dst, `,"stock_as_of":`...)
	dst = appendText(dst, s.StockAsOf)
	dst = append(dst, `,"assumed_stock":`...)
	dst = strconv.AppendInt(dst, int64(s.AssumedStock), 10)
	dst = append(dst, `,"stale_skus":`...)
	dst = appendTexts(dst, s.StaleSKUs)
	dst = append(dst, `,"provisional_items":`...)
	dst = strconv.AppendInt(dst, int64(s.ProvisionalItems), 10)
	return append(dst, '}')
}

func (f *Infeasibility) append(dst []byte) []byte {
	dst = append(dst, `{"cause":`...)
	dst = appendText(dst, f.Cause)
	dst = append(dst, `,"resource":`...)
	dst = appendText(dst, f.Resource)
	if f.SKU != "" {
		dst = append(dst, `,"sku":`...)
		dst = appendText(dst, f.SKU)
	}
	dst = append(dst, `,"first_short_period":`...)
	dst = appendText(dst, f.FirstShortPeriod)
	dst = append(dst, `,"missing":`...)
	dst = AppendMoney(dst, f.Missing)
	dst = append(dst, `,"peak_period":`...)
	dst = appendText(dst, f.PeakPeriod)
	dst = append(dst, `,"factor":`...)
	dst = appendOptional(dst, f.Factor, appendTolerance)
	dst = append(dst, `,"smallest_capacity":`...)
	dst = appendList(dst, f.SmallestCapacity, func(dst []byte, v *float64) []byte { return AppendMoney(dst, *v) })
	dst = append(dst, `,"uniform_extra":`...)
	dst = appendOptional(dst, f.UniformExtra, AppendMoney)
	dst = append(dst, `,"binding_periods":`...)
	dst = appendTexts(dst, f.BindingPeriods)
	return append(dst, '}')
}

func appendOptional(dst []byte, v *float64, number func([]byte, float64) []byte) []byte {
	if v == nil {
		return append(dst, "null"...)
	}
	return number(dst, *v)
}

func appendList[T any](dst []byte, list []T, element func([]byte, *T) []byte) []byte {
	dst = append(dst, '[')
	for i := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = element(dst, &list[i])
	}
	return append(dst, ']')
}

func appendTexts(dst []byte, list []string) []byte {
	return appendList(dst, list, func(dst []byte, s *string) []byte { return appendText(dst, *s) })
}

// appendTime appends an instant in UTC with at most milliseconds, so that every store keeps it whole.
func appendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.UTC().Truncate(time.Millisecond).AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}

const hexDigits = "0123456789abcdef"

// appendText appends s as a JSON string. Only what JSON requires is escaped, each character in one
// way, so that equal text has equal bytes; invalid UTF-8 becomes U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size != 1 {
				i += size
				continue
			}
			dst = append(append(dst, s[start:i]...), "\uFFFD"...)
		} else {
			dst = append(dst, s[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Encode turns an event into the value of a record in structured mode: compact JSON, attributes
// first, fields in the order of the types. Equal events have equal bytes. It errs where Data is not
// of the event's type or cannot be JSON (NaN); it does not repeat the checks of Decode, so that
// spoiled events can be made on purpose.
func Encode(ev *Event) ([]byte, error) { return AppendEvent(nil, ev) }

// AppendEvent is [Encode] into a buffer.
func AppendEvent(dst []byte, ev *Event) ([]byte, error) {
	if ev.Type == TypeUnknown || ev.Type >= typeCount {
		return nil, ErrUnknownType
	}
	dst = append(dst, `{"specversion":"1.0","id":`...)
	dst = appendText(dst, ev.ID)
	dst = append(dst, `,"source":`...)
	dst = appendText(dst, ev.Source)
	dst = append(dst, `,"type":"drumbeat.`...)
	dst = append(dst, typeNames[ev.Type]...)
	dst = append(dst, `.v1"`...)
	if ev.HasTime {
		dst = append(dst, `,"time":"`...)
		dst = ev.Time.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, '"')
	}
	if ev.Site != "" {
		dst = append(dst, `,"site":`...)
		dst = appendText(dst, ev.Site)
	}
	if ev.Type == TypeHeartbeat {
		return append(dst, '}'), nil
	}
	dst = append(dst, `,"data":`...)
	dst, err := appendData(dst, ev)
	if err != nil {
		return nil, err
	}
	return append(dst, '}'), nil
}

func appendData(dst []byte, ev *Event) ([]byte, error) {
	switch ev.Type {
	case TypeSale:
		v := &ev.Sale
		return appendFields(dst, []namedField{
			{"sku", v.SKU}, {"quantity", v.Quantity}, {"date", v.Date}, {"time", v.Time},
			{"document", v.Document}, {"line", v.Line}, {"version", v.Version},
			{"unit_price", v.UnitPrice}, {"customer", v.Customer}, {"channel", v.Channel},
		})
	case TypeSaleCancelled:
		v := &ev.Cancelled
		return appendFields(dst, []namedField{
			{"sku", v.SKU}, {"quantity", v.Quantity}, {"date", v.Date}, {"time", v.Time},
			{"document", v.Document}, {"line", v.Line}, {"customer", v.Customer}, {"version", v.Version},
		})
	}
	if t := TypeOf(ev.Data); t != ev.Type {
		return nil, fmt.Errorf("schemas: event of type %s with data %T", ev.Type, ev.Data)
	}
	buf := bytes.NewBuffer(dst)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(ev.Data); err != nil {
		return nil, fmt.Errorf("schemas: encode %s: %w", ev.Type, err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte{'\n'}), nil
}

// TypeOf is the type of an event with these data, a pointer as in [Event].Data; TypeUnknown for any other value.
func TypeOf(data any) Type {
	switch data.(type) {
	case *Sale:
		return TypeSale
	case *SaleCancelled:
		return TypeSaleCancelled
	case *StockCounted:
		return TypeStockCounted
	case *Receipt:
		return TypeReceipt
	case *Item:
		return TypeItem
	case *Resource:
		return TypeResource
	case *Capacity:
		return TypeCapacity
	case *Calendar:
		return TypeCalendar
	case *OutlierReviewed:
		return TypeOutlierReviewed
	case *DemandOverride:
		return TypeDemandOverride
	case *ProductionPin:
		return TypeProductionPin
	case *PlanApproved:
		return TypePlanApproved
	case *Policy:
		return TypePolicy
	case *Operator:
		return TypeOperator
	case *Heartbeat:
		return TypeHeartbeat
	}
	return TypeUnknown
}

type namedField struct {
	name  string
	field Field
}

func appendFields(dst []byte, fields []namedField) ([]byte, error) {
	dst = append(dst, '{')
	first := true
	for _, f := range fields {
		if f.field.Kind == Absent {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, '"')
		dst = append(dst, f.name...)
		dst = append(dst, `":`...)
		switch f.field.Kind {
		case Null:
			dst = append(dst, "null"...)
		case Text:
			dst = appendText(dst, f.field.Raw)
		default:
			if !json.Valid([]byte(f.field.Raw)) {
				return nil, fmt.Errorf("schemas: field %s: %q is no JSON", f.name, f.field.Raw)
			}
			dst = append(dst, f.field.Raw...)
		}
	}
	return append(dst, '}'), nil
}

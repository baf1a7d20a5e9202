package csvfeed

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"drumbeat/schemas"
)

// startDefinitions reads rows of the other types. A row becomes the JSON of an event and is decoded as
// the service would, so that both know the same values.
func (f *Feed) startDefinitions(rows *csv.Reader, header []string, o Options, modified time.Time) error {
	fields, ok := definitions[o.Type]
	if !ok {
		return &Error{File: f.name, Err: fmt.Errorf("a CSV cannot hold events of type %s", o.Type)}
	}
	columns, err := f.columns(fields, o.Type, header, o.Map)
	if err != nil {
		return err
	}
	modified = modified.UTC().Truncate(time.Second)
	var decoder schemas.Decoder
	f.next = func(r *Record) error {
		cells, line, err := f.read(rows, header, fields, columns)
		if err != nil {
			return err
		}
		data, err := f.data(o.Type, cells, line, fields, columns)
		if err != nil {
			return err
		}
		value, err := json.Marshal(struct {
			SpecVersion string         `json:"specversion"`
			ID          string         `json:"id"`
			Source      string         `json:"source"`
			Type        string         `json:"type"`
			Time        time.Time      `json:"time"`
			Site        string         `json:"site,omitempty"`
			Data        map[string]any `json:"data"`
		}{
			"1.0", fmt.Sprintf("%d@%d", line, modified.Unix()), o.Source, o.Type.String(),
			// Of two rows that define the same thing the later one is the newer.
			modified.Add(time.Duration(line) * time.Microsecond), f.site, data,
		})
		if err != nil {
			return &Error{File: f.name, Line: line, Err: err}
		}
		*r = Record{Line: line}
		if err := decoder.Decode(nil, value, &r.Event); err != nil {
			return f.decodeError(line, err)
		}
		return nil
	}
	return nil
}

// data makes the event's data of a row; empty cells are absent, dotted names are objects.
func (f *Feed) data(t schemas.Type, cells []string, line int, fields []field, columns []int) (map[string]any, error) {
	data := map[string]any{}
	for i, x := range fields {
		if columns[i] < 0 {
			continue
		}
		cell := strings.TrimSpace(cells[columns[i]])
		if cell == "" {
			if x.required {
				return nil, &Error{File: f.name, Line: line, Field: x.name, Err: errors.New("required, but empty")}
			}
			continue
		}
		value, err := cellValue(x.kind, cell)
		if err != nil {
			return nil, &Error{File: f.name, Line: line, Field: x.name, Err: err}
		}
		into, path := data, strings.Split(x.name, ".")
		for _, name := range path[:len(path)-1] {
			if into[name] == nil {
				into[name] = map[string]any{}
			}
			into = into[name].(map[string]any)
		}
		into[path[len(path)-1]] = value
	}
	for name, value := range defaults[t] {
		if data[name] == nil {
			data[name] = value
		}
	}
	return data, nil
}

// defaults are the values of fields that a file may leave out although the event has them.
var defaults = map[schemas.Type]map[string]any{
	schemas.TypeReceipt:  {"status": string(schemas.ReceiptExpected)},
	schemas.TypeCalendar: {"effect": string(schemas.EffectClosed)},
}

func cellValue(k kind, cell string) (any, error) {
	switch k {
	case number:
		if isNumber(cell) {
			return json.Number(cell), nil
		}
		v, err := strconv.ParseFloat(cell, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%q is not a number", cell)
		}
		return json.Number(strconv.FormatFloat(v, 'f', -1, 64)), nil
	case truth:
		switch strings.ToLower(cell) {
		case "true", "yes", "1":
			return true, nil
		case "false", "no", "0":
			return false, nil
		}
		return nil, fmt.Errorf("%q is neither true nor false", cell)
	case list:
		var texts []string
		for _, s := range strings.Split(cell, ";") {
			if s = strings.TrimSpace(s); s != "" {
				texts = append(texts, s)
			}
		}
		return texts, nil
	}
	return cell, nil
}

// decodeError names file, line and column in an error of the decoder.
func (f *Feed) decodeError(line int, err error) error {
	var bad *schemas.DecodeError
	if !errors.As(err, &bad) {
		return &Error{File: f.name, Line: line, Err: err}
	}
	detail := bad.Detail
	if detail == "" {
		detail = bad.Reason
	}
	return &Error{File: f.name, Line: line, Field: strings.TrimPrefix(bad.Field, "data."), Err: errors.New(detail)}
}

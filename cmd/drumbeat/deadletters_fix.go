package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"drumbeat/schemas"
	"drumbeat/stream/postgres"
)

// replayOf is the CloudEvents extension attribute that names the origin of the record whose fix an event is.
const replayOf = "replayof"

// fixedSuffix stands behind the id of an event that was fixed. A fix of a fix keeps the id: of all that is
// made of one record, one counts.
const fixedSuffix = "~fixed"

// letterRecord is a rejected record taken apart, for a fix: of an event in structured mode all members, of
// one in binary mode the headers and the members of data.
type letterRecord struct {
	binary  bool
	headers []schemas.Header
	event   map[string]json.RawMessage // nil in binary mode
	data    map[string]json.RawMessage
}

// readLetter takes a dead letter apart.
func readLetter(l *postgres.Letter) (*letterRecord, error) { return readRecord(l.Headers, l.Value) }

func readRecord(headers []schemas.Header, value []byte) (*letterRecord, error) {
	r := &letterRecord{headers: headers, data: map[string]json.RawMessage{}}
	r.binary = slices.ContainsFunc(headers, func(h schemas.Header) bool { return h.Key == "ce_specversion" })
	if r.binary {
		if err := json.Unmarshal(value, &r.data); err != nil || r.data == nil {
			return nil, fmt.Errorf("the value is no JSON object: %s", beginning(value))
		}
		return r, nil
	}
	if err := json.Unmarshal(value, &r.event); err != nil || r.event == nil {
		return nil, fmt.Errorf("the value is no JSON object: %s", beginning(value))
	}
	if text := r.event["data"]; len(text) > 0 && string(text) != "null" {
		if err := json.Unmarshal(text, &r.data); err != nil {
			return nil, errors.New("data is no JSON object")
		}
	}
	return r, nil
}

// text is a member of data as text: the text of a string, the digits of a number, "" for what is neither.
func (r *letterRecord) text(field string) string {
	raw := r.data[field]
	var s string
	var n json.Number
	switch {
	case json.Unmarshal(raw, &s) == nil:
		return strings.TrimSpace(s)
	case json.Unmarshal(raw, &n) == nil:
		return n.String()
	}
	return ""
}

// sku is the SKU in its canonical form, "" where there is none.
func (r *letterRecord) sku() string {
	sku, err := schemas.CanonicalSKU(r.text("sku"))
	if err != nil {
		return ""
	}
	return sku
}

// id is the id of the event, "" where there is none.
func (r *letterRecord) id() string {
	if r.binary {
		for _, h := range r.headers {
			if h.Key == "ce_id" {
				return string(h.Value)
			}
		}
		return ""
	}
	var id string
	if json.Unmarshal(r.event["id"], &id) != nil {
		return ""
	}
	return id
}

// set sets members of data.
func (r *letterRecord) set(fields map[string]string) error {
	for field, value := range fields {
		if field == "" {
			return errors.New("a field without a name")
		}
		r.data[field] = jsonValue(value)
	}
	return nil
}

// encode writes the fixed record under an id of its own, with the origin of the one that it replaces. It
// must be an event.
func (r *letterRecord) encode(from postgres.LetterOrigin, id string) (headers []schemas.Header, value []byte, err error) {
	value, err = json.Marshal(r.data)
	if err != nil {
		return nil, nil, err
	}
	headers = r.headers
	if r.binary {
		headers = slices.DeleteFunc(slices.Clone(headers), func(h schemas.Header) bool { return h.Key == "ce_id" || h.Key == "ce_"+replayOf })
		headers = append(headers, schemas.Header{Key: "ce_id", Value: []byte(id)}, schemas.Header{Key: "ce_" + replayOf, Value: []byte(originText(from))})
	} else {
		r.event["data"], r.event["id"], r.event[replayOf] = value, jsonText(id), jsonText(originText(from))
		if value, err = json.Marshal(r.event); err != nil {
			return nil, nil, err
		}
	}
	var decoder schemas.Decoder
	var ev schemas.Event
	if err := decoder.Decode(headers, value, &ev); err != nil {
		return nil, nil, fmt.Errorf("still no event: %s", strings.TrimPrefix(err.Error(), "schemas: "))
	}
	return headers, value, nil
}

// fixedID is the id of an event that replaces the one of an id: always the same for the same record, so that
// a fix which is sent twice counts once.
func fixedID(id string, from postgres.LetterOrigin) string {
	switch {
	case strings.HasSuffix(id, fixedSuffix):
		return id
	case id == "":
		id = originText(from)
	}
	if len(id)+len(fixedSuffix) > schemas.MaxAttribute {
		sum := sha256.Sum256([]byte(id))
		id = "sha256:" + hex.EncodeToString(sum[:])
	}
	return id + fixedSuffix
}

// fixFields returns the letter as it is sent with fields of its data set, and the event's id.
func fixFields(l *postgres.Letter, fields map[string]string) (*postgres.Letter, string, error) {
	record, err := readLetter(l)
	if err != nil {
		return nil, "", err
	}
	if err := record.set(fields); err != nil {
		return nil, "", err
	}
	return fixed(l, record, fixedID(record.id(), originOf(l)))
}

func fixed(l *postgres.Letter, record *letterRecord, id string) (*postgres.Letter, string, error) {
	headers, value, err := record.encode(originOf(l), id)
	if err != nil {
		return nil, "", err
	}
	out := *l
	out.Headers, out.Value = headers, value
	return &out, id, nil
}

// jsonValue is value where it is JSON, else value as a JSON text.
func jsonValue(value string) json.RawMessage {
	if json.Valid([]byte(value)) {
		return json.RawMessage(value)
	}
	return jsonText(value)
}

// jsonText is a JSON text.
func jsonText(s string) json.RawMessage {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string can always be encoded
	}
	return text
}

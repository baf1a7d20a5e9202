package schemas

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Limits of a record.
const (
	MaxRecord    = 1 << 20 // bytes of a record's value
	MaxDepth     = 32      // nesting of objects and arrays
	MaxAttribute = 1024    // bytes of id or source
)

// Decoder turns records into events. It is reusable and not safe for concurrent use; the zero value
// is ready for use. A sale is decoded without allocating.
type Decoder struct {
	scan  scanner
	names map[string]string // sources and sites seen: few, repeated, and the caller may keep them
}

// attributes are the context attributes of one record as they were found, and where its data is.
type attributes struct {
	specVersion, id, source, typ, time string
	siteHeader, site                   string // ce_site wins over the extension attribute
	data                               int    // position of the member data; absent, or alreadyRead
}

const (
	absent      = -1
	alreadyRead = -2
)

// Decode reads one record into ev, in CloudEvents 1.0 structured mode (a JSON object with
// specversion) or in Kafka binary mode (headers ce_*). Unknown attributes and members are ignored;
// a member that we read and that stands twice is an error. What is no event comes back as a
// *[DecodeError]; ev then
// holds of Type, ID, Source and Time what could be read.
func (d *Decoder) Decode(headers []Header, value []byte, ev *Event) error {
	*ev = Event{}
	a := attributes{data: absent}
	binary, err := readHeaders(headers, &a)
	if err != nil {
		return err
	}
	if len(value) > MaxRecord {
		return &DecodeError{Reason: ReasonTooLarge, Detail: itoa(len(value)) + " bytes; at most " + itoa(MaxRecord)}
	}
	if !utf8.Valid(value) {
		return &DecodeError{Reason: ReasonNotJSON, Detail: "invalid UTF-8"}
	}
	s := &d.scan
	s.reset(value)
	if !binary {
		d.structured(&a, ev)
	} else if s.peek() == 'n' {
		// null is no data here as it is in structured mode.
		s.skip()
		s.end()
	} else if len(value) > 0 {
		a.data = 0
	}
	if s.err != nil {
		return s.err
	}
	if err := d.identify(&a, ev); err != nil {
		return err
	}
	if err := d.data(&a, ev, binary); err != nil {
		return err
	}
	return d.locate(&a, ev)
}

// structured reads the top level. Data is read on the way if its type is known by then and needs no
// check (the common order of members), else it is only skipped and its position kept.
func (d *Decoder) structured(a *attributes, ev *Event) {
	s := &d.scan
	if s.peek() != '{' {
		s.skip()
		s.end()
		s.fail(ReasonNotCloudEvent, "", "not a JSON object")
		return
	}
	var seen uint
	s.open()
	for first := true; ; first = false {
		name, ok := s.member(first)
		if !ok {
			break
		}
		var into *string
		var bit uint
		switch name {
		case "specversion":
			into, bit = &a.specVersion, 1
		case "id":
			into, bit = &a.id, 2
		case "source":
			into, bit = &a.source, 4
		case "type":
			into, bit = &a.typ, 8
		case "time":
			into, bit = &a.time, 16
		case "site":
			into, bit = &a.site, 32
		case "data":
			bit = 64
		case "data_base64":
			s.fail(ReasonBadField, name, "data is JSON and stands in the member data")
		}
		if seen&bit != 0 {
			s.fail(ReasonDuplicateMember, name, "stands twice")
		}
		seen |= bit
		switch {
		case into != nil:
			f := s.field()
			if f.Kind > Text {
				s.fail(ReasonBadField, name, "not text")
			}
			*into = f.Raw
			if bit == 8 {
				ev.Type, _ = parseType(f.Raw)
			}
		case bit == 64 && s.peek() == 'n':
			s.skip()
		case bit == 64 && ev.Type == TypeSale && s.peek() == '{':
			s.sale(&ev.Sale)
			a.data = alreadyRead
		case bit == 64:
			a.data = s.pos
			s.skip()
		default:
			s.skip()
		}
	}
	s.end()
}

// identify checks the context attributes and copies them into ev. The type comes first: whether a
// partition has to wait for an upgrade must not depend on the rest of the record.
func (d *Decoder) identify(a *attributes, ev *Event) error {
	if a.specVersion != "1.0" {
		return &DecodeError{ReasonNotCloudEvent, "specversion", excerpt(a.specVersion) + " is not 1.0"}
	}
	if a.typ == "" {
		return missing("type")
	}
	t, err := parseType(a.typ)
	switch {
	case errors.Is(err, ErrNewerVersion):
		return &DecodeError{ReasonNewerVersion, "type", excerpt(a.typ)}
	case err != nil:
		return &DecodeError{ReasonUnknownType, "type", excerpt(a.typ)}
	}
	ev.Type, ev.ID = t, a.id
	switch {
	case a.id == "":
		return missing("id")
	case a.source == "":
		return missing("source")
	case len(a.id) > MaxAttribute:
		return &DecodeError{ReasonBadField, "id", "longer than " + itoa(MaxAttribute) + " bytes"}
	case len(a.source) > MaxAttribute:
		return &DecodeError{ReasonBadField, "source", "longer than " + itoa(MaxAttribute) + " bytes"}
	}
	ev.Source = d.keep(a.source)
	if a.time != "" {
		i, ok := parseInstant(a.time)
		if !ok || !i.Zoned {
			return &DecodeError{ReasonBadField, "time", excerpt(a.time) + " is not RFC 3339 of the years 1900 to 2199"}
		}
		ev.Time, ev.HasTime = i.Time, true
	}
	return nil
}

func missing(field string) error {
	return &DecodeError{ReasonMissingField, field, "is required"}
}

// data reads the event's data by its type.
func (d *Decoder) data(a *attributes, ev *Event, whole bool) error {
	s := &d.scan
	switch a.data {
	case alreadyRead:
		return nil
	case absent:
		if ev.Type == TypeHeartbeat {
			ev.Data = new(Heartbeat)
			return nil
		}
		return missing("data")
	}
	s.pos, s.depth = a.data, 0
	s.parent, s.name = "", "data"
	s.body(ev)
	if whole {
		s.end()
	}
	if s.err != nil {
		return s.err
	}
	return nil
}

// locate finds the site: the attribute, else the member of data.
func (d *Decoder) locate(a *attributes, ev *Event) error {
	site, field := a.attribute()
	if site == "" {
		f := d.scan.site
		site, field = f.Raw, "data.site"
		if f.Kind > Text {
			return &DecodeError{ReasonBadSite, field, "not text"}
		}
	}
	if site == "" {
		return nil
	}
	if !ValidSite(site) {
		return &DecodeError{ReasonBadSite, field, excerpt(site) + " is not [A-Za-z0-9._-]{1,64}"}
	}
	ev.Site = d.keep(site)
	return nil
}

func (a *attributes) attribute() (site, field string) {
	if a.siteHeader != "" {
		return a.siteHeader, "ce_site"
	}
	return a.site, "site"
}

// keep returns a copy of s that the caller of Decode may keep, the same one for the same text.
func (d *Decoder) keep(s string) string {
	if kept, ok := d.names[s]; ok {
		return kept
	}
	if d.names == nil || len(d.names) >= 4096 {
		d.names = make(map[string]string)
	}
	s = strings.Clone(s)
	d.names[s] = s
	return s
}

// parseType takes "drumbeat.NAME.vN" apart.
func parseType(s string) (Type, error) {
	rest, ok := strings.CutPrefix(s, "drumbeat.")
	if !ok {
		return TypeUnknown, ErrUnknownType
	}
	dot := strings.LastIndexByte(rest, '.')
	if dot < 0 {
		return TypeUnknown, ErrUnknownType
	}
	name, version := rest[:dot], rest[dot+1:]
	for t := TypeSale; t < typeCount; t++ {
		if typeNames[t] != name {
			continue
		}
		if version == "v1" {
			return t, nil
		}
		digits, ok := strings.CutPrefix(version, "v")
		if ok && digits != "" && digits[0] != '0' && strings.Trim(digits, "0123456789") == "" {
			return TypeUnknown, ErrNewerVersion
		}
		break
	}
	return TypeUnknown, ErrUnknownType
}

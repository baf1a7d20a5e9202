package schemas

import (
	"strings"
	"unicode/utf8"
)

// readHeaders finds out whether a record is in binary mode, and then reads its attributes from the
// headers (CloudEvents Kafka protocol binding 1.0.2, section 3.2). The content type of structured
// mode decides; without one, ce_specversion does. ce_site counts in either mode, so that a
// connector can add it.
func readHeaders(headers []Header, a *attributes) (binary bool, err error) {
	structured := false
	for i := range headers {
		h := &headers[i]
		var into *string
		switch h.Key {
		case "content-type":
			const family = "application/cloudevents"
			media, _, _ := strings.Cut(view(h.Value), ";")
			media = strings.TrimSpace(media)
			if strings.EqualFold(media, family+"+json") {
				structured = true
			} else if len(media) >= len(family) && strings.EqualFold(media[:len(family)], family) {
				return false, &DecodeError{ReasonNotCloudEvent, "content-type", excerpt(media) + " is not supported"}
			}
			continue
		case "ce_specversion":
			into, binary = &a.specVersion, true
		case "ce_id":
			into = &a.id
		case "ce_source":
			into = &a.source
		case "ce_type":
			into = &a.typ
		case "ce_time":
			into = &a.time
		case "ce_site":
			into = &a.siteHeader
		default:
			continue
		}
		if *into != "" {
			return binary, &DecodeError{ReasonDuplicateMember, h.Key, "stands twice"}
		}
		if !utf8.Valid(h.Value) {
			return binary, &DecodeError{ReasonBadField, h.Key, "invalid UTF-8"}
		}
		*into = view(h.Value)
	}
	if structured {
		// In structured mode all attributes but the site stand in the value.
		*a = attributes{siteHeader: a.siteHeader, data: absent}
	}
	return binary && !structured, nil
}

// SiteOf finds the site that a record names, for intake: the attribute (header ce_site, else the
// top-level extension attribute `site`), else the member `site` of data. It reads no more of the
// record than it has to and never complains: ok is false where there is no site, or none that is
// valid and certain, and the record then goes to the default site, where Decode says what is wrong
// with it. site aliases the record.
func SiteOf(headers []Header, value []byte) (site string, ok bool) {
	a := attributes{data: absent}
	binary, err := readHeaders(headers, &a)
	if err != nil {
		return "", false
	}
	if a.siteHeader != "" {
		return a.siteHeader, ValidSite(a.siteHeader)
	}
	if len(value) > MaxRecord {
		return "", false
	}
	var s scanner
	s.reset(value)
	if binary {
		site = s.siteMember("")
	} else {
		site = s.siteMember("data")
	}
	if s.err != nil || !ValidSite(site) {
		return "", false
	}
	return site, true
}

// siteMember finds the member `site` of the object that is next. With below, it is looked for in
// the member of that name too, where the object itself has none.
func (s *scanner) siteMember(below string) (site string) {
	if s.peek() != '{' {
		return ""
	}
	s.open()
	for first := true; ; first = false {
		name, ok := s.member(first)
		if !ok {
			return site
		}
		switch {
		case name == "site" && s.peek() == '"':
			switch v := s.text(); {
			case v == "":
			case below != "":
				return v // nothing that makes an event can follow and change the answer
			case site != "":
				s.fail(ReasonDuplicateMember, name, "stands twice")
			default:
				site = v
			}
		case below != "" && name == below && s.peek() == '{':
			site = s.siteMember("")
		default:
			s.skip()
		}
	}
}

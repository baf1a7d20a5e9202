package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"reflect"
	"testing"
	"unicode/utf8"
)

// FuzzDecode holds the Decoder against encoding/json and against itself: what it takes is JSON and
// comes back from its own encoding, what is no JSON it refuses, and intake and Decoder agree on the site.
func FuzzDecode(f *testing.F) {
	examples, err := fs.Glob(Files(), "examples/*.v1.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range examples {
		f.Add(mustRead(name), false)
	}
	f.Add(saleRecord, false)
	f.Add([]byte(`{"sku":"\ud83d\ude00","quantity":"NaN","date":[{}],"site":"a"}`), true)
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"s","type":"drumbeat.sale.v2","data":[1e308,-0]}`), false)
	binaryMode := header("ce_specversion", "1.0", "ce_id", "1", "ce_source", "s", "ce_type", saleType)
	var d Decoder
	f.Fuzz(func(t *testing.T, value []byte, binary bool) {
		var headers []Header
		if binary {
			headers = binaryMode
		}
		original := bytes.Clone(value)
		var ev Event
		err := d.Decode(headers, value, &ev)
		site, ok := SiteOf(headers, value)
		if !bytes.Equal(value, original) {
			t.Fatal("the record was written to")
		}
		var bad *DecodeError
		if err != nil {
			if !errors.As(err, &bad) || bad.Reason == "" || !utf8.ValidString(err.Error()) {
				t.Fatalf("%#v", err)
			}
			return
		}
		if !json.Valid(value) && len(value) > 0 {
			t.Fatalf("took %q", value)
		}
		if site != ev.Site || ok != (ev.Site != "") {
			t.Fatalf("SiteOf gives %q, %v, the event has %q", site, ok, ev.Site)
		}
		record, err := Encode(&ev)
		if err != nil {
			t.Fatalf("%+v: %v", ev, err)
		}
		var again Event
		if err := new(Decoder).Decode(nil, record, &again); err != nil {
			t.Fatalf("%s became %s: %v", value, record, err)
		}
		if !reflect.DeepEqual(ev, again) {
			t.Fatalf("%s became %s\n%+v\n%+v", value, record, ev, again)
		}
	})
}

// FuzzScan holds the scanner against encoding/json on any text.
func FuzzScan(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e+7,"\u00e9\n",true,false,null,{}]}`, `[`, `"\ud800"`, `01`, ` 1 `, `{"a":1,}`, "\"\x00\"", `-`, `1e`, `[[[]]]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		if !utf8.Valid(value) {
			return
		}
		var s scanner
		s.reset(value)
		s.skip()
		s.end()
		valid := json.Valid(value)
		switch {
		case s.err == nil && !valid:
			t.Fatalf("took %q", value)
		case s.err != nil && valid && s.err.Reason != ReasonTooDeep && !bytes.Contains(value, []byte(`\u`)):
			t.Fatalf("refused %q: %v", value, s.err)
		}
		if valid && s.err == nil && value[0] == '"' {
			var want string
			s.reset(value)
			if got := s.text(); json.Unmarshal(value, &want) != nil || got != want {
				t.Fatalf("%s reads as %q, want %q", value, got, want)
			}
		}
	})
}

// FuzzParseQuantity holds the fast reading of numbers against rational arithmetic.
func FuzzParseQuantity(f *testing.F) {
	for _, s := range []string{"1", "-1.50", "1e3", "9200000000000.000001", "0.0000001", "1e-999", ".e1", "٣"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseQuantity(s)
		if err != nil {
			return
		}
		if len(s) > 60 {
			return // rationals with huge exponents take for ever
		}
		for i := range s {
			if s[i]|0x20 == 'e' && len(s)-i > 5 {
				return
			}
		}
		if want, err := rationalQuantity(s); err != nil || got != want {
			t.Fatalf("%q is %d, want %d, %v", s, got, want, err)
		}
	})
}

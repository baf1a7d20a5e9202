package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// The corpus of spoiled records: each has one outcome.
func TestBadRecords(t *testing.T) {
	sale := func(data string) string { return event(saleType, data) }
	item := func(member string) string {
		return event("drumbeat.item.v1", `{"sku":"A","production_cost":1,"holding_cost":1,`+member+`}`)
	}
	of := func(name, data string) string { return event("drumbeat."+name+".v1", data) }
	good := sale(`{"sku":"A","quantity":1,"date":"2026-01-31"}`)
	for _, c := range []struct {
		name, value   string
		reason, field string
	}{
		{"nothing", ``, ReasonNotJSON, ""},
		{"white space", " \n", ReasonNotJSON, ""},
		{"truncated", good[:len(good)-5], ReasonNotJSON, ""},
		{"truncated in a name", good[:len(good)/2], ReasonNotJSON, ""},
		{"truncated in an escape", `{"id":"\u12`, ReasonNotJSON, ""},
		{"text", `hello`, ReasonNotJSON, ""},
		{"XML", `<event/>`, ReasonNotJSON, ""},
		{"CSV", `85123A,6,2010-12-01`, ReasonNotJSON, ""},
		{"two records", good + good, ReasonNotJSON, ""},
		{"a NUL after the end", good + "\x00", ReasonNotJSON, ""},
		{"byte order mark", "\ufeff" + good, ReasonNotJSON, ""},
		{"invalid UTF-8", strings.Replace(good, `"A"`, "\"\xff\"", 1), ReasonNotJSON, ""},
		{"UTF-16", "{\x00\"\x00}\x00", ReasonNotJSON, ""},
		{"overlong UTF-8", strings.Replace(good, `"A"`, "\"\xc0\xaf\"", 1), ReasonNotJSON, ""},
		{"control character in text", strings.Replace(good, `"A"`, "\"a\nb\"", 1), ReasonNotJSON, ""},
		{"unknown escape", strings.Replace(good, `"A"`, `"\x41"`, 1), ReasonNotJSON, ""},
		{"lone surrogate", strings.Replace(good, `"A"`, `"\ud83d"`, 1), ReasonNotJSON, ""},
		{"surrogates in the wrong order", strings.Replace(good, `"A"`, `"\ude00\ud83d"`, 1), ReasonNotJSON, ""},
		{"NaN", sale(`{"sku":"A","quantity":NaN}`), ReasonNotJSON, ""},
		{"Infinity", sale(`{"sku":"A","quantity":-Infinity}`), ReasonNotJSON, ""},
		{"leading zero", sale(`{"sku":"A","quantity":012}`), ReasonNotJSON, ""},
		{"leading plus", sale(`{"sku":"A","quantity":+1}`), ReasonNotJSON, ""},
		{"no digit after the point", sale(`{"sku":"A","quantity":1.}`), ReasonNotJSON, ""},
		{"hexadecimal", sale(`{"sku":"A","quantity":0x10}`), ReasonNotJSON, ""},
		{"trailing comma", sale(`{"sku":"A",}`), ReasonNotJSON, ""},
		{"single quotes", `{'id':1}`, ReasonNotJSON, ""},
		{"comment", `{/* */}`, ReasonNotJSON, ""},
		{"no colon", `{"id" "1"}`, ReasonNotJSON, ""},
		{"half a word", `{"id":tru}`, ReasonNotJSON, ""},
		{"an array", `[` + good + `]`, ReasonNotCloudEvent, ""},
		{"a number", `12`, ReasonNotCloudEvent, ""},
		{"null", `null`, ReasonNotCloudEvent, ""},
		{"an empty object", `{}`, ReasonNotCloudEvent, "specversion"},
		{"data without envelope", `{"sku":"A","quantity":1,"date":"2026-01-31"}`, ReasonNotCloudEvent, "specversion"},
		{"CloudEvents 0.3", strings.Replace(good, `"1.0"`, `"0.3"`, 1), ReasonNotCloudEvent, "specversion"},
		{"ten megabytes of text", sale(`{"sku":"` + strings.Repeat("x", 10<<20) + `"}`), ReasonTooLarge, ""},
		{"deep nesting in what is ignored", sale(`{"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`), ReasonTooDeep, ""},
		{"deep nesting in a field", sale(`{"sku":` + strings.Repeat(`{"a":`, 1000) + `1` + strings.Repeat("}", 1000) + `}`), ReasonTooDeep, ""},
		{"half a megabyte of brackets", strings.Repeat("[", 1<<19), ReasonTooDeep, ""},
		{"no id", strings.Replace(good, `"id":"e1",`, ``, 1), ReasonMissingField, "id"},
		{"an empty id", strings.Replace(good, `"e1"`, `""`, 1), ReasonMissingField, "id"},
		{"id null", strings.Replace(good, `"e1"`, `null`, 1), ReasonMissingField, "id"},
		{"id a number", strings.Replace(good, `"e1"`, `1`, 1), ReasonBadField, "id"},
		{"a long id", strings.Replace(good, `"e1"`, `"`+strings.Repeat("x", 1025)+`"`, 1), ReasonBadField, "id"},
		{"no source", strings.Replace(good, `"source":"/erp",`, ``, 1), ReasonMissingField, "source"},
		{"no type", strings.Replace(good, `"type":"`+saleType+`",`, ``, 1), ReasonMissingField, "type"},
		{"no data", `{"specversion":"1.0","id":"1","source":"s","type":"drumbeat.sale.v1"}`, ReasonMissingField, "data"},
		{"data null", sale(`null`), ReasonMissingField, "data"},
		{"data text", sale(`"{}"`), ReasonBadField, "data"},
		{"data a list", sale(`[]`), ReasonBadField, "data"},
		{"strict data a list", of("item", `[]`), ReasonBadField, "data"},
		{"base64", strings.Replace(good, `"data":`, `"data_base64":"e30=","data":`, 1), ReasonBadField, "data_base64"},
		{"two skus", sale(`{"sku":"A","quantity":1,"sku":"B"}`), ReasonDuplicateMember, "data.sku"},
		{"two skus, one escaped", sale(`{"sku":"A","\u0073ku":"B"}`), ReasonDuplicateMember, "data.sku"},
		{"two data", strings.Replace(good, `"data":`, `"data":{},"data":`, 1), ReasonDuplicateMember, "data"},
		{"two types", strings.Replace(good, `"type":`, `"type":"drumbeat.item.v1","type":`, 1), ReasonDuplicateMember, "type"},
		{"two costs", item(`"production_cost":2`), ReasonDuplicateMember, "data.production_cost"},
		{"time without zone", strings.Replace(good, `"id":`, `"time":"2026-01-31T10:00:00","id":`, 1), ReasonBadField, "time"},
		{"time in the year 0000", strings.Replace(good, `"id":`, `"time":"0000-01-31T10:00:00Z","id":`, 1), ReasonBadField, "time"},
		{"time in the year 9999", strings.Replace(good, `"id":`, `"time":"9999-01-31T10:00:00Z","id":`, 1), ReasonBadField, "time"},
		{"site with a slash", strings.Replace(good, `"id":`, `"site":"a/b","id":`, 1), ReasonBadSite, "site"},
		{"site of 65 bytes", strings.Replace(good, `"id":`, `"site":"`+strings.Repeat("x", 65)+`","id":`, 1), ReasonBadSite, "site"},
		{"site a number", strings.Replace(good, `"id":`, `"site":7,"id":`, 1), ReasonBadField, "site"},
		{"site in data with a blank", sale(`{"site":"a b"}`), ReasonBadSite, "data.site"},
		{"site in data a number", sale(`{"site":7}`), ReasonBadSite, "data.site"},
		{"site in a strict type with a blank", item(`"site":"a b"`), ReasonBadSite, "data.site"},
		{"unknown type", event("com.example.order.v1", `{}`), ReasonUnknownType, "type"},
		{"unknown type of ours", event("drumbeat.sail.v1", `{}`), ReasonUnknownType, "type"},
		{"type without version", event("drumbeat.sale", `{}`), ReasonUnknownType, "type"},
		{"type of version 0", event("drumbeat.sale.v0", `{}`), ReasonUnknownType, "type"},
		{"type in capitals", event("drumbeat.Sale.v1", `{}`), ReasonUnknownType, "type"},
		{"newer version", event("drumbeat.sale.v2", `[]`), ReasonNewerVersion, "type"},
		{"far newer version", event("drumbeat.item.v17", `{}`), ReasonNewerVersion, "type"},

		{"no sku", of("stock-counted", `{"on_hand":1,"as_of":"2026-01-31"}`), ReasonMissingField, "data.sku"},
		{"sku null", of("stock-counted", `{"sku":null,"on_hand":1,"as_of":"2026-01-31"}`), ReasonMissingField, "data.sku"},
		{"sku a number", of("stock-counted", `{"sku":1,"on_hand":1,"as_of":"2026-01-31"}`), ReasonBadField, "data.sku"},
		{"sku with a NUL", of("stock-counted", `{"sku":"a\u0000b","on_hand":1,"as_of":"2026-01-31"}`), ReasonBadSKU, "data.sku"},
		{"sku blank", of("stock-counted", `{"sku":"  ","on_hand":1,"as_of":"2026-01-31"}`), ReasonBadSKU, "data.sku"},
		{"sku of 201 bytes", of("stock-counted", `{"sku":"`+strings.Repeat("x", 201)+`","on_hand":1,"as_of":"2026-01-31"}`), ReasonBadSKU, "data.sku"},
		{"stock as text", of("stock-counted", `{"sku":"A","on_hand":"1","as_of":"2026-01-31"}`), ReasonBadField, "data.on_hand"},
		{"stock 1e308", of("stock-counted", `{"sku":"A","on_hand":1e308,"as_of":"2026-01-31"}`), ReasonBadField, "data.on_hand"},
		{"stock with seven decimals", of("stock-counted", `{"sku":"A","on_hand":0.1234567,"as_of":"2026-01-31"}`), ReasonBadField, "data.on_hand"},
		{"29 February", of("stock-counted", `{"sku":"A","on_hand":1,"as_of":"2026-02-29"}`), ReasonBadField, "data.as_of"},
		{"stock in the year 9999", of("stock-counted", `{"sku":"A","on_hand":1,"as_of":"9999-12-31"}`), ReasonBadField, "data.as_of"},
		{"negative receipt", of("receipt", `{"order":"1","sku":"A","quantity":-1,"date":"2026-01-31","status":"expected"}`), ReasonBadField, "data.quantity"},
		{"unknown status", of("receipt", `{"order":"1","sku":"A","quantity":1,"date":"2026-01-31","status":"lost"}`), ReasonBadField, "data.status"},
		{"start after date", of("receipt", `{"order":"1","sku":"A","quantity":1,"date":"2026-01-31","start":"2026-02-01","status":"expected"}`), ReasonBadField, "data.start"},
		{"cost NaN as text", item(`"order_cost":"NaN"`), ReasonBadField, "data.order_cost"},
		{"cost 1e308", item(`"order_cost":1e308`), ReasonBadField, "data.order_cost"},
		{"cost 1e999", item(`"order_cost":1e999`), ReasonBadField, "data.order_cost"},
		{"negative cost", item(`"order_cost":-0.01`), ReasonBadField, "data.order_cost"},
		{"no cost", of("item", `{"sku":"A","holding_cost":1}`), ReasonMissingField, "data.production_cost"},
		{"no holding cost", of("item", `{"sku":"A","production_cost":1}`), ReasonMissingField, "data.holding_cost"},
		{"usage 0", item(`"usage":0`), ReasonBadField, "data.usage"},
		{"per year", item(`"per":"year"`), ReasonBadField, "data.per"},
		{"service level in per cent", item(`"service_level":95`), ReasonBadField, "data.service_level"},
		{"rule without its figure", item(`"safety_stock_rule":"service_level"`), ReasonMissingField, "data.service_level"},
		{"whole as text", item(`"whole":"yes"`), ReasonBadField, "data.whole"},
		{"routing without usage", item(`"routings":[{"resource":"press"}]`), ReasonMissingField, "data.routings.usage"},
		{"routing twice", item(`"routings":[{"resource":"press","usage":1},{"resource":"press","usage":2}]`), ReasonBadField, "data.routings"},
		{"routing an object", item(`"routings":{}`), ReasonBadField, "data.routings"},
		{"negative capacity", of("resource", `{"resource":"press","capacity":-1,"per":"day"}`), ReasonBadField, "data.capacity"},
		{"an empty name", of("resource", `{"resource":" ","capacity":1,"per":"day"}`), ReasonBadField, "data.resource"},
		{"to before from", of("capacity", `{"resource":"press","from":"2026-02-02","to":"2026-02-01","capacity":1,"per":"day"}`), ReasonBadField, "data.to"},
		{"calendar without days", of("calendar", `{"name":"x","effect":"closed"}`), ReasonMissingField, "data.dates"},
		{"calendar with half a span", of("calendar", `{"name":"x","effect":"closed","from":"2026-02-01"}`), ReasonMissingField, "data.to"},
		{"calendar with both", of("calendar", `{"name":"x","effect":"closed","from":"2026-02-01","to":"2026-02-01","dates":["2026-02-01"]}`), ReasonBadField, "data.dates"},
		{"override without factor", of("demand-override", `{"sku":"A","from":"2026-02-01","to":"2026-02-01","mode":"scale","by":"x"}`), ReasonMissingField, "data.factor"},
		{"override without quantity", of("demand-override", `{"sku":"A","from":"2026-02-01","to":"2026-02-01","mode":"add","by":"x"}`), ReasonMissingField, "data.quantity"},
		{"override below 0", of("demand-override", `{"sku":"A","from":"2026-02-01","to":"2026-02-01","mode":"replace","quantity":-1,"by":"x"}`), ReasonBadField, "data.quantity"},
		{"pin without bound", of("production-pin", `{"sku":"A","period":"2026-W05","by":"x"}`), ReasonMissingField, "data.min"},
		{"pin upside down", of("production-pin", `{"sku":"A","period":"2026-W05","min":2,"max":1,"by":"x"}`), ReasonBadField, "data.max"},
		{"pin of no period", of("production-pin", `{"sku":"A","period":"next week","min":2,"by":"x"}`), ReasonBadField, "data.period"},
		{"revision 0", of("plan-approved", `{"revision":0,"through":"2026-01","by":"x"}`), ReasonBadField, "data.revision"},
		{"revision 1.5", of("plan-approved", `{"revision":1.5,"through":"2026-01","by":"x"}`), ReasonBadField, "data.revision"},
		{"unknown action", of("operator", `{"action":"stop","by":"x"}`), ReasonBadField, "data.action"},
		{"unknown mode", of("policy", `{"mode":"loose"}`), ReasonBadField, "data.mode"},
		{"quiet without unit", of("policy", `{"quiet":"2"}`), ReasonBadField, "data.quiet"},
		{"quiet beyond ceiling", of("policy", `{"quiet":"9s","ceiling":"5s"}`), ReasonBadField, "data.quiet"},
		{"frozen beyond horizon", of("policy", `{"horizon":4,"frozen":5}`), ReasonBadField, "data.frozen"},
		{"custom periods without starts", of("policy", `{"period":"custom"}`), ReasonMissingField, "data.starts"},
		{"starts that do not ascend", of("policy", `{"period":"custom","starts":["2026-02-01","2026-02-01"]}`), ReasonBadField, "data.starts"},
		{"level above 1", of("policy", `{"safety_stock":{"rule":"service_level","value":95}}`), ReasonBadField, "data.safety_stock.value"},
		{"rule without value", of("policy", `{"safety_stock":{"rule":"fixed"}}`), ReasonMissingField, "data.safety_stock.value"},
		{"level in item defaults", of("policy", `{"item_defaults":{"safety_stock":{"rule":"months","value":-1}}}`), ReasonBadField, "data.item_defaults.safety_stock.value"},
		{"local time", of("policy", `{"time_zone":"Local"}`), ReasonBadField, "data.time_zone"},
		{"country in words", of("policy", `{"country":"Spain"}`), ReasonBadField, "data.country"},
		{"currency in words", of("policy", `{"currency":"euro"}`), ReasonBadField, "data.currency"},
		{"a day as a number", of("outlier-reviewed", `{"sku":"A","date":20260131,"verdict":"accept","by":"x"}`), ReasonBadField, "data.date"},
		{"a day with a time", of("outlier-reviewed", `{"sku":"A","date":"2026-01-31T00:00:00","verdict":"accept","by":"x"}`), ReasonBadField, "data.date"},
		{"a verdict as a number", of("outlier-reviewed", `{"sku":"A","date":"2026-01-31","verdict":1,"by":"x"}`), ReasonBadField, "data.verdict"},
		{"a name of two lines", of("operator", `{"action":"replan","by":"a\nb"}`), ReasonBadField, "data.by"},
		{"a count of an hour that does not exist", of("stock-counted", `{"sku":"A","on_hand":1,"as_of":"2026-01-31T25:00:00Z"}`), ReasonBadField, "data.as_of"},
		{"a reason of two pages", of("demand-override", `{"sku":"A","from":"2026-02-01","to":"2026-02-01","mode":"scale","factor":1,"by":"x","reason":"`+strings.Repeat("x", 1001)+`"}`), ReasonBadField, "data.reason"},
		{"a reason that is a list", of("demand-override", `{"sku":"A","from":"2026-02-01","to":"2026-02-01","mode":"scale","factor":1,"by":"x","reason":[]}`), ReasonBadField, "data.reason"},
		{"a period as a number", of("plan-approved", `{"revision":1,"through":202601,"by":"x"}`), ReasonBadField, "data.through"},
		{"a duration as a number", of("policy", `{"quiet":2}`), ReasonBadField, "data.quiet"},
		{"two documents of a cancellation", of("sale-cancelled", `{"document":"1","line":1,"document":"2"}`), ReasonDuplicateMember, "data.document"},
		{"two sites in data", sale(`{"site":"a","site":"b"}`), ReasonDuplicateMember, "data.site"},
		{"bad pattern", of("policy", `{"demand_items":["[a"]}`), ReasonBadField, "data.demand_items"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d Decoder
			var ev Event
			err := d.Decode(nil, []byte(c.value), &ev)
			var bad *DecodeError
			if !errors.As(err, &bad) {
				t.Fatalf("got %+v, %v", ev, err)
			}
			if bad.Reason != c.reason || bad.Field != c.field {
				t.Errorf("got %v; want %s of %q", err, c.reason, c.field)
			}
			if text := err.Error(); strings.ContainsAny(text, "\n\x00") || len(text) > 300 {
				t.Errorf("the error is no line for people: %q", text)
			}
			if errors.Is(err, ErrNewerVersion) != (c.reason == ReasonNewerVersion) || errors.Is(err, ErrUnknownType) != (c.reason == ReasonUnknownType) {
				t.Errorf("errors.Is does not tell %s", c.reason)
			}
			if c.reason == ReasonNotJSON && json.Valid([]byte(c.value)) && !strings.Contains(c.name, "surrogate") && !strings.Contains(c.name, "UTF-8") {
				t.Errorf("encoding/json takes it")
			}
			if site, ok := SiteOf(nil, []byte(c.value)); ok {
				t.Errorf("SiteOf gives %q", site)
			}
		})
	}
}

// Odd records that are events all the same. What a sale's fields mean is for the cleaner to judge.
func TestOddRecordsThatAreEvents(t *testing.T) {
	for _, c := range []struct{ name, data string }{
		{"a sale of nothing", `{}`},
		{"quantity 1e308", `{"sku":"A","quantity":1e308,"date":"2026-01-31"}`},
		{"quantity NaN as text", `{"sku":"A","quantity":"NaN","date":"2026-01-31"}`},
		{"negative zero", `{"sku":"A","quantity":-0.0,"date":"2026-01-31"}`},
		{"year 0000", `{"sku":"A","quantity":1,"date":"0000-00-00"}`},
		{"sku with a slash and a NUL", `{"sku":"a/b\u0000","quantity":1,"date":"2026-01-31"}`},
		{"wrong kinds", `{"sku":[1],"quantity":{},"date":true,"time":1}`},
		{"an unknown member twice", `{"sku":"A","x":1,"x":2}`},
		{"an empty site", `{"sku":"A","site":""}`},
		{"names in other cases", `{"SKU":"A","Sku":"B"}`},
	} {
		t.Run(c.name, func(t *testing.T) { decode(t, nil, event(saleType, c.data)) })
	}
	ev := decode(t, nil, event("drumbeat.item.v1", `{"sku":" a ","discontinued":true,"usage":null}`))
	if it := ev.Data.(*Item); it.SKU != "A" || !it.Discontinued {
		t.Errorf("a discontinued item gave %+v", it)
	}
	ev = decode(t, nil, event("drumbeat.item.v1", `{"sku":"A","production_cost":-0.0,"holding_cost":1e-300}`))
	if it := ev.Data.(*Item); fmt.Sprint(it.ProductionCost) != "0" {
		t.Errorf("a cost of negative zero gave %v", it.ProductionCost)
	}
}

func TestBadHeaders(t *testing.T) {
	value := event(saleType, `{"sku":"A"}`)
	for _, c := range []struct {
		headers       []Header
		reason, field string
	}{
		{header("content-type", "application/cloudevents-batch+json"), ReasonNotCloudEvent, "content-type"},
		{header("content-type", "application/cloudevents+avro"), ReasonNotCloudEvent, "content-type"},
		{header("ce_specversion", "1.0", "ce_specversion", "1.0"), ReasonDuplicateMember, "ce_specversion"},
		{header("ce_specversion", "1.0", "ce_id", "\xff"), ReasonBadField, "ce_id"},
		{header("ce_specversion", "2.0"), ReasonNotCloudEvent, "specversion"},
		{header("ce_specversion", "1.0"), ReasonMissingField, "type"},
		{header("ce_specversion", "1.0", "ce_type", saleType), ReasonMissingField, "id"},
		{header("ce_specversion", "1.0", "ce_type", "drumbeat.sale.v9"), ReasonNewerVersion, "type"},
		{header("ce_site", "a/b"), ReasonBadSite, "ce_site"},
	} {
		var d Decoder
		var ev Event
		var bad *DecodeError
		if err := d.Decode(c.headers, []byte(value), &ev); !errors.As(err, &bad) || bad.Reason != c.reason || bad.Field != c.field {
			t.Errorf("%s: got %v; want %s of %s", c.headers, err, c.reason, c.field)
		}
		if site, ok := SiteOf(c.headers, []byte(value)); ok {
			t.Errorf("%s: SiteOf gives %q", c.headers, site)
		}
	}
	if err := new(Decoder).Decode(header("ce_specversion", "1.0", "ce_id", "1", "ce_source", "s", "ce_type", saleType), []byte(`{"sku":"A"} x`), new(Event)); err == nil {
		t.Error("data with something after them passed")
	}
}

package schemas

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// event is a structured-mode record with these data, in a member order that feeds really have.
func event(typ, data string) string {
	return `{"specversion":"1.0","id":"e1","source":"/erp","type":"` + typ + `","data":` + data + `}`
}

const saleType = "drumbeat.sale.v1"

func decode(t *testing.T, headers []Header, value string) Event {
	t.Helper()
	var d Decoder
	var ev Event
	if err := d.Decode(headers, []byte(value), &ev); err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	return ev
}

func header(pairs ...string) (list []Header) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, Header{pairs[i], []byte(pairs[i+1])})
	}
	return list
}

func TestSaleIsReadAsItWasSent(t *testing.T) {
	got := decode(t, nil, `
	{ "data" : {"sku":"\u0038512\u0033a \ud83d\ude00","quantity":-6.50,"date":null,"time":"2010-12-01 08:26","document":536365,
	  "line":"1","version":true,"unit_price":"2.55","customer":{"id":[1,{"x":"}"}]},"ignored":[[],{}],"SKU":"other"},
	  "site":"hall-2","traceparent":"00-x","type":"drumbeat.sale.v1","time":"2010-12-01T09:26:00.5+01:00","source":"/e\/rp","id":"e\u0031","specversion":"1.0" }`)
	want := Event{
		ID: "e1", Source: "/e/rp", Type: TypeSale, Site: "hall-2", HasTime: true,
		Time: time.Date(2010, 12, 1, 8, 26, 0, 500_000_000, time.UTC),
		Sale: Sale{
			SKU:       Field{"85123a 😀", Text},
			Quantity:  Field{"-6.50", Number},
			Date:      Field{"", Null},
			Time:      Field{"2010-12-01 08:26", Text},
			Document:  Field{"536365", Number},
			Line:      Field{"1", Text},
			Version:   Field{"true", Bool},
			UnitPrice: Field{"2.55", Text},
			Customer:  Field{`{"id":[1,{"x":"}"}]}`, Other},
		},
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestBinaryMode(t *testing.T) {
	attributes := []string{"ce_specversion", "1.0", "ce_id", "7", "ce_source", "/erp", "ce_type", saleType, "ce_time", "2010-12-01T08:26:00Z"}
	const data = `{"sku":"A","quantity":1,"date":"2010-12-01","site":"inner"}`
	plain := decode(t, header(append(attributes, "content-type", "application/json; charset=utf-8")...), data)
	if plain.ID != "7" || plain.Source != "/erp" || plain.Type != TypeSale || !plain.HasTime || plain.Sale.SKU.Raw != "A" || plain.Site != "inner" {
		t.Errorf("binary mode gave %+v", plain)
	}
	if ev := decode(t, header(append(attributes, "ce_site", "outer")...), data); ev.Site != "outer" {
		t.Errorf("ce_site gave site %q", ev.Site)
	}
	// In structured mode the attributes of the value count, whatever the headers say.
	both := decode(t, header(append(attributes, "content-type", "Application/CloudEvents+JSON; charset=UTF-8")...), event(saleType, data))
	if both.ID != "e1" || both.HasTime {
		t.Errorf("structured mode gave %+v", both)
	}
	if ev := decode(t, header("ce_site", "outer"), event(saleType, data)); ev.Site != "outer" {
		t.Errorf("ce_site beside structured mode gave site %q", ev.Site)
	}
	beat := []string{"ce_specversion", "1.0", "ce_id", "7", "ce_source", "/erp", "ce_type", "drumbeat.heartbeat.v1"}
	for _, value := range []string{"", "null", "{}"} {
		if ev := decode(t, header(beat...), value); ev.Type != TypeHeartbeat || ev.Data == nil {
			t.Errorf("heartbeat with %q gave %+v", value, ev)
		}
	}
}

func TestSiteOf(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers []Header
		value   string
		want    string
	}{
		{"attribute", nil, `{"site":"a","data":{"site":"b"}}`, "a"},
		{"attribute after data", nil, `{"data":{"site":"b","x":[{}]},"site":"a"}`, "a"},
		{"data", nil, `{"data":{"x":{"site":"c"},"site":"b"},"more":1}`, "b"},
		{"escaped", nil, `{"d\u0061ta":{"\u0073ite":"\u0062"}}`, "b"},
		{"header", header("ce_site", "h"), `{"site":"a"}`, "h"},
		{"header of a record that is not JSON", header("ce_site", "h"), `<x/>`, "h"},
		{"binary mode", header("ce_specversion", "1.0"), `{"site":"b","data":{"site":"c"}}`, "b"},
		{"elsewhere", nil, `{"x":{"site":"c"}}`, ""},
		{"empty", nil, `{"site":"","data":{}}`, ""},
		{"empty, and in data", nil, `{"data":{"site":"b"},"site":""}`, "b"},
		{"invalid", nil, `{"site":"a b","data":{"site":"c"}}`, ""},
		{"not text", nil, `{"site":7}`, ""},
		{"truncated before the end of data", nil, `{"data":{"site":"b"`, ""},
		{"no object", nil, `["site"]`, ""},
		{"nothing", nil, ``, ""},
	} {
		if site, ok := SiteOf(c.headers, []byte(c.value)); site != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q, %v; want %q", c.name, site, ok, c.want)
		}
	}
}

func TestEveryTypeHasANameAndAReader(t *testing.T) {
	for _, typ := range Types() {
		if got, err := ParseType(typ.String()); got != typ || err != nil {
			t.Errorf("%s parses as %s, %v", typ, got, err)
		}
		if _, err := ParseType(strings.TrimSuffix(typ.String(), "1") + "2"); !errors.Is(err, ErrNewerVersion) {
			t.Errorf("version 2 of %s: %v", typ, err)
		}
		ev := decode(t, nil, string(mustRead("examples/"+exampleName(typ))))
		switch typ {
		case TypeSale:
			if ev.Sale == (Sale{}) {
				t.Error("no sale was read")
			}
		case TypeSaleCancelled:
			if ev.Cancelled == (SaleCancelled{}) {
				t.Error("no cancellation was read")
			}
		default:
			if TypeOf(ev.Data) != typ {
				t.Errorf("%s gives data %T", typ, ev.Data)
			}
		}
	}
	if TypeUnknown.String() != "unknown" || Type(200).String() != "unknown" {
		t.Error("no type has no name")
	}
}

// A sale costs no allocation: neither with escapes, nor from headers, nor with several sources and sites.
func TestSaleDecodesWithoutAllocating(t *testing.T) {
	records := [][]byte{
		saleRecord,
		[]byte(event(saleType, `{"sku":"\u0041\n","quantity":"1","site":"x"}`)),
		[]byte(strings.Replace(string(saleRecord), `"id"`, `"site":"hall-2","id"`, 1)),
	}
	binary := header("ce_specversion", "1.0", "ce_id", "7", "ce_source", "/pos", "ce_type", saleType, "ce_time", "2010-12-01T08:26:00+01:00", "content-type", "application/json")
	value := []byte(`{"sku":"A","quantity":1,"date":"2010-12-01"}`)
	var d Decoder
	var ev Event
	run := func() {
		for _, r := range records {
			if err := d.Decode(nil, r, &ev); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Decode(binary, value, &ev); err != nil {
			t.Fatal(err)
		}
		SiteOf(binary, value)
		SiteOf(nil, saleRecord)
	}
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestKeptNamesAreBounded(t *testing.T) {
	var d Decoder
	var ev Event
	for i := range 10_000 {
		if err := d.Decode(nil, []byte(strings.Replace(string(saleRecord), "/erp/shop", "/erp/"+itoa(i), 1)), &ev); err != nil {
			t.Fatal(err)
		}
		if ev.Source != "/erp/"+itoa(i) {
			t.Fatalf("source %d is %s", i, ev.Source)
		}
	}
	if len(d.names) > 4096 {
		t.Errorf("%d names are kept", len(d.names))
	}
}

func exampleName(t Type) string {
	return strings.TrimPrefix(t.String(), "drumbeat.") + ".json"
}

package schemas

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// schemaNode is the part of a JSON Schema that is held against the Go types.
type schemaNode struct {
	Ref        string                 `json:"$ref"`
	Required   []string               `json:"required"`
	Properties map[string]*schemaNode `json:"properties"`
	Items      *schemaNode            `json:"items"`
	Enum       []string               `json:"enum"`
	Defs       map[string]*schemaNode `json:"$defs"`
}

func readSchema(t *testing.T, name string) *schemaNode {
	t.Helper()
	raw, ok := JSONSchema(name)
	if !ok {
		t.Fatalf("there is no schema %s", name)
	}
	n := new(schemaNode)
	if err := json.Unmarshal(raw, n); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// follow resolves a reference to common definitions or to another schema.
func follow(t *testing.T, n *schemaNode) *schemaNode {
	if n == nil || n.Ref == "" {
		return n
	}
	file, def, _ := strings.Cut(n.Ref, "#/$defs/")
	other := readSchema(t, strings.TrimSuffix(file, ".schema.json"))
	if def != "" {
		other = other.Defs[def]
	}
	if other == nil {
		t.Fatalf("%s leads nowhere", n.Ref)
	}
	return other
}

// sameProperties compares a struct's JSON members with a schema's properties, all the way down.
func sameProperties(t *testing.T, path string, typ reflect.Type, n *schemaNode, extra ...string) {
	t.Helper()
	n = follow(t, n)
	members := maps.Collect(jsonMembers(typ))
	var names []string
	for name := range members {
		names = append(names, name)
	}
	names = append(names, extra...)
	slices.Sort(names)
	if properties := slices.Sorted(maps.Keys(n.Properties)); !slices.Equal(names, properties) {
		t.Errorf("%s: Go has %s\nthe schema has %s", path, names, properties)
		return
	}
	for name, member := range members {
		property := n.Properties[name]
		for member.Kind() == reflect.Pointer || member.Kind() == reflect.Slice {
			if member.Kind() == reflect.Slice {
				property = property.Items
			}
			member = member.Elem()
		}
		if member.Kind() == reflect.Struct && member != reflect.TypeFor[Field]() && member != reflect.TypeFor[AsOf]() && member.PkgPath() != "time" {
			sameProperties(t, path+"."+name, member, property)
		}
	}
}

func jsonMembers(typ reflect.Type) func(yield func(string, reflect.Type) bool) {
	return func(yield func(string, reflect.Type) bool) {
		for _, f := range reflect.VisibleFields(typ) {
			if f.Anonymous {
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			if !yield(name, f.Type) {
				return
			}
		}
	}
}

var dataTypes = map[Type]reflect.Type{
	TypeSale:            reflect.TypeFor[Sale](),
	TypeSaleCancelled:   reflect.TypeFor[SaleCancelled](),
	TypeStockCounted:    reflect.TypeFor[StockCounted](),
	TypeReceipt:         reflect.TypeFor[Receipt](),
	TypeItem:            reflect.TypeFor[Item](),
	TypeResource:        reflect.TypeFor[Resource](),
	TypeCapacity:        reflect.TypeFor[Capacity](),
	TypeCalendar:        reflect.TypeFor[Calendar](),
	TypeOutlierReviewed: reflect.TypeFor[OutlierReviewed](),
	TypeDemandOverride:  reflect.TypeFor[DemandOverride](),
	TypeProductionPin:   reflect.TypeFor[ProductionPin](),
	TypePlanApproved:    reflect.TypeFor[PlanApproved](),
	TypePolicy:          reflect.TypeFor[Policy](),
	TypeOperator:        reflect.TypeFor[Operator](),
	TypeHeartbeat:       reflect.TypeFor[Heartbeat](),
}

func TestSchemasHaveTheMembersOfTheTypes(t *testing.T) {
	for _, typ := range Types() {
		name := strings.TrimPrefix(typ.String(), "drumbeat.")
		goType := dataTypes[typ]
		if TypeOf(reflect.New(goType).Interface()) != typ {
			t.Errorf("TypeOf does not know %s", typ)
		}
		sameProperties(t, name, goType, readSchema(t, name), "site")
	}
	sameProperties(t, "head", reflect.TypeFor[Head](), readSchema(t, "head"))
	sameProperties(t, "line", reflect.TypeFor[Line](), readSchema(t, "line"))
	sameProperties(t, "plan", reflect.TypeFor[Plan](), readSchema(t, "plan"))
	headers := []string{HeaderReason, HeaderDetail, HeaderOriginTopic, HeaderOriginPartition, HeaderOriginOffset, HeaderTime}
	slices.Sort(headers)
	if got := slices.Sorted(maps.Keys(readSchema(t, "dead-letter-headers").Properties)); !slices.Equal(got, headers) {
		t.Errorf("dead letters have headers %s, the schema %s", headers, got)
	}
	for _, h := range []string{HeaderOriginTopic, HeaderOriginPartition, HeaderOriginOffset} {
		if readSchema(t, "event-headers").Properties[h] == nil {
			t.Errorf("the schema of event headers lacks %s", h)
		}
	}
	if readSchema(t, "tombstone-headers").Properties[HeaderRevision] == nil {
		t.Error("the schema of tombstones lacks the revision")
	}
}

func TestSchemasHaveTheValuesOfTheTypes(t *testing.T) {
	enum := func(schema string, path ...string) []string {
		n := readSchema(t, schema)
		for _, p := range path {
			n = follow(t, n.Properties[p])
			if n.Items != nil {
				n = follow(t, n.Items)
			}
		}
		return n.Enum
	}
	types := []string{}
	for _, typ := range Types() {
		types = append(types, typ.String())
	}
	for _, c := range []struct {
		got, want []string
	}{
		{enum("event", "type"), types},
		{enum("receipt.v1", "status"), texts(receiptStatuses)},
		{enum("item.v1", "per"), texts(pers)},
		{enum("item.v1", "safety_stock_rule"), texts(safetyKinds)},
		{enum("policy.v1", "safety_stock", "rule"), texts(safetyKinds)},
		{enum("calendar.v1", "effect"), texts(effects)},
		{enum("outlier-reviewed.v1", "verdict"), texts(verdicts)},
		{enum("demand-override.v1", "mode"), texts(overrideModes)},
		{enum("operator.v1", "action"), texts(operatorActions)},
		{enum("policy.v1", "period"), texts(periodKinds)},
		{enum("policy.v1", "week_ends"), weekdays},
		{enum("policy.v1", "freeze"), texts(freezes)},
		{enum("policy.v1", "confirmation"), texts(confirmations)},
		{enum("policy.v1", "mode"), texts(modes)},
		{enum("policy.v1", "shortages"), texts(shortageModes)},
		{enum("policy.v1", "clock"), texts(clocks)},
		{enum("head", "mode"), texts(modes)},
		{enum("head", "status"), texts([]PlanStatus{PlanOptimal, PlanInfeasible, PlanDegraded})},
		{enum("head", "shortages", "kind"), texts([]ShortageKind{ShortageLost, ShortageBacklog, ShortageSafety})},
		{enum("head", "state", "stock"), []string{StockCountedState, StockAssumed}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("the schema has %s, Go %s", c.got, c.want)
		}
	}
}

func texts[E ~string](values []E) (list []string) {
	for _, v := range values {
		list = append(list, string(v))
	}
	return list
}

// A record that lacks what a schema requires is refused by the schema and by the Decoder.
func TestWhatIsRequiredIsRequiredByBoth(t *testing.T) {
	schema := compile(t, "event")
	for _, typ := range Types() {
		if typ == TypeSale || typ == TypeSaleCancelled {
			continue // the cleaner judges their fields
		}
		for _, name := range readSchema(t, strings.TrimSuffix(exampleName(typ), ".json")).Required {
			var event map[string]any
			if err := json.Unmarshal(mustRead("examples/"+exampleName(typ)), &event); err != nil {
				t.Fatal(err)
			}
			delete(event["data"].(map[string]any), name)
			record, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			var bad *DecodeError
			err = new(Decoder).Decode(nil, record, new(Event))
			if !errors.As(err, &bad) || bad.Reason != ReasonMissingField || bad.Field != "data."+name {
				t.Errorf("%s without %s: %v", typ, name, err)
			}
			if validate(schema, record) == nil {
				t.Errorf("the schema takes %s without %s", typ, name)
			}
		}
	}
}

// What the Decoder refuses the schema refuses too, but for what JSON Schema cannot say.
func TestSchemasRefuseWhatTheDecoderRefuses(t *testing.T) {
	schema := compile(t, "event")
	for _, c := range []struct{ typ, data string }{
		{"sale", `{"quantity":1,"date":"2026-01-31"}`},
		{"sale", `{"sku":"A","quantity":1}`},
		{"sale-cancelled", `{"document":"1"}`},
		{"stock-counted", `{"sku":"A","on_hand":"1","as_of":"2026-01-31"}`},
		{"stock-counted", `{"sku":"A","on_hand":1,"as_of":"2026-02-29"}`},
		{"stock-counted", `{"sku":"A\u0000","on_hand":1,"as_of":"2026-01-31"}`},
		{"stock-counted", `{"sku":"A","on_hand":1e308,"as_of":"2026-01-31"}`},
		{"receipt", `{"order":"1","sku":"A","quantity":-1,"date":"2026-01-31","status":"expected"}`},
		{"receipt", `{"order":"1","sku":"A","quantity":1,"date":"2026-01-31","status":"lost"}`},
		{"item", `{"sku":"A","production_cost":-1,"holding_cost":1}`},
		{"item", `{"sku":"A","production_cost":"NaN","holding_cost":1}`},
		{"item", `{"sku":"A","production_cost":1e308,"holding_cost":1}`},
		{"item", `{"sku":"A","production_cost":1}`},
		{"item", `{"sku":"A","production_cost":1,"discontinued":false}`},
		{"item", `{"sku":"A","production_cost":1,"holding_cost":1,"usage":0}`},
		{"item", `{"sku":"A","production_cost":1,"holding_cost":1,"service_level":95}`},
		{"item", `{"sku":"A","production_cost":1,"holding_cost":1,"safety_stock_rule":"service_level"}`},
		{"item", `{"sku":"A","production_cost":1,"holding_cost":1,"safety_stock_rule":"months"}`},
		{"item", `{"sku":"A","production_cost":1,"holding_cost":1,"routings":[{"resource":"x"}]}`},
		{"resource", `{"resource":"press","capacity":-1,"per":"day"}`},
		{"resource", `{"resource":" ","capacity":1,"per":"day"}`},
		{"calendar", `{"name":"x","effect":"closed"}`},
		{"calendar", `{"name":"x","effect":"closed","from":"2026-01-01"}`},
		{"calendar", `{"name":"x","effect":"closed","from":"2026-01-01","to":"2026-01-01","dates":["2026-01-01"]}`},
		{"calendar", `{"name":"x","effect":"open","dates":["2026-01-01"]}`},
		{"demand-override", `{"sku":"A","from":"2026-02-01","to":"2026-02-01","mode":"scale","by":"x"}`},
		{"demand-override", `{"sku":"A","from":"2026-02-01","to":"2026-02-01","mode":"scale","factor":1,"quantity":1,"by":"x"}`},
		{"demand-override", `{"sku":"A","from":"2026-02-01","to":"2026-02-01","mode":"replace","quantity":-1,"by":"x"}`},
		{"production-pin", `{"sku":"A","period":"2026-W05","by":"x"}`},
		{"production-pin", `{"sku":"A","period":"soon","min":1,"by":"x"}`},
		{"plan-approved", `{"revision":0,"through":"2026-01","by":"x"}`},
		{"policy", `{"safety_stock":{"rule":"service_level","value":95}}`},
		{"policy", `{"period":"custom"}`},
		{"policy", `{"period":"week","starts":["2026-01-01"]}`},
		{"policy", `{"quiet":"2"}`},
		{"policy", `{"currency":"euro"}`},
		{"policy", `{"country":"es"}`},
		{"operator", `{"action":"stop","by":"x"}`},
	} {
		record := []byte(event("drumbeat."+c.typ+".v1", c.data))
		if validate(schema, record) == nil {
			t.Errorf("the schema takes %s", record)
		}
		if c.typ != "sale" && c.typ != "sale-cancelled" {
			if err := new(Decoder).Decode(nil, record, new(Event)); err == nil {
				t.Errorf("the Decoder takes %s", record)
			}
		}
	}
	for _, record := range []string{
		`{"specversion":"1.0","id":"","source":"s","type":"drumbeat.heartbeat.v1"}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"drumbeat.sale.v2","data":{}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"drumbeat.item.v1"}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"drumbeat.heartbeat.v1","site":"a/b"}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"drumbeat.heartbeat.v1","time":"yesterday"}`,
	} {
		if validate(schema, []byte(record)) == nil {
			t.Errorf("the schema takes %s", record)
		}
		if err := new(Decoder).Decode(nil, []byte(record), new(Event)); err == nil {
			t.Errorf("the Decoder takes %s", record)
		}
	}
	for name, value := range map[string]string{
		"dead-letter-headers": `{"reason":"Not a slug"}`,
		"event-headers":       `{"origin-topic":"erp.sales"}`,
		"tombstone-headers":   `{}`,
		"line":                `{"site":"a","sku":"A","revision":0,"periods":[],"cost":0,"reason":""}`,
		"head":                `{}`,
	} {
		if validate(compile(t, name), []byte(value)) == nil {
			t.Errorf("the schema of %s takes %s", name, value)
		}
	}
}

// A head that is infeasible or degraded says why.
func TestHeadSaysWhy(t *testing.T) {
	schema := compile(t, "head")
	for _, status := range []PlanStatus{PlanInfeasible, PlanDegraded} {
		var h Head
		if err := json.Unmarshal(mustRead("examples/head.json"), &h); err != nil {
			t.Fatal(err)
		}
		h.Status = status
		if validate(schema, h.Append(nil)) == nil {
			t.Errorf("the schema takes a head that is %s and does not say why", status)
		}
	}
}

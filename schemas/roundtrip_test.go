package schemas

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

// optional draws a value or nothing.
func optional[T any](t *rapid.T, g *rapid.Generator[T], name string) *T {
	return rapid.Ptr(g, true).Draw(t, name)
}

var (
	genQuantity = rapid.Map(rapid.Int64Range(-int64(MaxQuantity), int64(MaxQuantity)), func(n int64) Quantity { return Quantity(n) })
	genSupply   = rapid.Map(rapid.Int64Range(0, int64(MaxQuantity)), func(n int64) Quantity { return Quantity(n) })
	genAmount   = rapid.Float64Range(0, MaxAmount)
	genPositive = rapid.Float64Range(1e-9, MaxAmount)
	genLevel    = rapid.Float64Range(0.001, 0.999)
	genDate     = rapid.Map(rapid.Int32Range(int32(MinDate), int32(MaxDate)), func(n int32) Date { return Date(n) })
	genPeriod   = rapid.SampledFrom([]string{"2026-01", "2026-W05", "2026-W53", "2026-01-31"})
	genDuration = rapid.Map(rapid.Int64Range(0, int64(1000*time.Hour)), func(n int64) Duration { return Duration(n) })
	genSKU      = rapid.String().Filter(func(s string) bool { _, err := CanonicalSKU(s); return err == nil })
	genLabel    = rapid.StringMatching(`[A-Za-z0-9/"<>&_é日.-]([A-Za-z0-9 /"<>&_é日.-]{0,20}[A-Za-z0-9é])?`)
	genText     = rapid.StringN(0, 40, 200).Filter(func(s string) bool { return !strings.ContainsRune(s, 0) })
	genSite     = rapid.StringMatching(`[A-Za-z0-9._-]{1,64}`)
)

func drawSKU(t *rapid.T) string {
	s, err := CanonicalSKU(genSKU.Draw(t, "sku"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// orNothing draws 0 in a third of all cases, else from g.
func orNothing[T int64 | float64 | Quantity](t *rapid.T, g *rapid.Generator[T], name string) T {
	if rapid.IntRange(0, 2).Draw(t, name+"?") == 0 {
		return 0
	}
	return g.Draw(t, name)
}

func drawSpan(t *rapid.T) (from, to Date) {
	from = genDate.Draw(t, "from")
	return from, min(from+Date(rapid.IntRange(0, 400).Draw(t, "days")), MaxDate)
}

func drawRule(t *rapid.T) *SafetyStockRule {
	switch rapid.IntRange(0, 3).Draw(t, "rule") {
	case 0:
		return nil
	case 1:
		return &SafetyStockRule{SafetyServiceLevel, genLevel.Draw(t, "level")}
	case 2:
		return &SafetyStockRule{SafetyMonths, genAmount.Draw(t, "months")}
	}
	return &SafetyStockRule{SafetyFixed, genAmount.Draw(t, "units")}
}

// drawData draws valid data of a strict type.
func drawData(t *rapid.T, typ Type) any {
	by := func() string { return genLabel.Draw(t, "by") }
	switch typ {
	case TypeStockCounted:
		v := &StockCounted{SKU: drawSKU(t), OnHand: genQuantity.Draw(t, "on hand"), AsOf: AsOf{Date: genDate.Draw(t, "as of")}}
		if rapid.Bool().Draw(t, "instant") {
			a, err := ParseAsOf(v.AsOf.Date.String() + rapid.SampledFrom([]string{"T09:15:00Z", "T09:15:00.125", "T23:59:59"}).Draw(t, "clock"))
			if err != nil {
				t.Fatal(err)
			}
			v.AsOf = a
		}
		return v
	case TypeReceipt:
		from, to := drawSpan(t)
		v := &Receipt{Order: genLabel.Draw(t, "order"), SKU: drawSKU(t), Quantity: genSupply.Draw(t, "quantity"), Date: to,
			Status: rapid.SampledFrom(receiptStatuses).Draw(t, "status"), Remaining: optional(t, genSupply, "remaining")}
		if rapid.Bool().Draw(t, "start?") {
			v.Start = &from
		}
		return v
	case TypeItem:
		v := &Item{SKU: drawSKU(t), ProductionCost: genAmount.Draw(t, "cost"), HoldingCost: genAmount.Draw(t, "holding"),
			InitialInventory: optional(t, genQuantity, "initial"), SafetyStock: optional(t, genSupply, "safety"),
			Usage: orNothing(t, genPositive, "usage"), Per: rapid.SampledFrom(append(pers, PerPeriod)).Draw(t, "per"),
			ServiceLevel: orNothing(t, genLevel, "level"), ShortageCost: orNothing(t, genAmount, "shortage"), BacklogCost: orNothing(t, genAmount, "backlog"),
			LeadTime: orNothing(t, rapid.Float64Range(0, maxLeadTime), "lead"), PackSize: orNothing(t, genSupply, "pack"), MinOrder: orNothing(t, genSupply, "min"),
			OrderCost: orNothing(t, genAmount, "order"), MaxProduction: optional(t, genSupply, "max"), StorageCapacity: optional(t, genSupply, "storage"),
			Whole: rapid.Bool().Draw(t, "whole"), Discontinued: rapid.Bool().Draw(t, "discontinued")}
		switch {
		case v.ServiceLevel > 0:
			v.SafetyStockRule = SafetyServiceLevel
		case v.SafetyStock != nil:
			v.SafetyStockRule = rapid.SampledFrom([]SafetyStockKind{"", SafetyFixed, SafetyMonths}).Draw(t, "rule")
		}
		for _, r := range rapid.SliceOfNDistinct(genLabel, 0, 3, rapid.ID[string]).Draw(t, "routings") {
			v.Routings = append(v.Routings, Routing{r, genPositive.Draw(t, "usage")})
		}
		return v
	case TypeResource:
		return &Resource{genLabel.Draw(t, "resource"), genAmount.Draw(t, "capacity"), rapid.SampledFrom(pers).Draw(t, "per"),
			orNothing(t, genAmount, "overtime"), orNothing(t, genAmount, "overtime cost")}
	case TypeCapacity:
		from, to := drawSpan(t)
		return &Capacity{genLabel.Draw(t, "resource"), from, to, genAmount.Draw(t, "capacity"), rapid.SampledFrom(pers).Draw(t, "per")}
	case TypeCalendar:
		v := &Calendar{Name: genLabel.Draw(t, "name"), Effect: rapid.SampledFrom(effects).Draw(t, "effect")}
		if rapid.Bool().Draw(t, "span") {
			from, to := drawSpan(t)
			v.From, v.To = &from, &to
		} else {
			v.Dates = rapid.SliceOfN(genDate, 1, 4).Draw(t, "dates")
		}
		for range rapid.IntRange(0, 3).Draw(t, "skus") {
			v.SKUs = append(v.SKUs, drawSKU(t))
		}
		return v
	case TypeOutlierReviewed:
		return &OutlierReviewed{drawSKU(t), genDate.Draw(t, "date"), rapid.SampledFrom(verdicts).Draw(t, "verdict"), by()}
	case TypeDemandOverride:
		from, to := drawSpan(t)
		v := &DemandOverride{SKU: drawSKU(t), From: from, To: to, Mode: rapid.SampledFrom(overrideModes).Draw(t, "mode"), By: by(),
			Reason: genText.Draw(t, "reason"), Expires: optional(t, genDate, "expires")}
		switch v.Mode {
		case OverrideScale:
			v.Factor = pointer(rapid.Float64Range(0, maxFactor).Draw(t, "factor"))
		case OverrideAdd:
			v.Quantity = pointer(genQuantity.Draw(t, "quantity"))
		default:
			v.Quantity = pointer(genSupply.Draw(t, "quantity"))
		}
		return v
	case TypeProductionPin:
		v := &ProductionPin{SKU: drawSKU(t), Period: genPeriod.Draw(t, "period"), Min: optional(t, genSupply, "min"), By: by(), Expires: optional(t, genDate, "expires")}
		if v.Min == nil {
			v.Max = pointer(genSupply.Draw(t, "max"))
		} else if rapid.Bool().Draw(t, "max?") {
			v.Max = pointer(*v.Min + Quantity(rapid.Int64Range(0, int64(MaxQuantity-*v.Min)).Draw(t, "more")))
		}
		return v
	case TypePlanApproved:
		return &PlanApproved{rapid.Int64Range(1, 1<<53).Draw(t, "revision"), genPeriod.Draw(t, "through"), by()}
	case TypePolicy:
		v := &Policy{
			Period: optional(t, rapid.SampledFrom(periodKinds), "period"), WeekEnds: optional(t, rapid.SampledFrom(weekdays), "week ends"),
			Horizon: optional(t, rapid.IntRange(10, maxHorizon), "horizon"), Frozen: optional(t, rapid.IntRange(0, 10), "frozen"),
			Freeze: optional(t, rapid.SampledFrom(freezes), "freeze"), Confirmation: optional(t, rapid.SampledFrom(confirmations), "confirmation"),
			Mode: optional(t, rapid.SampledFrom(modes), "mode"), Shortages: optional(t, rapid.SampledFrom(shortageModes), "shortages"),
			ChangePrice: optional(t, genAmount, "change price"), DemandTolerance: optional(t, rapid.Float64Range(0, MaxDemandTolerance), "demand tolerance"), SafetyStock: drawRule(t), Quiet: optional(t, genDuration, "quiet"),
			Materiality: optional(t, rapid.Float64Range(0, 1), "materiality"), MaxAge: optional(t, genDuration, "max age"),
			TimeZone: optional(t, rapid.SampledFrom([]string{"UTC", "Europe/Madrid", "Etc/GMT+5"}), "zone"), Currency: optional(t, rapid.StringMatching(`[A-Z]{3}`), "currency"),
			Country: optional(t, rapid.StringMatching(`[A-Z]{2}`), "country"),
			Clock:   optional(t, rapid.SampledFrom(clocks), "clock"), Prorate: optional(t, rapid.Bool(), "prorate"), LineDays: optional(t, rapid.IntRange(1, maxLineDays), "line days"),
			DemandItems: rapid.SliceOfN(rapid.StringMatching(`[A-Z]{1,3}[*?]?`), 0, 3).Draw(t, "demand items"),
		}
		if len(v.DemandItems) == 0 {
			v.DemandItems = nil
		}
		if v.Quiet != nil && rapid.Bool().Draw(t, "ceiling") {
			v.Ceiling = pointer(*v.Quiet + genDuration.Draw(t, "more"))
		}
		if v.Period != nil && *v.Period == PeriodCustom {
			first, last := drawSpan(t)
			v.Starts = []Date{first}
			if last > first {
				v.Starts = append(v.Starts, last)
			}
		}
		if rapid.Bool().Draw(t, "item defaults") {
			v.ItemDefaults = &ItemDefaults{CostShare: optional(t, genAmount, "share"), ProductionCost: optional(t, genAmount, "cost"), HoldingShare: optional(t, genAmount, "holding"),
				SafetyStock: drawRule(t), Resource: optional(t, genLabel, "resource"), Usage: optional(t, genPositive, "usage"),
				Per: optional(t, rapid.SampledFrom(pers), "per"), LeadTime: optional(t, rapid.Float64Range(0, maxLeadTime), "lead"), Whole: optional(t, rapid.Bool(), "whole")}
		}
		return v
	case TypeOperator:
		return &Operator{rapid.SampledFrom(operatorActions).Draw(t, "action"), by()}
	}
	return new(Heartbeat)
}

// drawField draws a field with one of the kinds.
func drawField(t *rapid.T, name string, kinds ...FieldKind) Field {
	switch kind := rapid.SampledFrom(kinds).Draw(t, name); kind {
	case Text:
		return Field{rapid.String().Draw(t, name), Text}
	case Number:
		return Field{rapid.SampledFrom([]string{"0", "-0", "12", "-1.50", "1E5", "1e308", "0.000001"}).Draw(t, name), Number}
	case Bool:
		return Field{"true", Bool}
	case Other:
		return Field{`{"a":[1,"}"]}`, Other}
	default:
		return Field{"", kind}
	}
}

func drawEvent(t *rapid.T, typ Type) *Event {
	ev := &Event{ID: rapid.StringN(1, 40, 200).Draw(t, "id"), Source: rapid.StringMatching(`/[a-z"/é]{0,20}`).Draw(t, "source"), Type: typ}
	if rapid.Bool().Draw(t, "time?") {
		ev.HasTime = true
		ev.Time = time.Unix(rapid.Int64Range(int64(MinDate)*86400, int64(MaxDate)*86400).Draw(t, "time"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).UTC()
	}
	if rapid.Bool().Draw(t, "site?") {
		ev.Site = genSite.Draw(t, "site")
	}
	all := []FieldKind{Absent, Null, Text, Number, Bool, Other}
	switch typ {
	case TypeSale:
		for i := range reflect.TypeFor[Sale]().NumField() {
			reflect.ValueOf(&ev.Sale).Elem().Field(i).Set(reflect.ValueOf(drawField(t, "field", all...)))
		}
	case TypeSaleCancelled:
		for i := range reflect.TypeFor[SaleCancelled]().NumField() {
			reflect.ValueOf(&ev.Cancelled).Elem().Field(i).Set(reflect.ValueOf(drawField(t, "field", all...)))
		}
	default:
		ev.Data = drawData(t, typ)
	}
	return ev
}

// Every valid event of every type comes back from its bytes as it was, in either mode; its schema
// takes it, intake finds its site, and equal events have equal bytes.
func TestRoundTripOfEveryType(t *testing.T) {
	schema := compile(t, "event")
	for _, typ := range Types() {
		t.Run(typ.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				ev := drawEvent(t, typ)
				record, err := Encode(ev)
				if err != nil {
					t.Fatal(err)
				}
				var d Decoder
				var back Event
				if err := d.Decode(nil, record, &back); err != nil {
					t.Fatalf("%s: %v", record, err)
				}
				if !reflect.DeepEqual(&back, ev) {
					t.Fatalf("%s\ngot  %+v %+v\nwant %+v %+v", record, back, back.Data, ev, ev.Data)
				}
				if site, ok := SiteOf(nil, record); site != ev.Site || ok != (ev.Site != "") {
					t.Fatalf("%s: SiteOf gives %q, %v", record, site, ok)
				}
				again, err := Encode(&back)
				if err != nil || !bytes.Equal(again, record) {
					t.Fatalf("encodes as %s, then as %s, %v", record, again, err)
				}
				if typ != TypeSale && typ != TypeSaleCancelled { // their fields are drawn beyond the schema on purpose
					if err := validate(schema, record); err != nil {
						t.Fatalf("%s: %v", record, err)
					}
				}
				if ev.Data != nil { // states keep the types as plain JSON
					copied := reflect.New(reflect.TypeOf(ev.Data).Elem())
					plain, err := json.Marshal(ev.Data)
					if err == nil {
						err = json.Unmarshal(plain, copied.Interface())
					}
					if err != nil || !reflect.DeepEqual(copied.Interface(), ev.Data) {
						t.Fatalf("%s comes back from encoding/json as %+v, %v", plain, copied, err)
					}
				}
				headers, value := toBinaryMode(t, record)
				var binary Event
				if err := d.Decode(headers, value, &binary); err != nil || !reflect.DeepEqual(&binary, ev) {
					t.Fatalf("binary mode of %s: %v\ngot  %+v", record, err, binary)
				}
			})
		})
	}
}

// toBinaryMode moves the attributes of a structured-mode record into headers.
func toBinaryMode(t *rapid.T, record []byte) (headers []Header, value []byte) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(record, &members); err != nil {
		t.Fatal(err)
	}
	for name, raw := range members {
		if name == "data" {
			value = raw
			continue
		}
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			t.Fatal(err)
		}
		headers = append(headers, Header{"ce_" + name, []byte(text)})
	}
	return headers, value
}

func TestEncodeRefuses(t *testing.T) {
	for _, ev := range []*Event{
		{},
		{Type: typeCount},
		{Type: TypeItem},
		{Type: TypeItem, Data: &Receipt{}},
		{Type: TypeItem, Data: Item{}},
		{Type: TypeResource, Data: &Resource{Capacity: nan()}},
		{Type: TypeSale, Sale: Sale{Quantity: Field{"NaN", Number}}},
		{Type: TypeSale, Sale: Sale{Quantity: Field{"1,2", Number}}},
	} {
		if b, err := Encode(ev); err == nil {
			t.Errorf("%+v encodes as %s", ev, b)
		}
	}
}

func nan() float64 { var zero float64; return zero / zero }

// compile compiles a schema of ours with its formats asserted.
func compile(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, n := range JSONSchemas() {
		raw, _ := JSONSchema(n)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v", n, err)
		}
		if err := c.AddResource(schemaBase+n+".schema.json", doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile(schemaBase + name + ".schema.json")
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

const schemaBase = "https://drumbeat.example/schemas/"

func validate(s *jsonschema.Schema, value []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

package csvfeed

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"drumbeat/schemas"
)

func pointer[T any](v T) *T { return &v }

// TestDefinitions reads one row of every type.
func TestDefinitions(t *testing.T) {
	for _, c := range []struct {
		name, content string
		want          any
	}{
		{"item", "sku,production_cost,holding_cost,initial_inventory,safety_stock,whole,per,pack_size\n sku-1 ,10,2,500,,yes,month,.5\n",
			&schemas.Item{SKU: "SKU-1", ProductionCost: 10, HoldingCost: 2, InitialInventory: pointer(500 * schemas.Unit), Whole: true, Per: schemas.PerMonth, PackSize: schemas.Unit / 2}},
		{"stock", "sku,on_hand,as_of\nA,-12.5,2026-01-31\n",
			&schemas.StockCounted{SKU: "A", OnHand: -25 * schemas.Unit / 2, AsOf: schemas.AsOf{Date: day("2026-01-31")}}},
		{"receipt", "order,sku,quantity,date,start\n4711,A,100,2026-02-01,2026-01-15\n",
			&schemas.Receipt{Order: "4711", SKU: "A", Quantity: 100 * schemas.Unit, Date: day("2026-02-01"), Status: schemas.ReceiptExpected, Start: pointer(day("2026-01-15"))}},
		{"resource", "resource,capacity,per,overtime_capacity,overtime_cost\nfactory,16500,month,1000,3.5\n",
			&schemas.Resource{Resource: "factory", Capacity: 16500, Per: schemas.PerMonth, OvertimeCapacity: 1000, OvertimeCost: 3.5}},
		{"capacity", "resource,from,to,capacity,per\nfactory,2026-03-01,2026-03-14,0,day\n",
			&schemas.Capacity{Resource: "factory", From: day("2026-03-01"), To: day("2026-03-14"), Per: schemas.PerDay}},
		{"calendar", "name,dates,skus\nEaster,2026-04-03; 2026-04-06,A;B\n",
			&schemas.Calendar{Name: "Easter", Dates: []schemas.Date{day("2026-04-03"), day("2026-04-06")}, Effect: schemas.EffectClosed, SKUs: []string{"A", "B"}}},
		{"policy", "period,horizon,safety_stock.rule,safety_stock.value,item_defaults.cost_share,item_defaults.safety_stock.rule,item_defaults.safety_stock.value,demand_items,prorate\nmonth,13,service_level,0.95,0.6,fixed,5,POST;DOT,false\n",
			&schemas.Policy{Period: pointer(schemas.PeriodMonth), Horizon: pointer(13), SafetyStock: &schemas.SafetyStockRule{Rule: schemas.SafetyServiceLevel, Value: 0.95},
				ItemDefaults: &schemas.ItemDefaults{CostShare: pointer(0.6), SafetyStock: &schemas.SafetyStockRule{Rule: schemas.SafetyFixed, Value: 5}},
				DemandItems:  []string{"POST", "DOT"}, Prorate: pointer(false)}},
	} {
		kind, err := ParseType(c.name)
		if err != nil {
			t.Fatal(err)
		}
		path := write(t, c.name+".csv", c.content)
		got, err := all(path, Options{Type: kind, Site: "north"})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		ev := got[0].Event
		if ev.Site != "north" || ev.Type != kind || ev.Source != "csv:"+c.name+".csv" || !ev.HasTime {
			t.Errorf("%s: event %+v", c.name, ev)
		}
		if !reflect.DeepEqual(ev.Data, c.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.name, ev.Data, c.want)
		}
	}
	if _, err := ParseType("sales"); err == nil || !strings.Contains(err.Error(), "there are sale, item, stock") {
		t.Errorf("ParseType(sales): %v", err)
	}
}

func day(s string) schemas.Date {
	d, err := schemas.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func TestBadDefinitions(t *testing.T) {
	for _, c := range []struct {
		kind          schemas.Type
		content, want string
	}{
		{schemas.TypeItem, "sku,production_cost,holding_cost\nA,1,2\nB,ten,2\n", `x.csv:3: production_cost: "ten" is not a number`},
		{schemas.TypeItem, "sku,production_cost,holding_cost\nA,NaN,2\n", `x.csv:2: production_cost: "NaN" is not a number`},
		{schemas.TypeItem, "sku,production_cost,holding_cost\n,1,2\n", "x.csv:2: sku: required, but empty"},
		{schemas.TypeItem, "sku,production_cost,holding_cost,whole\nA,1,2,maybe\n", `x.csv:2: whole: "maybe" is neither true nor false`},
		{schemas.TypeStockCounted, "sku,on_hand\n", "x.csv:1: as_of: required, but there is no such column; the header has sku, on_hand (--map as_of=COLUMN)"},
	} {
		_, err := all(write(t, "x.csv", c.content), Options{Type: c.kind})
		if err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("error %v, want …%s", err, c.want)
		}
	}
	// What the decoder refuses is named by line and field too.
	for _, c := range []struct {
		kind           schemas.Type
		content, field string
	}{
		{schemas.TypeItem, "sku,production_cost,holding_cost\nA,-1,2\n", "production_cost"},
		{schemas.TypeStockCounted, "sku,on_hand,as_of\nA,1,31/01/2026\n", "as_of"},
		{schemas.TypeResource, "resource,capacity,per\nfactory,1,year\n", "per"},
		{schemas.TypePolicy, "period,horizon\nmonth,0\n", "horizon"},
		{schemas.TypePolicy, "safety_stock.rule,safety_stock.value\nlucky,1\n", "safety_stock.rule"},
	} {
		_, err := all(write(t, "x.csv", c.content), Options{Type: c.kind})
		var bad *Error
		if !errors.As(err, &bad) || bad.Line != 2 || bad.Field != c.field {
			t.Errorf("%q: error %v, want one at line 2, field %s", c.content, err, c.field)
		}
	}
}

// TestEditedDefinitionsAreNew: the same file again has the same identities, an edited one others and a
// newer time, and of two rows the later is the newer.
func TestEditedDefinitionsAreNew(t *testing.T) {
	path := write(t, "r.csv", "resource,capacity,per\nfactory,1,day\nfactory,2,day\n")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	read := func(modified time.Time) []Record {
		t.Helper()
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
		got, err := all(path, Options{Type: schemas.TypeResource})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first, again, edited := read(at), read(at), read(at.Add(time.Hour))
	if first[0].Event.ID != again[0].Event.ID || !first[0].Event.Time.Equal(again[0].Event.Time) {
		t.Errorf("the same file: %v, then %v", first[0].Event, again[0].Event)
	}
	if first[0].Event.ID == edited[0].Event.ID || !edited[0].Event.Time.After(first[1].Event.Time) {
		t.Errorf("an edited file: %v, then %v", first[0].Event, edited[0].Event)
	}
	if first[0].Event.ID == first[1].Event.ID || !first[1].Event.Time.After(first[0].Event.Time) {
		t.Errorf("two rows: %v, %v", first[0].Event, first[1].Event)
	}
}

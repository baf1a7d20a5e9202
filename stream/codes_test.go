package stream_test

import (
	"testing"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// A code that a pattern takes for postage or a fee is a product where somebody has defined it as an item, and
// also after a restart; nobody's defaults take plain one-letter SKUs such as A, B and C for anything else.
func TestDefinedItemsAreProducts(t *testing.T) {
	config := stream.Config{Settings: stream.DefaultSettings()}
	config.Settings.Clock = schemas.ClockEvent
	b := newBench(t, config)
	b.clock = day0.Time(nil)
	b.take(b.define(&schemas.Item{SKU: "POST", ProductionCost: 1, HoldingCost: 1}))
	for d := day0; d < day0+21; d++ {
		for _, sku := range []string{"A", "B", "C", "POST", "DOT"} {
			b.take(b.sold(sku, 4, d))
		}
	}
	b.end()
	for _, sku := range []string{"A", "B", "C", "POST"} {
		if line, ok := b.lines[sku]; !ok || line.Periods[1].Demand == 0 {
			t.Errorf("%s: planned %v, no demand", sku, ok)
		}
	}
	if _, ok := b.lines["DOT"]; ok {
		t.Error("DOT is planned")
	}
	if reasons := b.audit.Reasons; reasons["not-demand"] != 21 {
		t.Errorf("reasons %v", reasons)
	}
}

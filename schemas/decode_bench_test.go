package schemas

import "testing"

var saleRecord = []byte(`{"specversion":"1.0","id":"536365-1","source":"/erp/shop","type":"drumbeat.sale.v1","time":"2010-12-01T08:26:00Z","datacontenttype":"application/json","data":{"sku":"85123A","quantity":6,"date":"2010-12-01","document":"536365","line":1,"unit_price":2.55,"customer":"17850"}}`)

func BenchmarkDecodeSale(b *testing.B) {
	var d Decoder
	var ev Event
	b.SetBytes(int64(len(saleRecord)))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Decode(nil, saleRecord, &ev); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkSiteOf(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		SiteOf(nil, saleRecord)
	}
}

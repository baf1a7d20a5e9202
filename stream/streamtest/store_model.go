package streamtest

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"drumbeat/schemas"
	"drumbeat/stream"

	"pgregory.net/rapid"
)

// roundTrip saves random batches, some of them twice, between random loads and sends, and compares what the
// store returns with maps that are as plain as can be.
func roundTrip(t *testing.T, s Stored) {
	var used int32
	rapid.Check(t, func(rt *rapid.T) {
		used++ // every run has a partition and sites of its own, so that one store serves them all
		m := &model{
			store: s, partition: used, prefix: fmt.Sprintf("run%d.", used), sent: -1,
			states: map[string]string{}, skus: map[pair]string{}, sales: map[day2]stream.DailySale{},
			accuracy: map[horizon]stream.AccuracyRow{}, models: map[pair]stream.ModelRow{},
			forecasts: map[pair]stream.ForecastRow{}, lines: map[pair]line{}, heads: map[string]int64{}, queue: map[int64][]string{},
		}
		m.epoch = m.load(rt).Epoch
		rt.Repeat(map[string]func(*rapid.T){
			"save": m.save,
			"load": func(rt *rapid.T) { m.epoch = m.checkLoad(rt) },
			"send": m.send,
			"read": m.read,
		})
	})
}

type pair struct{ site, sku string }

type day2 struct {
	pair
	date schemas.Date
}

type line struct {
	revision int64
	value    []byte
}

type model struct {
	store     Stored
	partition int32
	prefix    string
	epoch     int64

	saved     bool
	next      int64
	rank      int64
	state     string
	states    map[string]string
	skus      map[pair]string
	sales     map[day2]stream.DailySale
	forecasts map[pair]stream.ForecastRow
	accuracy  map[horizon]stream.AccuracyRow
	models    map[pair]stream.ModelRow
	lines     map[pair]line
	heads     map[string]int64
	queue     map[int64][]string // keys of the messages of unsent entries, by seq
	seq, sent int64
}

var (
	// The order of bytes differs from that of any language, and a slash is no separator.
	skuNames   = rapid.SampledFrom([]string{"A", "a", "B", "Ä", "é", "A/B", "A B", "'; --", "日本", "~"})
	blobs      = rapid.SliceOfN(rapid.Byte(), 0, 40)
	quantities = rapid.Int64()
)

func (m *model) save(rt *rapid.T) {
	b := &stream.Batch{Next: max(0, m.next+rapid.Int64Range(-5, 9).Draw(rt, "records")), State: blobs.Draw(rt, "state")}
	b.Rank = max(b.Next, m.rank+1)
	m.next, m.rank, m.state, m.saved = b.Next, b.Rank, string(b.State), true
	for _, name := range []string{"x", "y"} {
		site := m.prefix + name
		if _, known := m.states[site]; !known || rapid.Bool().Draw(rt, "site") {
			r := stream.SiteState{Site: site, State: blobs.Draw(rt, "site state")}
			b.Sites = append(b.Sites, r)
			m.states[site] = string(r.State)
		}
		for _, sku := range rapid.SliceOfNDistinct(skuNames, 0, 4, rapid.ID[string]).Draw(rt, "skus") {
			m.saveSKU(rt, b, pair{site, sku})
			m.saveAccuracy(rt, b, pair{site, sku})
		}
		if rapid.Bool().Draw(rt, "plan") {
			m.savePlan(rt, b, site)
		}
	}
	m.saveOld(b)
	for range rapid.IntRange(1, 2).Draw(rt, "times") {
		if err := m.store.Save(rt.Context(), m.partition, m.epoch, b); err != nil {
			rt.Fatal(err)
		}
	}
}

func (m *model) saveSKU(rt *rapid.T, b *stream.Batch, at pair) {
	r := stream.SKUState{Site: at.site, SKU: at.sku, State: blobs.Draw(rt, "sku state")}
	b.SKUs = append(b.SKUs, r)
	m.skus[at] = string(r.State)
	d := stream.DailySale{
		Site: at.site, SKU: at.sku, Date: day + schemas.Date(rapid.IntRange(-3, 3).Draw(rt, "date")),
		Quantity: schemas.Quantity(quantities.Draw(rt, "quantity")), Held: schemas.Quantity(quantities.Draw(rt, "held")),
		Outlier: rapid.Bool().Draw(rt, "outlier"), Reason: rapid.SampledFrom([]string{"", "outlier"}).Draw(rt, "reason"),
		Score: rapid.Float64().Draw(rt, "score"),
	}
	b.Sales = append(b.Sales, d)
	m.sales[day2{at, d.Date}] = d
	if rapid.Bool().Draw(rt, "old") { // before the kept history: two days that nothing else writes
		o := stream.OldSale{
			Site: at.site, SKU: at.sku, Date: day - 2000 + schemas.Date(rapid.IntRange(0, 1).Draw(rt, "old date")),
			Quantity: schemas.Quantity(rapid.Int64Range(-1e9, 1e9).Draw(rt, "old quantity")),
		}
		b.OldSales = append(b.OldSales, o)
	}
}

// saveOld adds up the old sales of a batch: several of one day come to their sum.
func (m *model) saveOld(b *stream.Batch) {
	sums := map[day2]schemas.Quantity{}
	for _, o := range b.OldSales {
		sums[day2{pair{o.Site, o.SKU}, o.Date}] += o.Quantity
	}
	for key, sum := range sums {
		row := m.sales[key]
		row.Site, row.SKU, row.Date, row.Quantity = key.site, key.sku, key.date, max(0, row.Quantity+sum)
		m.sales[key] = row
	}
}

func (m *model) savePlan(rt *rapid.T, b *stream.Batch, site string) {
	m.heads[site]++
	m.seq++
	r := stream.Revision{
		Site: site, Revision: m.heads[site], ExecutionDate: day + schemas.Date(m.heads[site]/3), CreatedAt: noon,
		Status: "optimal", Head: fmt.Appendf(nil, `{"revision": %d}`, m.heads[site]),
	}
	skus := rapid.SliceOfNDistinct(skuNames, 0, 4, rapid.ID[string]).Draw(rt, "lines")
	for _, sku := range skus {
		var value []byte
		if rapid.Bool().Draw(rt, "in the plan") {
			value = fmt.Appendf(nil, `{"of":%q, "n":%d}`, sku, rapid.Int().Draw(rt, "n"))
		}
		r.Lines = append(r.Lines, stream.LineValue{SKU: sku, Value: value})
		m.lines[pair{site, sku}] = line{r.Revision, value}
		f := stream.ForecastRow{
			Site: site, SKU: sku, Revision: r.Revision, ExecutionDate: r.ExecutionDate, First: r.ExecutionDate,
			Mean: []float32{1.5, float32(r.Revision)}, Lower: []float32{0, 1}, Upper: []float32{3, 4e30}, Model: "ets",
		}
		b.Forecasts = append(b.Forecasts, f)
		m.forecasts[pair{site, sku}] = f
	}
	b.Revisions = append(b.Revisions, r)
	b.Outbox = append(b.Outbox, stream.OutboxEntry{Seq: m.seq, Site: site, Revision: r.Revision})
	slices.Sort(skus)
	for _, sku := range skus {
		m.queue[m.seq] = append(m.queue[m.seq], schemas.PlanKey(site, sku))
	}
	m.queue[m.seq] = append(m.queue[m.seq], site)
}

func (m *model) load(rt *rapid.T) *stream.Snapshot {
	got, err := m.store.Load(rt.Context(), m.partition)
	if err != nil {
		rt.Fatal(err)
	}
	return got
}

func (m *model) checkLoad(rt *rapid.T) int64 {
	got := m.load(rt)
	if got.Epoch != m.epoch+1 {
		rt.Fatalf("epoch %d follows %d", got.Epoch, m.epoch)
	}
	if got.Known != m.saved || got.Next != m.next || string(got.State) != m.state {
		rt.Fatalf("partition is known %v at %d with %x, want %v at %d with %x", got.Known, got.Next, got.State, m.saved, m.next, m.state)
	}
	states, skus := map[string]string{}, map[pair]string{}
	for _, site := range got.Sites {
		states[site.Name] = string(site.State)
		for i, sku := range site.SKUs {
			if sku.Site != site.Name || i > 0 && site.SKUs[i-1].SKU >= sku.SKU {
				rt.Fatalf("SKU %q of site %s comes after %q", sku.SKU, site.Name, site.SKUs[max(i-1, 0)].SKU)
			}
			skus[pair{site.Name, sku.SKU}] = string(sku.State)
		}
	}
	if !maps.Equal(states, m.states) || !maps.Equal(skus, m.skus) {
		rt.Fatalf("sites are %q with %q, want %q with %q", states, skus, m.states, m.skus)
	}
	return got.Epoch
}

func (m *model) send(rt *rapid.T) {
	if m.seq == 0 {
		return
	}
	m.sent = max(m.sent, rapid.Int64Range(m.sent, m.seq).Draw(rt, "sent"))
	if err := m.store.Sent(rt.Context(), m.partition, m.epoch, m.sent, nil); err != nil {
		rt.Fatal(err)
	}
	maps.DeleteFunc(m.queue, func(seq int64, _ []string) bool { return seq <= m.sent })
}

// read compares what readers see: outbox, daily sales, forecasts and the plan.
func (m *model) read(rt *rapid.T) {
	entries, err := m.store.Unsent(rt.Context(), m.partition, -1, 1<<30)
	if err != nil {
		rt.Fatal(err)
	}
	queue := map[int64][]string{}
	for i, entry := range entries {
		if i > 0 && entries[i-1].Seq >= entry.Seq {
			rt.Fatalf("entry %d comes after %d", entry.Seq, entries[i-1].Seq)
		}
		for _, message := range entry.Messages {
			queue[entry.Seq] = append(queue[entry.Seq], string(message.Key))
		}
	}
	if !maps.EqualFunc(queue, m.queue, slices.Equal[[]string]) {
		rt.Fatalf("unsent is %v, want %v", queue, m.queue)
	}
	for site := range m.states {
		m.readSite(rt, site)
	}
}

func (m *model) readSite(rt *rapid.T, site string) {
	sales, err := m.store.Sales(rt.Context(), site)
	if err != nil {
		rt.Fatal(err)
	}
	want := slices.SortedFunc(maps.Values(m.sales), func(a, b stream.DailySale) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Date, b.Date))
	})
	want = slices.DeleteFunc(want, func(r stream.DailySale) bool { return r.Site != site })
	if !slices.Equal(sales, want) {
		rt.Fatalf("sales are %+v, want %+v", sales, want)
	}

	forecasts, err := m.store.Forecasts(rt.Context(), site)
	if err != nil {
		rt.Fatal(err)
	}
	m.readAccuracy(rt, site)
	seen := 0
	for _, f := range forecasts {
		if w := m.forecasts[pair{site, f.SKU}]; fmt.Sprint(f) != fmt.Sprint(w) {
			rt.Fatalf("forecast is %+v, want %+v", f, w)
		}
		seen++
	}
	for at := range m.forecasts {
		if at.site == site {
			seen--
		}
	}
	if seen != 0 {
		rt.Fatalf("%d forecasts too many of site %s", seen, site)
	}

	var skus []string
	var inPlan []stream.LineValue
	for _, at := range slices.SortedFunc(maps.Keys(m.lines), func(a, b pair) int { return cmp.Compare(a.sku, b.sku) }) {
		if at.site == site {
			skus = append(skus, at.sku)
			if value := m.lines[at].value; value != nil {
				inPlan = append(inPlan, stream.LineValue{SKU: at.sku, Value: value})
			}
		}
	}
	lines, err := m.store.Lines(rt.Context(), site)
	if err != nil {
		rt.Fatal(err)
	}
	if !slices.EqualFunc(lines, inPlan, func(a, b stream.LineValue) bool { return a.SKU == b.SKU && bytes.Equal(a.Value, b.Value) }) {
		rt.Fatalf("lines are %q, want %q", lines, inPlan)
	}
	messages, err := m.store.Current(rt.Context(), site, append(skus, "never"))
	if err != nil {
		rt.Fatal(err)
	}
	var current []stream.Message
	for _, sku := range skus {
		l := m.lines[pair{site, sku}]
		current = append(current, stream.LineMessage(site, sku, l.revision, l.value))
	}
	if n := m.heads[site]; n > 0 {
		current = append(current, stream.HeadMessage(site, n, fmt.Appendf(nil, `{"revision": %d}`, n)))
	}
	if !slices.EqualFunc(messages, current, sameMessage) {
		rt.Fatalf("current messages are %+v, want %+v", messages, current)
	}
}

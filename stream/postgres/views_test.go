package postgres_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"

	"github.com/jackc/pgx/v5"
)

const day = schemas.Date(20779) // 2026-11-22

// planLine is the published line of a SKU with the production given, in weeks from 2026-11-23 on.
func planLine(sku string, revision int64, production ...int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `{"site":"a","revision":%d,"sku":%q,"periods":[`, revision, sku)
	for i, x := range production {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"period":%q,"demand":10.5,"demand_low":8,"demand_high":13.25,"opening":5,"receipts":1,"production":%d,`+
			`"arrivals":2,"inventory":3,"safety_stock":4,"shortfall":1,"shortage":0.000001,"frozen":%v,"price":1.25`, (day + 1 + schemas.Date(7*i)).String(), x, i == 0)
		if i == 0 {
			b.WriteString(`,"overdue":0.5,"approved":6.5`)
		}
		b.WriteByte('}')
	}
	if sku == "Y" {
		b.WriteString(`],"found":2.5,"cost":99.5,"reason":"because"}`)
	} else {
		b.WriteString(`],"cost":99.5,"reason":"because"}`)
	}
	return []byte(b.String())
}

// fullBatch is a batch of site a with rows of every kind; its revision is n.
func fullBatch(n int64) *stream.Batch {
	at := day + schemas.Date(n-1)
	return &stream.Batch{
		Next: n, State: []byte("s"), Sites: []stream.SiteState{{Site: "a", State: []byte("s")}},
		SKUs: []stream.SKUState{{Site: "a", SKU: "X", State: []byte("s")}},
		Sales: []stream.DailySale{{
			Site: "a", SKU: "X", Date: at, Quantity: 12_500_000, Held: 500_000, Outlier: true, Reason: "outlier", Score: 4.5,
		}},
		Forecasts: []stream.ForecastRow{{
			Site: "a", SKU: "X", Revision: n, ExecutionDate: at, First: at, Model: "ets",
			Mean: []float32{1, 2}, Lower: []float32{0.5, 1}, Upper: []float32{3, 4},
		}},
		Revisions: []stream.Revision{{
			Site: "a", Revision: n, ExecutionDate: at, CreatedAt: time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC), Status: "optimal",
			Head: fmt.Appendf(nil, `{"site":"a","revision":%d,"cost":{"total":1234.5},"approved":{"revision":1,"through":"2026-11-23","by":"Ada",`+
				`"at":"2026-11-22T10:00:00Z"},"checksum":"c%d"}`, n, n),
			Lines:   []stream.LineValue{{SKU: "X", Value: planLine("X", n, int(n), 2)}},
			Problem: []byte{1}, Start: []byte{2},
		}},
		Accuracy: []stream.AccuracyRow{
			accuracyRow("X", "7d", stream.AccuracySums{
				Weight: 2, Demand: 8, Forecast: 10, AbsError: 4, SquaredError: 10, NaiveError: 6, Whole: 2, Covered80: 1, Covered95: 2, Pinball95: .5,
			}),
			accuracyRow("Y", "7d", stream.AccuracySums{Weight: 1, Demand: 2, Forecast: 1, AbsError: 1, SquaredError: 1, NaiveError: 2}),
			accuracyRow("Z", "1d", stream.AccuracySums{Weight: 1, Forecast: 1, AbsError: 1, SquaredError: 1}),
		},
		Models: []stream.ModelRow{{
			Site: "a", SKU: "X", Kind: "count", Through: at - 1, StepError: 1.5, SumError: 6, Horizon: 28,
			Models: []byte(`[{"name":"level .1","weight":1,"step_error":1.5,"sum_error":null}]`),
		}},
		Audit: []stream.AuditRow{{Site: "a", OriginTopic: "t", Read: 1, Rejected: 1, Reasons: map[string]int64{"bad-date": 1}}},
		DeadLetters: []stream.DeadLetter{{
			Site: "a", OriginTopic: "t", OriginOffset: n, Reason: "bad-date", At: time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC),
		}},
		Outbox: []stream.OutboxEntry{{Seq: n, Site: "a", Revision: n}},
	}
}

func accuracyRow(sku, horizon string, sums stream.AccuracySums) stream.AccuracyRow {
	return stream.AccuracyRow{
		Site: "a", SKU: sku, Class: "count", Horizon: horizon, Days: 7, Through: day - 20, Windows: 3, AccuracySums: sums,
	}
}

// TestViews saves three revisions and compares every reader-facing name with what was saved.
func TestViews(t *testing.T) {
	s, dsn := newStore(t)
	ctx := t.Context()
	snapshot, err := s.Load(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= 3; n++ {
		b := fullBatch(n)
		lines := &b.Revisions[0].Lines
		switch n {
		case 1:
			*lines = append(*lines, stream.LineValue{SKU: "Y", Value: planLine("Y", 1, 5)}, stream.LineValue{SKU: "Z", Value: planLine("Z", 1, 7)})
		case 3:
			*lines = append(*lines, stream.LineValue{SKU: "Y"})
		}
		if err := s.Save(ctx, 0, snapshot.Epoch, b); err != nil {
			t.Fatal(err)
		}
	}
	conn := connect(t, dsn)
	for _, view := range []struct{ query, want string }{
		{"SELECT site, date, sku, qty, is_outlier, held_qty, reason, score FROM drumbeat.sales_transactions ORDER BY date", `
			a 2026-11-22 X 12.5 true 0.5 outlier 4.5
			a 2026-11-23 X 12.5 true 0.5 outlier 4.5
			a 2026-11-24 X 12.5 true 0.5 outlier 4.5`},
		{"SELECT site, execution_date, sku, ds, yhat, yhat_lower, yhat_upper, model_version, revision FROM drumbeat.demand_forecasts WHERE revision < 3 ORDER BY revision, ds", `
			a 2026-11-22 X 2026-11-22 1 0.5 3 ets 1
			a 2026-11-22 X 2026-11-23 2 1 4 ets 1
			a 2026-11-23 X 2026-11-23 1 0.5 3 ets 2
			a 2026-11-23 X 2026-11-24 2 1 4 ets 2`},
		{"SELECT site, execution_date, sku, ds, yhat, yhat_lower, yhat_upper, model_version, revision FROM drumbeat.current_demand_forecast ORDER BY ds", `
			a 2026-11-24 X 2026-11-24 1 0.5 3 ets 3
			a 2026-11-24 X 2026-11-25 2 1 4 ets 3`},
		{`SELECT site, revision, execution_date, sku, plan_date, demand_forecast, production_qty, inventory_level, safety_stock_target, shortage_qty,
			period, demand_low, demand_high, opening, receipts, arrivals, shortfall, frozen, price, cost, reason
			FROM drumbeat.supply_plans WHERE revision = 1 ORDER BY sku, plan_date`, `
			a 1 2026-11-22 X 2026-11-23 10.5 1 3 4 0.000001 2026-11-23 8 13.25 5 1 2 1 true 1.25 99.5 because
			a 1 2026-11-22 X 2026-11-30 10.5 2 3 4 0.000001 2026-11-30 8 13.25 5 1 2 1 false 1.25 99.5 because
			a 1 2026-11-22 Y 2026-11-23 10.5 5 3 4 0.000001 2026-11-23 8 13.25 5 1 2 1 true 1.25 99.5 because
			a 1 2026-11-22 Z 2026-11-23 10.5 7 3 4 0.000001 2026-11-23 8 13.25 5 1 2 1 true 1.25 99.5 because`},
		{"SELECT site, revision, sku, plan_date, production_qty, plan_revision, checksum FROM drumbeat.current_supply_plan ORDER BY sku, plan_date", `
			a 3 X 2026-11-23 3 3 c3
			a 3 X 2026-11-30 2 3 c3
			a 1 Z 2026-11-23 7 3 c3`},
		{"SELECT revision, sku, plan_date, found, overdue FROM drumbeat.supply_plans WHERE revision = 1 ORDER BY sku, plan_date", `
			1 X 2026-11-23 0 0.5
			1 X 2026-11-30 0 0
			1 Y 2026-11-23 2.5 0.5
			1 Z 2026-11-23 0 0.5`},
		{"SELECT sku, plan_date, found, overdue FROM drumbeat.current_supply_plan WHERE sku = 'X' ORDER BY plan_date", `
			X 2026-11-23 0 0.5
			X 2026-11-30 0 0`},
		{`SELECT site, sku, period, plan_date, quantity, planned_qty, approved_revision, through, approved_by, approved_at = '2026-11-22T10:00:00Z', plan_revision
			FROM drumbeat.approved_production ORDER BY sku`, `
			a X 2026-11-23 2026-11-23 6.5 3 1 2026-11-23 Ada true 3
			a Z 2026-11-23 2026-11-23 6.5 7 1 2026-11-23 Ada true 3`},
		{`SELECT site, sku, horizon, horizon_days, class, through_date, windows, wape, naive_wape, bias, coverage_80, coverage_95
			FROM drumbeat.forecast_accuracy ORDER BY sku`, `
			a X 7d 7 count 2026-11-02 3 0.5 0.75 0.25 0.5 1
			a Y 7d 7 count 2026-11-02 3 0.5 1 -0.5 <nil> <nil>
			a Z 1d 7 count 2026-11-02 3 <nil> <nil> <nil> <nil> <nil>`},
		{`SELECT site, horizon, skus, windows, demand, forecast, wape, naive_wape, bias, coverage_80, coverage_95
			FROM drumbeat.forecast_accuracy_by_site ORDER BY horizon`, `
			a 1d 1 3 0 1 <nil> <nil> <nil> <nil> <nil>
			a 7d 2 6 10 11 0.5 0.8 0.1 0.5 1`},
		{"SELECT site, class, horizon, skus, wape FROM drumbeat.forecast_accuracy_by_class WHERE horizon = '7d'", `
			a count 7d 2 0.5`},
		{`SELECT site, sku, kind, through_date, models -> 0 ->> 'name', step_error, sum_error, horizon_days FROM drumbeat.forecast_models`, `
			a X count 2026-11-23 level .1 1.5 6 28`},
		{"SELECT site, revision, sku, period, production_before, production_after FROM drumbeat.plan_changes ORDER BY revision, sku, period", `
			a 1 X 2026-11-23 <nil> 1
			a 1 X 2026-11-30 <nil> 2
			a 1 Y 2026-11-23 <nil> 5
			a 1 Z 2026-11-23 <nil> 7
			a 2 X 2026-11-23 1 2
			a 3 X 2026-11-23 2 3
			a 3 Y 2026-11-23 5 <nil>`},
		{"SELECT site, revision, plan_id, status, execution_date, total_cost, checksum, baseline, head ->> 'site' FROM drumbeat.plans ORDER BY revision", `
			a 1 a:1 optimal 2026-11-22 1234.5 c1 false a
			a 2 a:2 optimal 2026-11-23 1234.5 c2 false a
			a 3 a:3 optimal 2026-11-24 1234.5 c3 false a`},
		{"SELECT site, origin_topic, origin_partition, origin_offset, reason FROM drumbeat.dead_letters ORDER BY origin_offset", `
			a t 0 1 bad-date
			a t 0 2 bad-date
			a t 0 3 bad-date`},
		{"SELECT site, origin_topic, origin_partition, read, kept, flagged, rejected, duplicate, repaired, reasons ->> 'bad-date' FROM drumbeat.audit", `
			a t 0 1 0 0 1 0 0 1`},
	} {
		if got, want := table(t, conn, view.query), strings.ReplaceAll(view.want, "\t", ""); got != want {
			t.Errorf("%s\ngave%s\nwant%s", view.query, got, want)
		}
	}
}

// table is the answer to a query, a line a row, each after a line feed.
func table(t testing.TB, conn *pgx.Conn, query string) string {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			switch of := v.(type) {
			case time.Time:
				v = of.Format(time.DateOnly)
			case json.Marshaler: // numeric
				plain, err := of.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				v = string(plain)
			}
			b.WriteString([]string{"\n", " "}[min(i, 1)])
			fmt.Fprint(&b, v)
		}
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return b.String()
}

// TestNotify listens as another process does.
func TestNotify(t *testing.T) {
	s, dsn := newStore(t)
	ctx := t.Context()
	snapshot, err := s.Load(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, dsn)
	if _, err := conn.Exec(ctx, "LISTEN drumbeat_plan"); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(ctx, 0, snapshot.Epoch+1, fullBatch(9)); err == nil {
		t.Fatal("a save with a wrong epoch was accepted")
	}
	for n := int64(1); n <= 2; n++ {
		if err := s.Save(ctx, 0, snapshot.Epoch, fullBatch(n)); err != nil {
			t.Fatal(err)
		}
		got, err := conn.WaitForNotification(ctx)
		if err != nil || got.Payload != fmt.Sprintf("a:%d", n) {
			t.Fatalf("notified of %+v, %v: want a:%d", got, err, n)
		}
	}
}

// TestExactBytes stores heads and lines that would change in any other type than the one in use.
func TestExactBytes(t *testing.T) {
	s, _ := newStore(t)
	ctx := t.Context()
	snapshot, err := s.Load(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("long enough to be compressed, ", 2000)
	values := map[string]string{
		"blanks": "{ \"b\" : 1 ,\n\t\"a\":2}", "twice": `{"a":1,"a":2}`, "numbers": `{"a":1.50,"b":1e2,"c":-0.0,"d":123456789012345678901234567890}`,
		"escapes": `{"a":"\u00e9\u2028<>","b":"é","c":"\u0000"}`, "long": `{"a":"` + long + `"}`,
	}
	b := fullBatch(1)
	b.Revisions[0].Lines = nil
	for sku, value := range values {
		b.Revisions[0].Lines = append(b.Revisions[0].Lines, stream.LineValue{SKU: sku, Value: []byte(value)})
	}
	b.Revisions[0].Head = []byte(`{"revision": 1, "long":"` + long + `", "cost":{"total" :1.0}}`)
	if err := s.Save(ctx, 0, snapshot.Epoch, b); err != nil {
		t.Fatal(err)
	}
	entries, err := s.Unsent(ctx, 0, -1, 1<<20)
	if err != nil || len(entries) != 1 || len(entries[0].Messages) != len(values)+1 {
		t.Fatalf("outbox holds %d entries, %v", len(entries), err)
	}
	for _, m := range entries[0].Messages {
		_, sku, line := schemas.SplitPlanKey(string(m.Key))
		want := string(b.Revisions[0].Head)
		if line {
			want = values[sku]
		}
		if string(m.Value) != want {
			t.Errorf("%s became %.100s, was %.100s", m.Key, m.Value, want)
		}
	}
	r, err := s.Revision(ctx, "a", 1)
	if err != nil || r == nil || string(r.Head) != string(b.Revisions[0].Head) || string(r.Problem) != "\x01" || string(r.Start) != "\x02" || len(r.Lines) != len(values) {
		t.Errorf("revision 1 is %+v, %v", r, err)
	}
	if r, err := s.Revision(ctx, "a", 2); err != nil || r != nil {
		t.Errorf("revision 2 is %+v, %v: there is none", r, err)
	}
}

package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"drumbeat/schemas"
)

// The service as it is installed: one process with all roles and the wall clock. A sale that matters gives
// the next revision within seconds, a restart repeats nothing, and what an operator asks is answered.
func TestServeWallClock(t *testing.T) {
	takeTurn(t, brokerLane)
	db := newDatabase(t)
	w := world{home: t.TempDir(), broker: freshBroker(t), database: db.dsn}
	client := newClient(t, w.broker)
	// Noon is far from the end of the day, which makes a plan of its own.
	noon := time.FixedZone("", (12-time.Now().UTC().Hour())*3600)
	zone := fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12)
	today := schemas.DateOf(time.Now().In(noon))

	drumbeat(t, w, time.Minute, "migrate")
	if out := drumbeat(t, w, time.Minute, "migrate"); !strings.Contains(out, "up to date") {
		t.Errorf("migrate, the second time: %q", out)
	}
	drumbeat(t, w, time.Minute, "topics", "create")
	if out := drumbeat(t, w, time.Minute, "topics", "check"); !strings.Contains(out, "as they have to be") {
		t.Errorf("topics check: %q", out)
	}

	address := freeAddress(t)
	serve := func() *child {
		c := start(t, w, "serve", "serve", "--address", address, "--session", "6s", "--log-format", "json")
		awaitReady(t, c, address, time.Minute)
		return c
	}
	service := serve()
	if status, body := get(t, address, "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz: %d %s", status, body)
	}
	if status, body := get(t, address, "/readyz"); status != http.StatusOK || !strings.Contains(body, "postgres") || !strings.Contains(body, "kafka") {
		t.Errorf("/readyz: %d %s", status, body)
	}

	sales := []string{"sku,quantity,date,customer"}
	for day := today - 34; day <= today; day++ {
		for _, sku := range []string{"A-1", "B-2"} {
			sales = append(sales, fmt.Sprintf("%s,%d,%s,c%d", sku, 10+day%3, day, day%7))
		}
	}
	send := func(kind, name string, lines ...string) {
		t.Helper()
		path := filepath.Join(w.home, name)
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		drumbeat(t, w, time.Minute, "produce", "--type", kind, "--from", path, "--site", "plant")
	}
	send("policy", "policy.csv", "quiet,ceiling,horizon,time_zone", "200ms,500ms,8,"+zone)
	send("resource", "resources.csv", "resource,capacity,per", "factory,500,week")
	send("item", "items.csv", "sku,production_cost,holding_cost,initial_inventory,safety_stock", "A-1,10,2,100,20", "B-2,50,5,20,5")
	send("sale", "sales.csv", sales...)

	settle := func(what string, read, after int64, limit time.Duration) int64 {
		t.Helper()
		var revision int64
		eventually(t, what, limit, func() (bool, string) {
			revision = db.number(t, "SELECT max(revision) FROM drumbeat.plans WHERE site = 'plant'")
			if n := db.read(t, schemas.DefaultInputTopic); n < read || revision <= after {
				return false, fmt.Sprintf("%d of %d records folded, revision %d", n, read, revision)
			}
			return db.settled(t, []string{"plant"})
		})
		return revision
	}
	sent := int64(4 + len(sales) - 1)
	first := settle("the first plan", sent, 0, 30*time.Second)
	head, before := checkPlans(t, db, client, "plant")
	if head.Status != schemas.PlanOptimal || head.Lines != 2 || len(head.Periods) != 8 || head.Input.Topic != schemas.EventsTopic {
		t.Errorf("head: status %s, %d lines, %d periods, input %+v", head.Status, head.Lines, len(head.Periods), head.Input)
	}

	send("sale", "rush.csv", "sku,quantity,date,customer", fmt.Sprintf("A-1,12,%s,c9", today))
	began := time.Now()
	sent++
	second := settle("the plan of a sale that matters", sent, first, 10*time.Second)
	t.Logf("from the end of produce to the published plan: %v", time.Since(began).Round(time.Millisecond))
	head, after := checkPlans(t, db, client, "plant")
	if head.Cause.Trigger != "sale" || !slices.Contains(head.Cause.SKUs, "A-1") {
		t.Errorf("cause of revision %d: %+v, want the sale of A-1", head.Revision, head.Cause)
	}
	if n := metrics(t, address)["drumbeat_save_seconds_count"]; n <= 0 {
		t.Errorf("/metrics: %v saves", n)
	}
	if after.records <= before.records {
		t.Errorf("%d plan records, %d before the sale", after.records, before.records)
	}

	checkServeMetrics(t, address, sent, second)
	service.stop(t, 10*time.Second)
	service = serve()
	eventually(t, "the plan is loaded", 30*time.Second, func() (bool, string) {
		revision := metrics(t, address)[`drumbeat_plan_revision{site="plant"}`]
		return revision == float64(second), fmt.Sprint("revision ", revision)
	})
	checkServeMetrics(t, address, sent, second)
	if _, p := checkPlans(t, db, client, "plant"); p.records != after.records {
		t.Errorf("a restart published %d records", p.records-after.records)
	}
	send("sale", "rush2.csv", "sku,quantity,date,customer", fmt.Sprintf("B-2,12,%s,c9", today))
	sent++
	third := settle("the plan after a restart", sent, second, 10*time.Second)
	checkPlans(t, db, client, "plant")
	if os.Getenv("DRUMBEAT_LONG") != "" {
		third = withoutKafka(t, address, func() int64 {
			send("sale", "rush3.csv", "sku,quantity,date,customer", fmt.Sprintf("A-1,11,%s,c9", today))
			sent++
			return settle("the plan after Kafka is back", sent, third, 30*time.Second)
		})
		checkPlans(t, db, client, "plant")
	}
	drumbeat(t, w, time.Minute, "verify", "--site", "plant")
	service.stop(t, 10*time.Second)
	t.Logf("%d revisions", third)
}

// checkServeMetrics wants the metrics to say what was sent and planned.
func checkServeMetrics(t *testing.T, address string, sent, revision int64) {
	t.Helper()
	samples := metrics(t, address)
	for name, want := range map[string]float64{
		`drumbeat_records_read_total{origin="erp.sales",site="plant"}`: float64(sent),
		`drumbeat_plan_revision{site="plant"}`:                         float64(revision),
		"drumbeat_fenced_saves_total":                                  0,
		"drumbeat_save_failures_total":                                 0,
	} {
		if got, ok := samples[name]; !ok || got != want {
			t.Errorf("/metrics: %s is %v (%v), want %v", name, got, ok, want)
		}
	}
	for _, name := range []string{"go_goroutines", "process_open_fds", "drumbeat_recovery_seconds_count"} {
		if samples[name] <= 0 {
			t.Errorf("/metrics: %s is %v", name, samples[name])
		}
	}
}

// withoutKafka takes the broker away until the service says that it is not ready, and brings it back.
func withoutKafka(t *testing.T, address string, then func() int64) int64 {
	t.Helper()
	if err := ownBroker.stop(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "not ready without Kafka", time.Minute, func() (bool, string) {
		status, body := get(t, address, "/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "kafka"), fmt.Sprint(status, " ", body)
	})
	if err := ownBroker.start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "ready again", time.Minute, func() (bool, string) {
		status, body := get(t, address, "/readyz")
		return status == http.StatusOK, fmt.Sprint(status, " ", body)
	})
	return then()
}

// A file that is sent again adds nothing: every event of it is a duplicate.
func TestProduceIdempotent(t *testing.T) {
	takeTurn(t, brokerLane)
	db := newDatabase(t)
	w := world{home: t.TempDir(), broker: freshBroker(t), database: db.dsn}
	const rows = 2000
	var file strings.Builder
	file.WriteString("SKU,Units,Day,Buyer\n")
	for i := range rows {
		day := schemas.DateOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).AddDays(i / 20)
		fmt.Fprintf(&file, "P-%d,%d,%s,c%d\n", i%10, 5+i%4, day, i%3) // the same sale twice a day is two sales
	}
	path := filepath.Join(w.home, "sales.csv")
	if err := os.WriteFile(path, []byte(file.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	service := start(t, w, "serve", "serve", "--address", address, "--session", "6s", "--clock", "event", "--plan-every", "end", "--log-format", "json")
	awaitReady(t, service, address, time.Minute)
	produce := func() {
		t.Helper()
		out := drumbeat(t, w, time.Minute, "produce", "--from", path, "--map", "sku=SKU,quantity=Units,date=Day,customer=Buyer", "--json")
		if !strings.Contains(out, fmt.Sprintf(`"events":%d`, rows)) {
			t.Errorf("produce: %s", out)
		}
	}
	folded := func(n int64) {
		t.Helper()
		eventually(t, fmt.Sprint(n, " records folded"), time.Minute, func() (bool, string) {
			read := db.read(t, schemas.DefaultInputTopic)
			return read >= n, fmt.Sprint(read)
		})
	}
	produce()
	folded(rows)
	sums := db.number(t, "SELECT sum(qty)::bigint FROM drumbeat.sales_transactions")
	produce()
	folded(2 * rows)
	for query, want := range map[string]int64{
		"SELECT sum(read)::bigint FROM drumbeat.audit":                 2 * rows,
		"SELECT sum(duplicate)::bigint FROM drumbeat.audit":            rows,
		"SELECT sum(rejected)::bigint FROM drumbeat.audit":             0,
		"SELECT sum(kept + flagged)::bigint FROM drumbeat.audit":       rows,
		"SELECT sum(qty)::bigint FROM drumbeat.sales_transactions":     sums,
		"SELECT count(DISTINCT sku) FROM drumbeat.sales_transactions":  10,
		"SELECT count(DISTINCT date) FROM drumbeat.sales_transactions": rows / 20,
	} {
		if got := db.number(t, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	service.stop(t, 10*time.Second)
}

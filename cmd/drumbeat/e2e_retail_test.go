package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	kafkago "github.com/segmentio/kafka-go"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
)

// Half a year of a web shop's real sales at four sites, through Apache Kafka and PostgreSQL, by an intake
// process and two planner processes that are killed with -9 in the middle of it: what Postgres and the plans
// topic hold at the end is what the file says, to the unit.
func TestOnlineRetailThroughKafka(t *testing.T) {
	takeTurn(t, brokerLane)
	rows := retailRows(t, -1)
	w := newRetailWorld(t)
	half := len(rows) / 2
	first, second := w.write(t, "first.jsonl", rows[:half]), w.write(t, "second.jsonl", rows[half:])

	w.intake.start(t, w)
	w.planners[0].start(t, w)
	eventually(t, "planner A owns all sites", time.Minute, func() (bool, string) {
		sites := w.planners[0].sites(t)
		return len(sites) == len(w.sites), fmt.Sprint(sites)
	})
	// Slow enough to be still sending when intake is back, after the session of the one that was killed.
	feed := start(t, w.world, "produce", "produce", "--from", first, "--rate", "8000")
	w.during(t, "intake", half/5, half, func() int64 { return records(t, w.admin, schemas.EventsTopic) })
	w.intake.kill(t, w)
	w.intake.start(t, w)
	w.planners[1].start(t, w)
	eventually(t, "planner B has taken over sites", time.Minute, func() (bool, string) {
		sites := w.planners[1].sites(t)
		return len(sites) > 0, fmt.Sprint(sites)
	})
	w.during(t, "planner B", half/2, half, func() int64 { return w.db.read(t, schemas.DefaultInputTopic) })
	w.planners[1].kill(t, w)
	announced := w.listen(t)
	w.planners[1].start(t, w)
	feed.wait(t, time.Minute)

	// A plan is saved before it is published: planner B dies between the two.
	w.killOnPlan(t, announced, w.planners[1])
	w.planners[1].start(t, w)
	w.settle(t, int64(half))

	start(t, w.world, "produce", "produce", "--from", second).wait(t, time.Minute)
	w.settle(t, int64(len(rows)))

	w.checkSales(t, rows)
	w.checkAudit(t, int64(len(rows)))
	for _, site := range w.sites {
		head, p := checkPlans(t, w.db, w.client, site)
		t.Logf("%s: %d revisions, %d lines, %d plan records", site, head.Revision, head.Lines, p.records)
		if head.Revision < 2 {
			t.Errorf("%s: %d revision, want one for each half of the input at least", site, head.Revision)
		}
		w.checkProducts(t, rows, site, p)
	}
	for _, p := range w.planners {
		if n := strings.Count(p.log(), `"msg":"plan"`); n == 0 {
			t.Errorf("%s made no plan", p.name)
		}
		p.process.stop(t, 15*time.Second)
	}
	w.intake.process.stop(t, 15*time.Second)
}

// retailWorld is what the test runs.
type retailWorld struct {
	world
	db       *database
	client   *kafka.Client
	admin    *kafkago.Client
	sites    []string
	intake   *role
	planners []*role
}

func newRetailWorld(t *testing.T) *retailWorld {
	t.Helper()
	w := &retailWorld{db: newDatabase(t)}
	w.world = world{home: t.TempDir(), broker: freshBroker(t), database: w.db.dsn}
	w.client, w.admin = newClient(t, w.broker), newAdmin(t, w.broker)
	// Two planners share the sixteen partitions in two runs of eight: each gets two of the sites.
	w.sites = []string{"berlin", "cork", "bristol", "leeds"}
	var partitions []int
	for _, site := range w.sites {
		partitions = append(partitions, schemas.PartitionOf([]byte(site), schemas.EventsPartitions))
	}
	if want := []int{2, 7, 10, 14}; !slices.Equal(partitions, want) {
		t.Fatalf("the sites are on partitions %v, want %v", partitions, want)
	}
	w.intake = &role{name: "intake", does: "intake"}
	w.planners = []*role{{name: "planner A", does: "planner"}, {name: "planner B", does: "planner"}}
	return w
}

// role is a part of the service that is killed and started again.
type role struct {
	name, does, address string
	process             *child
	logs                []*child // those before as well
}

func (r *role) start(t *testing.T, w *retailWorld) {
	t.Helper()
	r.address = freeAddress(t)
	r.process = start(t, w.world, r.name, "serve", "--roles", r.does, "--address", r.address, "--session", "6s",
		"--clock", "event", "--plan-every", "end", "--log-format", "json")
	r.logs = append(r.logs, r.process)
	awaitReady(t, r.process, r.address, time.Minute)
}

func (r *role) kill(t *testing.T, w *retailWorld) {
	t.Helper()
	if r.process.ended() {
		t.Fatalf("%s has ended by itself", r.name)
	}
	r.process.kill()
	t.Logf("%s killed; forwarded %d, folded %d", r.name, records(t, w.admin, schemas.EventsTopic), w.db.read(t, schemas.DefaultInputTopic))
}

func (r *role) log() string {
	var all strings.Builder
	for _, c := range r.logs {
		all.WriteString(c.err.String())
	}
	return all.String()
}

// sites are the sites on whose partitions the running process has an epoch.
func (r *role) sites(t *testing.T) []string {
	t.Helper()
	var sites []string
	samples := metrics(t, r.address)
	for _, site := range []string{"berlin", "cork", "bristol", "leeds"} {
		at := schemas.PartitionOf([]byte(site), schemas.EventsPartitions)
		if _, ok := samples[fmt.Sprintf(`drumbeat_epoch{partition="%d"}`, at)]; ok {
			sites = append(sites, site)
		}
	}
	return sites
}

// write writes rows as an ERP would send them: JSON lines of events.
func (w *retailWorld) write(t *testing.T, name string, rows []retailRow) string {
	t.Helper()
	path := filepath.Join(w.home, name)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	buffer := bufio.NewWriter(file)
	lines := json.NewEncoder(buffer)
	for i := range rows {
		r := &rows[i]
		data := map[string]any{
			"sku": r.sku, "quantity": json.Number(r.quantity), "date": r.at, "document": r.invoice, "unit_price": json.Number(r.price),
		}
		if r.customer != "" {
			data["customer"] = r.customer
		}
		err := lines.Encode(map[string]any{
			"specversion": "1.0", "id": strconv.Itoa(r.line), "source": "online-retail", "type": "drumbeat.sale.v1",
			"site": r.site(w.sites), "data": data,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := buffer.Flush(); err != nil {
		t.Fatal(err)
	}
	return path
}

// during waits until a count of rows lies between two figures: something is then in the middle of its work.
func (w *retailWorld) during(t *testing.T, who string, from, to int, count func() int64) {
	t.Helper()
	var n int64
	eventually(t, who+" in the middle of its work", time.Minute, func() (bool, string) {
		n = count()
		return n >= int64(from), fmt.Sprint(n, " rows")
	})
	if n >= int64(to) {
		t.Errorf("%s was done with %d rows before it could be killed", who, n)
	}
}

// listen announces the sites whose plans Postgres has just saved.
func (w *retailWorld) listen(t *testing.T) <-chan string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.db.dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "LISTEN drumbeat_plan"); err != nil {
		t.Fatal(err)
	}
	announced := make(chan string, 1000)
	go func() {
		defer close(announced)
		for {
			n, err := conn.WaitForNotification(t.Context())
			if err != nil {
				return // the test has ended
			}
			site, _, _ := strings.Cut(n.Payload, ":")
			announced <- site
		}
	}()
	t.Cleanup(func() {
		for range announced { // until the listener is gone
		}
	})
	return announced
}

// killOnPlan kills the planner in the moment in which a plan of it is saved.
func (w *retailWorld) killOnPlan(t *testing.T, announced <-chan string, r *role) {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		select {
		case site := <-announced:
			if !slices.Contains(r.sites(t), site) {
				continue
			}
			r.kill(t, w)
			at := schemas.PartitionOf([]byte(site), schemas.EventsPartitions)
			t.Logf("plan of %s saved, entries not published yet: %d", site, w.db.number(t, "SELECT count(*) FROM drumbeat.outbox WHERE partition = $1", at))
			return
		case <-timeout:
			t.Fatalf("no plan by %s within a minute", r.name)
		}
	}
}

// settle waits until all rows sent so far are in the newest published plans.
func (w *retailWorld) settle(t *testing.T, rows int64) {
	t.Helper()
	eventually(t, "all rows in published plans", 2*time.Minute, func() (bool, string) {
		for _, r := range append([]*role{w.intake}, w.planners...) {
			if r.process.ended() {
				t.Fatalf("%s has ended by itself", r.name)
			}
		}
		if read := w.db.read(t, schemas.DefaultInputTopic); read < rows {
			return false, fmt.Sprintf("%d of %d rows folded", read, rows)
		}
		return w.db.settled(t, w.sites)
	})
}

// checkSales compares the daily sales in Postgres with those of the file.
func (w *retailWorld) checkSales(t *testing.T, rows []retailRow) {
	t.Helper()
	want := dailySums(t, rows, w.sites, stream.DefaultSettings().DemandItems)
	wrong, total := 0, int64(0)
	complain := func(day dailySale, got string, want int64) {
		if wrong++; wrong <= 10 {
			t.Errorf("%v: %s in Postgres, %d in the file", day, got, want)
		}
	}
	found, err := w.db.conn.Query(t.Context(), "SELECT site, sku, date::text, qty::text FROM drumbeat.sales_transactions")
	if err != nil {
		t.Fatal(err)
	}
	var day dailySale
	var qty string
	if _, err := pgx.ForEachRow(found, []any{&day.site, &day.sku, &day.date, &qty}, func() error {
		units := want[day]
		total += units
		if n, err := strconv.ParseFloat(qty, 64); err != nil || n != float64(units) {
			complain(day, qty, units)
		}
		delete(want, day)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for day, units := range want {
		if units != 0 {
			complain(day, "no row", units)
		}
	}
	if wrong > 0 {
		t.Errorf("%d SKUs and days are wrong", wrong)
	}
	t.Logf("%d units sold", total)
}

// checkAudit wants every row to be counted once, in Postgres and in the metrics of the planners alike.
func (w *retailWorld) checkAudit(t *testing.T, rows int64) {
	t.Helper()
	shown := map[string]float64{}
	for _, p := range w.planners {
		for name, v := range metrics(t, p.address) {
			if strings.HasPrefix(name, "drumbeat_records_total{") {
				shown[name] += v
			}
		}
	}
	audit, err := w.db.open(t).Audit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var sum, read int64
	for _, r := range audit {
		sum += r.Kept + r.Flagged + r.Rejected + r.Duplicate
		read += r.Read
		for outcome, n := range map[string]int64{"kept": r.Kept, "flagged": r.Flagged, "rejected": r.Rejected, "duplicate": r.Duplicate} {
			name := fmt.Sprintf(`drumbeat_records_total{origin="%s",outcome="%s",site="%s"}`, r.OriginTopic, outcome, r.Site)
			if got := shown[name]; got != float64(n) {
				t.Errorf("the metrics of the planners add up to %v of %s, Postgres holds %d", got, name, n)
			}
		}
	}
	if sum != rows || read != rows {
		t.Errorf("kept + flagged + rejected + duplicate = %d, read = %d, sent were %d", sum, read, rows)
	}
}

// checkProducts wants every product of which a sale stands at the site in its plan, and nothing else.
func (w *retailWorld) checkProducts(t *testing.T, rows []retailRow, site string, p *published) {
	t.Helper()
	sold := map[string]bool{}
	for day, units := range dailySums(t, rows, w.sites, stream.DefaultSettings().DemandItems) {
		if day.site == site && units > 0 {
			sold[day.sku] = true
		}
	}
	lines := p.reader.Site(site).Lines()
	for sku := range sold {
		if _, ok := lines[sku]; !ok {
			t.Errorf("%s: %s sold, but is not in the plan", site, sku)
		}
	}
	for sku := range lines {
		if !sold[sku] {
			t.Errorf("%s: %s never sold, but is in the plan", site, sku)
		}
	}
}

package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/embedded"
	"drumbeat/optimize/clp"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/postgres"
)

// testStore is the database of all tests, and whyNone says why there is none. Every site has a partition of
// its own, so tests do not meet.
var (
	testStore *postgres.Store
	whyNone   error
)

func TestMain(m *testing.M) { os.Exit(withStore(m.Run)) }

func withStore(run func() int) (status int) {
	flag.Parse()
	if flag.Lookup("test.fuzz").Value.String() != "" { // which needs no database, and has processes of its own
		whyNone = errors.New("no database while fuzzing")
		return run()
	}
	dir, err := os.MkdirTemp("", "drumbeat-api-")
	if err == nil {
		err = os.Chmod(dir, 0o755) // the server may run as another user
	}
	var server *embedded.Postgres
	if err == nil {
		server, err = embedded.StartPostgres(context.Background(), dir+"/postgres", nil)
	}
	if errors.Is(err, embedded.ErrNoPostgres) {
		whyNone = err
		return run()
	}
	if err == nil {
		if _, err = postgres.Migrate(context.Background(), server.DSN()); err == nil {
			testStore, err = postgres.Open(context.Background(), server.DSN())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	status = run()
	testStore.Close()
	if err := errors.Join(server.Stop(), os.RemoveAll(server.Dir()), os.RemoveAll(dir)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

var partitions atomic.Int32

// testSite is a site whose events are folded and planned as the service does it, in event time.
type testSite struct {
	t         *testing.T
	name      string
	partition int32
	epoch     int64
	replay    *stream.Replay
	offset    int64
	now       time.Time // of sites with a wall clock
}

func newSite(t *testing.T, name string) *testSite {
	t.Helper()
	if testStore == nil {
		t.Skip(whyNone)
	}
	s := &testSite{t: t, name: name, partition: partitions.Add(1), now: time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)}
	snapshot, err := testStore.Load(t.Context(), s.partition)
	if err != nil {
		t.Fatal(err)
	}
	s.epoch = snapshot.Epoch
	settings := stream.DefaultSettings()
	settings.Clock = schemas.ClockEvent
	p, err := stream.New(stream.Config{Partition: s.partition, DefaultSite: name, Settings: settings, PlanEvery: "end"}, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	solvers := stream.NewSolvers(clp.New, 0, 0)
	t.Cleanup(func() {
		if err := solvers.Close(); err != nil {
			t.Error(err)
		}
	})
	s.replay = &stream.Replay{Processor: p, Solve: solvers.Solve, Save: func(b *stream.Batch) error {
		return testStore.Save(context.Background(), s.partition, s.epoch, b)
	}}
	return s
}

// raw folds a record.
func (s *testSite) raw(value string) {
	s.t.Helper()
	if err := s.replay.Record(s.t.Context(), stream.Record{Offset: s.offset, Key: []byte(s.name), Value: []byte(value)}); err != nil {
		s.t.Fatal(err)
	}
	s.offset++
}

// event folds an event that is not a sale.
func (s *testSite) event(data any) {
	s.t.Helper()
	value, err := schemas.Encode(&schemas.Event{
		ID: strconv.FormatInt(s.offset, 10), Source: "test", Type: schemas.TypeOf(data), Time: time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC),
		HasTime: true, Site: s.name, Data: data,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.raw(string(value))
}

func (s *testSite) sale(sku, quantity, date string) {
	s.t.Helper()
	value, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": fmt.Sprint(s.offset), "source": "test", "type": "drumbeat.sale.v1", "site": s.name,
		"data": map[string]any{"sku": sku, "quantity": json.Number(quantity), "date": date, "customer": "c" + fmt.Sprint(s.offset%7)},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.raw(string(value))
}

// plan plans what is there: at the end of the input by an event clock, after a silence by a wall clock.
func (s *testSite) plan() {
	s.t.Helper()
	for range 2 {
		s.now = s.now.Add(time.Minute)
		s.replay.Processor.Tick(s.now)
	}
	if err := s.replay.End(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

// golden is the site of ../shared/golden/three_sku, made of events alone: thirteen months from December 2025,
// no sale, demand as overrides.
func golden(t *testing.T, name string) *testSite {
	t.Helper()
	s := newSite(t, name)
	s.event(&schemas.Policy{
		Period: ptr(schemas.PeriodMonth), Horizon: ptr(13), Frozen: ptr(0), ChangePrice: ptr(0.0), Prorate: ptr(false), Clock: ptr(schemas.ClockWall),
		Mode: ptr(schemas.ModeStrict), Confirmation: ptr(schemas.ConfirmEvents),
	})
	s.event(&schemas.Resource{Resource: "factory", Capacity: 15000, Per: schemas.PerMonth})
	dir := "../../../../../../shared/golden/three_sku/"
	for _, row := range readCSV(t, dir+"items.csv") {
		s.event(&schemas.Item{
			SKU: row["sku"], ProductionCost: float(t, row["production_cost"]), HoldingCost: float(t, row["holding_cost"]), Per: schemas.PerMonth,
			InitialInventory: quantity(t, row["initial_inventory"]), SafetyStock: quantity(t, row["safety_stock"]), Resource: "factory", Usage: 1,
		})
	}
	for _, row := range readCSV(t, dir+"demand.csv") {
		from, err := schemas.ParseDate(row["period"] + "-01")
		if err != nil {
			t.Fatal(err)
		}
		s.event(&schemas.DemandOverride{
			SKU: row["sku"], From: from, To: from.AddMonths(1).AddDays(-1), Mode: schemas.OverrideReplace, Quantity: quantity(t, row["quantity"]), By: "test",
		})
	}
	s.plan()
	return s
}

func readCSV(t *testing.T, path string) (rows []map[string]string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	list, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, values := range list[1:] {
		row := map[string]string{}
		for i, name := range list[0] {
			row[name] = values[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func float(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func quantity(t *testing.T, text string) *schemas.Quantity {
	t.Helper()
	q, err := schemas.ParseQuantity(text)
	if err != nil {
		t.Fatal(err)
	}
	return &q
}

// strange are SKUs that a page or a path could trip over.
var strange = []string{"A-1", "<SCRIPT>ALERT(1)</SCRIPT>", "A/B", "A//B", "..", "ÄRGER 100 %", "=1+1", "50%2F?X#Y&Z"}

// selling is a site with sales of strange SKUs, a flagged day, an open order and rejected records.
func selling(t *testing.T, name string) *testSite {
	t.Helper()
	s := newSite(t, name)
	s.event(&schemas.Policy{Horizon: ptr(8), Clock: ptr(schemas.ClockEvent)})
	s.event(&schemas.Resource{Resource: "factory", Capacity: 500, Per: schemas.PerWeek})
	for i, sku := range strange {
		s.event(&schemas.Item{SKU: sku, ProductionCost: 10 + float64(i), HoldingCost: 1, InitialInventory: quantity(t, "40"), SafetyStock: quantity(t, "10"), Resource: "factory", Usage: 1})
	}
	first, err := schemas.ParseDate("2025-09-01")
	if err != nil {
		t.Fatal(err)
	}
	for d := range 90 {
		day := first.AddDays(d).String()
		for i, sku := range strange {
			s.sale(sku, fmt.Sprint(5+(d*7+i*3)%9), day)
		}
		if d == 60 {
			s.sale("A-1", "4000", day)
			s.sale("A-1", "5", "31/31/2025")
			s.raw("no JSON at all \xff")
		}
	}
	due := first.AddDays(100)
	s.event(&schemas.Receipt{Order: "O-1", SKU: "A/B", Quantity: *quantity(t, "900"), Date: due, Status: schemas.ReceiptExpected})
	s.plan()
	return s
}

var quietLog = slog.New(slog.DiscardHandler)

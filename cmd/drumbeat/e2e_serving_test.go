package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/embedded"
	"drumbeat/schemas"
	"drumbeat/stream/kafka"
)

// serving is a service on an embedded broker, with a site named plant.
type serving struct {
	t       *testing.T
	w       world
	db      *database
	client  *kafka.Client
	address string
	service *child
	files   int
}

// newServing starts a service and sends it what a plan of the site needs.
func newServing(t *testing.T, args ...string) *serving {
	t.Helper()
	db := newDatabase(t)
	broker, err := embedded.StartBroker(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &serving{t: t, db: db, w: world{home: t.TempDir(), broker: broker.Addr(), database: db.dsn}, address: freeAddress(t)}
	s.client = newClient(t, s.w.broker)
	drumbeat(t, s.w, time.Minute, "migrate")
	drumbeat(t, s.w, time.Minute, "topics", "create")
	s.service = start(t, s.w, "serve", append([]string{"serve", "--address", s.address, "--session", "6s", "--log-format", "json"}, args...)...)
	awaitReady(t, s.service, s.address, time.Minute)
	s.send("policy", "quiet,ceiling,horizon", "200ms,500ms,8")
	s.send("item", "sku,production_cost,holding_cost,initial_inventory,safety_stock", "A-1,10,2,100,20")
	s.send("resource", "resource,capacity,per", "factory,500,week")
	return s
}

func (s *serving) send(kind string, lines ...string) {
	s.t.Helper()
	s.produce(".csv", lines, "--type", kind, "--site", "plant")
}

// produce writes a file and sends it.
func (s *serving) produce(ext string, lines []string, args ...string) {
	s.t.Helper()
	s.files++
	path := filepath.Join(s.w.home, fmt.Sprint(s.files, ext))
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		s.t.Fatal(err)
	}
	drumbeat(s.t, s.w, time.Minute, append([]string{"produce", "--from", path}, args...)...)
}

// sell sends a sale of today.
func (s *serving) sell(n int) {
	s.t.Helper()
	s.send("sale", "sku,quantity,date,customer", fmt.Sprintf("A-1,%d,%s,c%d", n, schemas.DateOf(time.Now().UTC()), n))
}

// plans is the number of plans of a status, and await waits for as many.
func (s *serving) plans(status string) int64 {
	return s.db.number(s.t, "SELECT count(*) FROM drumbeat.plans WHERE site = 'plant' AND status = $1", status)
}

func (s *serving) await(what, status string, n int64) {
	s.t.Helper()
	eventually(s.t, what, time.Minute, func() (bool, string) {
		got := s.plans(status)
		return got >= n, fmt.Sprintf("%d plans are %s", got, status)
	})
}

// reason is that of the degraded head.
func (s *serving) reason() (text string) {
	s.t.Helper()
	if err := s.db.conn.QueryRow(s.t.Context(), "SELECT head->>'reason' FROM drumbeat.plans WHERE status = 'degraded'").Scan(&text); err != nil {
		s.t.Error(err)
	}
	return text
}

// settle waits until all is published, and holds the plans topic against the database.
func (s *serving) settle() {
	s.t.Helper()
	eventually(s.t, "published", time.Minute, func() (bool, string) { return s.db.settled(s.t, []string{"plant"}) })
	checkPlans(s.t, s.db, s.client, "plant")
}

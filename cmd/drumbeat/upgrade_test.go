package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/embedded"
	"drumbeat/optimize/clp"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
	"drumbeat/stream/postgres"
)

// updateUpgrade writes the database of a version whose log and state stand below stream/testdata/upgrade; a folder
// that is there already stays as it is.
var updateUpgrade = flag.String("update-upgrade", "", "version whose database is to be written")

// The sites of the log, both of one partition.
var upgradeSites = []string{"plant", "works-51"}

const upgradePartition = 4

// upgradeLog is the log of a version, and how many of its records the release had folded.
func upgradeLog(t *testing.T, version string) (log []stream.Message, saved int) {
	t.Helper()
	dir := filepath.Join(repository, "stream", "testdata", "upgrade", version)
	var old struct{ Snapshot struct{ Next int } }
	if err := json.Unmarshal(gunzip(t, filepath.Join(dir, "saved.json.gz")), &old); err != nil {
		t.Fatal(err)
	}
	lines := json.NewDecoder(bytes.NewReader(gunzip(t, filepath.Join(dir, "log.jsonl.gz"))))
	for n := 0; lines.More(); n++ {
		var l struct{ Site, Value string }
		if err := lines.Decode(&l); err != nil {
			t.Fatal(err)
		}
		log = append(log, stream.Message{Topic: schemas.EventsTopic, Key: []byte(l.Site), Value: []byte(l.Value), Headers: []schemas.Header{
			{Key: schemas.HeaderOriginTopic, Value: []byte(schemas.DefaultInputTopic)}, {Key: schemas.HeaderOriginPartition, Value: []byte("0")},
			{Key: schemas.HeaderOriginOffset, Value: strconv.AppendInt(nil, int64(n), 10)},
		}})
	}
	return log, old.Snapshot.Next
}

func gunzip(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// foldUpgrade folds a part of the log into a fresh database, as the service would; the input ends with it if end
// says so.
func foldUpgrade(t *testing.T, store *postgres.Store, log []stream.Message, end bool) {
	t.Helper()
	snapshot, err := store.Load(t.Context(), upgradePartition)
	if err != nil {
		t.Fatal(err)
	}
	settings := stream.DefaultSettings()
	settings.Clock = schemas.ClockEvent
	p, err := stream.New(stream.Config{Partition: upgradePartition, Settings: settings, PlanEvery: "week", BreakerShare: .5}, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	replay := stream.Replay{Processor: p, Solve: solveUpgrade, Every: 100, Save: func(b *stream.Batch) error {
		return store.Save(t.Context(), upgradePartition, snapshot.Epoch, b)
	}}
	for i, m := range log {
		if err := replay.Record(t.Context(), stream.Record{Offset: int64(i), Key: m.Key, Value: m.Value, Headers: m.Headers}); err != nil {
			t.Fatal(err)
		}
	}
	if end {
		if err := replay.End(t.Context()); err != nil {
			t.Fatal(err)
		}
	} else if b := p.Ready(); b != nil {
		if err := replay.Save(b); err != nil {
			t.Fatal(err)
		}
	}
}

// solveUpgrade solves a job cold, but for one that fails: a degraded plan.
func solveUpgrade(ctx context.Context, job *stream.Job) stream.Outcome {
	if job.Site == upgradeSites[1] && job.Problem.Periods[0] == "2026-W11" {
		return stream.Outcome{Err: errors.New("the solver took longer than 1m0s")}
	}
	solvers := stream.NewSolvers(clp.New, 1, 0)
	cold := *job
	cold.Start = nil
	out := solvers.Solve(ctx, &cold)
	out.Err = errors.Join(out.Err, solvers.Close())
	return out
}

// migratedDatabase is a fresh database with our schema.
func migratedDatabase(t *testing.T) *database {
	t.Helper()
	d := newDatabase(t)
	if _, err := postgres.Migrate(t.Context(), d.dsn); err != nil {
		t.Fatal(err)
	}
	return d
}

// writeUpgrade makes the database of a version: everything is saved, and nothing published yet.
func writeUpgrade(t *testing.T, dir, version string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, version), 0o755); err != nil {
		t.Fatal(err) // a version that was released is never written again
	}
	log, saved := upgradeLog(t, version)
	d := migratedDatabase(t)
	foldUpgrade(t, d.open(t), log[:saved], false)
	dump, err := exec.CommandContext(t.Context(), "pg_dump", "--inserts", "--rows-per-insert=100", "--no-owner", "--no-privileges", "--schema=drumbeat", d.dsn).Output()
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(dump)) {
		if strings.HasPrefix(line, `\`) || strings.HasPrefix(line, "--") { // for psql, and for people
			continue
		}
		if _, err := io.WriteString(w, line); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, version, "database.sql.gz"), packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// upgradeFacts are what a database must hold after the upgrade, row for row.
var upgradeFacts = []string{
	"SELECT site, date, sku, qty, is_outlier, held_qty, reason, score FROM drumbeat.sales_transactions ORDER BY 1, 3, 2",
	"SELECT site, read, kept, flagged, rejected, duplicate, repaired, reasons FROM drumbeat.audit ORDER BY 1",
	"SELECT site, origin_offset, reason, detail FROM drumbeat.dead_letters ORDER BY 2",
}

// upgradePlans are what it must hold too after a release that plans as the old one did. Lines are compared by
// their quantities: prices at degenerate points depend on the warm start, and members may have been added since.
var upgradePlans = []string{
	"SELECT DISTINCT ON (site) site, revision, status, total_cost FROM drumbeat.plans ORDER BY site, revision DESC",
	`SELECT site, sku, (SELECT string_agg(concat_ws(' ', p->>'period', p->>'demand', p->>'opening', p->>'production', p->>'inventory', p->>'shortage'), '; ')
	 FROM json_array_elements(value->'periods') p) FROM drumbeat.lines ORDER BY 1, 2`,
	"SELECT site, sku, execution_date, first_date, mean, lower, upper FROM drumbeat.forecasts ORDER BY 1, 2",
	"SELECT site, sku, horizon, windows, abs_error FROM drumbeat.forecast_accuracy ORDER BY 1, 2, 3",
}

func (d *database) rows(t *testing.T, query string) string {
	t.Helper()
	rows, err := d.conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&text, values...)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// The service of today starts on what a release has left behind: it migrates the database, publishes what was still
// to be published, reads the rest of the log, and then holds the facts that it would hold had it read all of the log
// itself; the plans as well, if it plans the log as the old one did.
// Revisions go on without a gap, and every stored Problem of before is solved again to the same plan.
func TestUpgrade(t *testing.T) {
	dir := filepath.Join("testdata", "upgrade")
	if *updateUpgrade != "" {
		writeUpgrade(t, dir, *updateUpgrade)
	}
	versions, err := os.ReadDir(dir)
	if err != nil || len(versions) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, version := range versions {
		t.Run(version.Name(), func(t *testing.T) {
			log, saved := upgradeLog(t, version.Name())
			fresh := migratedDatabase(t)
			foldUpgrade(t, fresh.open(t), log, true)
			old := newDatabase(t)
			if _, err := old.conn.Exec(t.Context(), string(gunzip(t, filepath.Join(dir, version.Name(), "database.sql.gz")))); err != nil {
				t.Fatal(err)
			}
			if next := old.number(t, "SELECT next_offset FROM drumbeat.partitions WHERE partition = 4"); next != int64(saved) {
				t.Fatalf("the database was saved at offset %d, its log at %d", next, saved)
			}
			const costs = "SELECT site, revision, total_cost FROM drumbeat.plans ORDER BY 1, 2"
			tables := upgradeFacts
			if subset(old.rows(t, costs), fresh.rows(t, costs)) {
				tables = slices.Concat(upgradeFacts, upgradePlans)
			} else {
				t.Log("this release plans otherwise: plans are not compared")
			}
			plans := fresh.number(t, "SELECT count(*) FROM drumbeat.plans")
			if before := old.number(t, "SELECT count(*) FROM drumbeat.plans"); before == 0 || plans < before+2 {
				t.Fatalf("%d plans before the upgrade, %d in the end", before, plans)
			}

			client := upgradeTopics(t, log)
			w := world{home: publicDir(t), broker: client.addr, database: old.dsn}
			address := freeAddress(t)
			service := start(t, w, "serve", "serve", "--address", address, "--clock", "event", "--plan-every", "week", "--session", "6s", "--log-format", "json")
			eventually(t, "upgraded", time.Minute, func() (bool, string) {
				if service.ended() {
					t.Fatal("serve has ended")
				}
				next, made := old.number(t, "SELECT next_offset FROM drumbeat.partitions WHERE partition = 4"), old.number(t, "SELECT count(*) FROM drumbeat.plans")
				unsent := old.number(t, "SELECT count(*) FROM drumbeat.outbox")
				return next == int64(len(log)) && made >= plans && unsent == 0, fmt.Sprint(next, " of ", len(log), " records, ", made, " of ", plans, " plans, ", unsent, " unsent")
			})
			service.stop(t, 20*time.Second)

			for _, query := range tables {
				if got, want := old.rows(t, query), fresh.rows(t, query); got != want {
					t.Errorf("%s\n%s\nwant\n%s", query, got, want)
				}
			}
			for _, site := range upgradeSites {
				checkPlans(t, old, client.Client, site)
				drumbeat(t, w, time.Minute, "verify", "--site", site)
			}
		})
	}
}

// subset says whether all lines of a are lines of b.
func subset(a, b string) bool {
	lines := slices.Collect(strings.Lines(b))
	for line := range strings.Lines(a) {
		if !slices.Contains(lines, line) {
			return false
		}
	}
	return true
}

// upgradeBroker is a broker with the log of a version.
type upgradeBroker struct {
	*kafka.Client
	addr string
}

func upgradeTopics(t *testing.T, log []stream.Message) upgradeBroker {
	t.Helper()
	broker, err := embedded.StartBroker(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	})
	client := newClient(t, broker.Addr())
	if _, err := client.CreateTopics(t.Context(), kafka.TopicOptions{Inputs: []string{schemas.DefaultInputTopic}, Partitions: schemas.EventsPartitions}); err != nil {
		t.Fatal(err)
	}
	if err := kafka.NewPublisher(client).Publish(t.Context(), log); err != nil {
		t.Fatal(err)
	}
	return upgradeBroker{client, broker.Addr()}
}

package postgres_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"drumbeat/stream"
	"drumbeat/stream/postgres"

	"github.com/jackc/pgx/v5"
)

// TestLoadEndsStuckOwner has a transaction of an earlier owner hold the partition's row, as a process does
// that was stopped in the middle of a save.
func TestLoadEndsStuckOwner(t *testing.T) {
	for name, lock := range map[string]string{
		"update": "UPDATE drumbeat.partitions SET state = 'half' WHERE partition = 4",
		"select": "SELECT FROM drumbeat.partitions WHERE partition = 4 FOR UPDATE",
	} {
		t.Run(name, func(t *testing.T) {
			s, dsn := newStore(t)
			ctx := t.Context()
			first, err := s.Load(ctx, 4)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Save(ctx, 4, first.Epoch, &stream.Batch{Next: 1, State: []byte("whole")}); err != nil {
				t.Fatal(err)
			}
			stuck := connect(t, dsn)
			tx, err := stuck.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(ctx, lock); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			second, err := s.Load(ctx, 4)
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < 900*time.Millisecond || took > 5*time.Second {
				t.Errorf("load took %v, want a second and little more", took)
			}
			if second.Epoch != first.Epoch+1 || string(second.State) != "whole" || second.Next != 1 {
				t.Errorf("loaded %+v", second)
			}
			if err := tx.Commit(ctx); err == nil {
				t.Error("the stuck transaction could still commit")
			}
			if err := s.Save(ctx, 4, first.Epoch, &stream.Batch{Next: 2}); !errors.Is(err, stream.ErrFenced) {
				t.Errorf("save of the older owner: %v, want ErrFenced", err)
			}
		})
	}
}

// TestLoadWaitsForShortSave has the earlier owner finish within the second: its save counts, its
// connection lives.
func TestLoadWaitsForShortSave(t *testing.T) {
	s, dsn := newStore(t)
	ctx := t.Context()
	if _, err := s.Load(ctx, 4); err != nil {
		t.Fatal(err)
	}
	busy := connect(t, dsn)
	tx, err := busy.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "UPDATE drumbeat.partitions SET next_offset = 7, state = 'done' WHERE partition = 4"); err != nil {
		t.Fatal(err)
	}
	watch := connect(t, dsn)
	finished := make(chan error)
	go func() {
		finished <- func() error {
			for waiting := false; !waiting; { // until Load stands in the queue
				err := watch.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity
					WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waiting)
				if err != nil {
					return err
				}
			}
			return tx.Commit(ctx)
		}()
	}()
	got, err := s.Load(ctx, 4)
	if err := errors.Join(err, <-finished); err != nil {
		t.Fatal(err)
	}
	if got.Next != 7 || string(got.State) != "done" {
		t.Errorf("loaded %+v, want what the earlier owner saved", got)
	}
	if err := busy.Ping(ctx); err != nil {
		t.Errorf("the earlier owner's connection: %v", err)
	}
}

// TestSaveSurvivesEndedConnection has the server end every connection of the store: one call may fail, the
// next ones work.
func TestSaveSurvivesEndedConnection(t *testing.T) {
	s, dsn := newStore(t)
	ctx := t.Context()
	snapshot, err := s.Load(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	batch := &stream.Batch{Next: 1, State: []byte("s"), Sites: []stream.SiteState{{Site: "a", State: []byte("1")}}}
	if err := s.Save(ctx, 0, snapshot.Epoch, batch); err != nil {
		t.Fatal(err)
	}
	admin := connect(t, dsn)
	if _, err := admin.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'drumbeat'`); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for err := s.Save(ctx, 0, snapshot.Epoch, batch); err != nil; err = s.Save(ctx, 0, snapshot.Epoch, batch) {
		var claim *stream.ClaimError
		if failed++; failed > 20 || errors.Is(err, stream.ErrFenced) || errors.As(err, &claim) {
			t.Fatalf("save number %d after the connections were ended: %v", failed, err)
		}
	}
}

func TestConcurrentMigrate(t *testing.T) {
	dsn := newDatabase(t)
	var group sync.WaitGroup
	applied := make([][]int64, 4)
	errs := make([]error, len(applied))
	for i := range applied {
		group.Go(func() { applied[i], errs[i] = postgres.Migrate(t.Context(), dsn) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(applied...)
	if want := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; !slices.Equal(all, want) {
		t.Errorf("migrations applied by all together: %v, want %v", all, want)
	}
	s := openStore(t, dsn)
	if _, err := s.Load(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if again, err := postgres.Migrate(t.Context(), dsn); err != nil || len(again) != 0 {
		t.Errorf("a further migration applied %v, %v", again, err)
	}
}

func TestOpenWithoutSchema(t *testing.T) {
	if s, err := postgres.Open(t.Context(), newDatabase(t)); err == nil {
		s.Close()
		t.Error("an empty database was accepted")
	}
}

func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

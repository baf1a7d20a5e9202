package postgres_test

import (
	"testing"
)

// Two owners that need the same new day at the same moment both get it: the one that waited must not make
// its tables again.
func TestEnsureDaySideBySide(t *testing.T) {
	_, dsn := newStore(t)
	first, second, watch := connect(t, dsn), connect(t, dsn), connect(t, dsn)
	ctx := t.Context()
	const ensure = "SELECT drumbeat.ensure_day('2026-03-02')"
	tx, err := first.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, ensure); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := second.Exec(ctx, ensure)
		done <- err
	}()
	for waiting := false; !waiting; {
		if err := watch.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("the one that waited: %v", err)
	}
}

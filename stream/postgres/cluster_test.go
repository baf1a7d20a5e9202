package postgres_test

import (
	"errors"
	"testing"

	"drumbeat/stream/postgres"
)

func TestBindTiesTheDatabaseToOneCluster(t *testing.T) {
	dsn := newDatabase(t)
	if _, err := postgres.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	store, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for range 2 {
		if err := store.Bind(t.Context(), "first"); err != nil {
			t.Fatal(err)
		}
	}
	var other *postgres.ClusterError
	if err := store.Bind(t.Context(), "second"); !errors.As(err, &other) || other.Have != "first" || other.Want != "second" {
		t.Fatalf("bound to a second cluster: %v", err)
	}
}

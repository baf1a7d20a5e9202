package postgres

import (
	"context"
	"fmt"
)

// ClusterError says that the database belongs to another Kafka cluster.
type ClusterError struct{ Have, Want string }

func (e *ClusterError) Error() string {
	return fmt.Sprintf("stream/postgres: the stored offsets are those of Kafka cluster %s, not of %s: "+
		"connect to that cluster, or start on an empty database", e.Have, e.Want)
}

// Bind ties the database to a Kafka cluster, for ever: offsets of one mean nothing in another. The
// error is a *ClusterError when it is tied to another one.
func (s *Store) Bind(ctx context.Context, cluster string) error {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var have string
	err := s.pool.QueryRow(ctx, `
		WITH tied AS (INSERT INTO drumbeat.cluster (id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id)
		SELECT id FROM tied UNION ALL SELECT id FROM drumbeat.cluster LIMIT 1`, cluster).Scan(&have)
	if err != nil {
		return fmt.Errorf("stream/postgres: bind to cluster: %w", err)
	}
	if have != cluster {
		return &ClusterError{Have: have, Want: cluster}
	}
	return nil
}

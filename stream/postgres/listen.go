package postgres

import (
	"context"
	"fmt"
	"strings"
)

// Listen calls changed with the site of every plan that is saved from now on, and once with "" as soon as it
// listens: what came before was not announced. It blocks until ctx ends or the connection is lost, and returns
// why.
func (s *Store) Listen(ctx context.Context, changed func(site string)) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("stream/postgres: listen: %w", err)
	}
	// The connection never goes back: it would go on listening there.
	own := conn.Hijack()
	defer func() {
		// It is closed whatever the outcome; a peer that has gone cannot be told.
		_ = own.Close(context.WithoutCancel(ctx))
	}()
	if _, err := own.Exec(ctx, "LISTEN drumbeat_plan"); err != nil {
		return fmt.Errorf("stream/postgres: listen: %w", err)
	}
	changed("")
	for {
		n, err := own.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("stream/postgres: listen: %w", err)
		}
		site, _, _ := strings.Cut(n.Payload, ":")
		changed(site)
	}
}

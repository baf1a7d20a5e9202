package postgres

import (
	"context"
	"fmt"
	"time"

	"drumbeat/schemas"
)

// Expire lets go of what is older than retention before now: the days of changed lines and forecasts, and
// the Problems and starting prices of all but each site's newest keepRevisions revisions and the last one of
// every day. Heads stay, and so do the lines that a baseline, or the first plan within the retention,
// is made of. A day with revisions that are still to be published stays as well. It returns the number of
// tables dropped. Where a long query of a reader stands in the way, it gives up after two seconds.
func (s *Store) Expire(ctx context.Context, now time.Time, retention time.Duration, keepRevisions int) (dropped int, err error) {
	cutoff := schemas.DateOf(now.Add(-retention).UTC())
	if err := s.pool.QueryRow(ctx, "SELECT drumbeat.expire($1)", date(cutoff)).Scan(&dropped); err != nil {
		return 0, fmt.Errorf("stream/postgres: expire days before %s: %w", cutoff, err)
	}
	s.forgetDays()
	_, err = s.pool.Exec(ctx, `
		DELETE FROM drumbeat.problems p
		USING (SELECT site, revision,
		              row_number() OVER (PARTITION BY site ORDER BY revision DESC) AS age,
		              row_number() OVER (PARTITION BY site, execution_date ORDER BY revision DESC) AS of_day
		       FROM drumbeat.problems) k
		WHERE p.site = k.site AND p.revision = k.revision AND k.age > $1 AND k.of_day > 1`, keepRevisions)
	if err != nil {
		return dropped, fmt.Errorf("stream/postgres: expire problems: %w", err)
	}
	return dropped, nil
}

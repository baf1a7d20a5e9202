package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drumbeat/stream"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ownerPatience is how long Load waits for the transaction of an earlier owner.
const ownerPatience = time.Second

// lockNotAvailable is the SQLSTATE of a lock_timeout.
const lockNotAvailable = "55P03"

// Load implements [stream.Store]. If a still newer owner comes while it reads, it returns
// [stream.ErrFenced].
func (s *Store) Load(ctx context.Context, partition int32) (*stream.Snapshot, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	epoch, err := s.raiseEpoch(ctx, partition)
	if err != nil {
		return nil, fmt.Errorf("stream/postgres: load partition %d: %w", partition, err)
	}
	snapshot := &stream.Snapshot{Epoch: epoch, Elsewhere: map[string]int32{}}
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		return readSnapshot(ctx, tx, partition, snapshot)
	})
	if err != nil {
		return nil, fmt.Errorf("stream/postgres: load partition %d: %w", partition, err)
	}
	return snapshot, nil
}

// raiseEpoch makes every earlier owner's epoch stale. An owner whose process has stopped in the middle
// of a save may hold the row for ever (a stopped client trips none of the server's timeouts), so
// after ownerPatience its connection is ended; the server then rolls it back.
func (s *Store) raiseEpoch(ctx context.Context, partition int32) (epoch int64, err error) {
	for {
		err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", ownerPatience.Milliseconds())); err != nil {
				return err
			}
			return tx.QueryRow(ctx, `
				INSERT INTO drumbeat.partitions AS p (partition, epoch) VALUES ($1, 1)
				ON CONFLICT (partition) DO UPDATE SET epoch = p.epoch + 1 RETURNING epoch`, partition).Scan(&epoch)
		})
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) || pgErr.Code != lockNotAvailable {
			return epoch, err
		}
		if err := s.endHolder(ctx, partition); err != nil {
			return 0, err
		}
	}
}

// endHolder ends the connection whose transaction has locked the partition's row: its id stands in the
// row's xmax, and it holds the lock on that id. No row found: it has finished in the meantime.
func (s *Store) endHolder(ctx context.Context, partition int32) error {
	_, err := s.pool.Exec(ctx, `
		SELECT pg_terminate_backend(l.pid)
		FROM drumbeat.partitions p
		JOIN pg_locks l ON l.locktype = 'transactionid' AND l.transactionid = p.xmax AND l.mode = 'ExclusiveLock' AND l.granted
		WHERE p.partition = $1 AND l.pid <> pg_backend_pid()`, partition)
	if err != nil {
		return fmt.Errorf("end the connection of the earlier owner: %w", err)
	}
	return nil
}

// readSnapshot fills in what was saved last, within one database snapshot.
func readSnapshot(ctx context.Context, tx pgx.Tx, partition int32, into *stream.Snapshot) error {
	var epoch int64
	var next *int64
	row := tx.QueryRow(ctx, "SELECT epoch, next_offset, state FROM drumbeat.partitions WHERE partition = $1", partition)
	if err := row.Scan(&epoch, &next, &into.State); err != nil {
		return err
	}
	if epoch != into.Epoch {
		return stream.ErrFenced
	}
	if next != nil {
		into.Known, into.Next = true, *next
	}
	if err := readSites(ctx, tx, partition, into); err != nil {
		return err
	}
	if err := readSKUs(ctx, tx, partition, into.Sites); err != nil {
		return err
	}
	return readPages(ctx, tx, partition, into.Sites)
}

func readSites(ctx context.Context, tx pgx.Tx, partition int32, into *stream.Snapshot) error {
	rows, err := tx.Query(ctx, `
		SELECT site, partition, CASE WHEN partition = $1 THEN state END, read_back_offset, read_back_revision
		FROM drumbeat.sites ORDER BY site`, partition)
	if err != nil {
		return err
	}
	var site stream.SavedSite
	var owner int32
	_, err = pgx.ForEachRow(rows, []any{&site.Name, &owner, &site.State, &site.ReadBack.Next, &site.ReadBack.Revision}, func() error {
		if owner != partition {
			into.Elsewhere[site.Name] = owner
			return nil
		}
		site.ReadBack.Site = site.Name
		into.Sites = append(into.Sites, site)
		site.State = nil
		return nil
	})
	return err
}

// readSKUs appends the SKUs to their sites. It reads the raw values into slabs: one allocation for a
// thousand states is most of the difference between a fast and a slow restart.
func readSKUs(ctx context.Context, tx pgx.Tx, partition int32, sites []stream.SavedSite) error {
	rows, err := tx.Query(ctx, `
		SELECT k.site, k.sku, k.state FROM drumbeat.skus k JOIN drumbeat.sites s USING (site)
		WHERE s.partition = $1 ORDER BY k.site, k.sku`, partition)
	if err != nil {
		return err
	}
	defer rows.Close()
	var states slab
	at := 0
	for rows.Next() {
		raw := rows.RawValues()
		for string(raw[0]) != sites[at].Name { // both are in byte order of site
			at++
		}
		site := &sites[at]
		site.SKUs = append(site.SKUs, stream.SKUState{Site: site.Name, SKU: string(raw[1]), State: states.copy(raw[2])})
	}
	return rows.Err()
}

func readPages(ctx context.Context, tx pgx.Tx, partition int32, sites []stream.SavedSite) error {
	rows, err := tx.Query(ctx, `
		SELECT g.site, g.kind, g.number, g.data FROM drumbeat.pages g JOIN drumbeat.sites s USING (site)
		WHERE s.partition = $1 AND g.kind <> $2 ORDER BY g.site, g.kind, g.number`, partition, int16(stream.ModelPage))
	if err != nil {
		return err
	}
	var page stream.Page
	at := 0
	_, err = pgx.ForEachRow(rows, []any{&page.Site, &page.Kind, &page.Number, &page.Data}, func() error {
		for page.Site != sites[at].Name {
			at++
		}
		page.Site = sites[at].Name
		sites[at].Pages = append(sites[at].Pages, page)
		page.Data = nil
		return nil
	})
	return err
}

// slab hands out pieces of large allocations.
type slab struct{ free []byte }

const slabSize = 1 << 20

func (s *slab) copy(b []byte) []byte {
	if len(b) > len(s.free) {
		s.free = make([]byte, max(slabSize, len(b)))
	}
	piece := s.free[:len(b):len(b)]
	s.free = s.free[len(b):]
	copy(piece, b)
	return piece
}

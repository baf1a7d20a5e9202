package postgres

import (
	"context"
	"encoding/binary"
	"fmt"

	"drumbeat/stream"
)

// Recall implements [stream.Store]. Models are most of what is stored of a partition: they are read one by one, raw.
func (s *Store) Recall(ctx context.Context, partition int32, fn func(stream.Page) error) error {
	if err := s.recall(ctx, partition, fn); err != nil {
		return fmt.Errorf("stream/postgres: models of partition %d: %w", partition, err)
	}
	return nil
}

func (s *Store) recall(ctx context.Context, partition int32, fn func(stream.Page) error) error {
	rows, err := s.pool.Query(ctx, `
		SELECT g.site, g.number, g.data FROM drumbeat.pages g JOIN drumbeat.sites s USING (site)
		WHERE s.partition = $1 AND g.kind = $2`, partition, int16(stream.ModelPage))
	if err != nil {
		return err
	}
	defer rows.Close()
	var models slab
	page := stream.Page{Kind: stream.ModelPage}
	for rows.Next() {
		raw := rows.RawValues()
		if string(raw[0]) != page.Site {
			page.Site = string(raw[0])
		}
		if len(raw[1]) != 8 {
			return fmt.Errorf("a page number of %d bytes", len(raw[1]))
		}
		page.Number = int64(binary.BigEndian.Uint64(raw[1]))
		page.Data = models.copy(raw[2])
		if err := fn(page); err != nil {
			return err
		}
	}
	return rows.Err()
}

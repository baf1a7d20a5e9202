package streamtest_test

import (
	"bytes"
	"context"
	"fmt"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// unsettled says what is still to come; "" when nothing is.
func (j *judge) unsettled() string {
	ctx := context.Background()
	for id := range int32(partitions) {
		if end := int64(len(j.s.broker.events[id].records)); j.position[id] < end {
			return fmt.Sprintf("partition %d is saved to offset %d of %d", id, j.position[id], end)
		}
		if left, err := j.s.store.Unsent(ctx, id, 0, 1); err != nil || len(left) > 0 {
			return fmt.Sprintf("partition %d has something to publish: %v", id, err)
		}
	}
	for _, p := range j.s.feed.sites {
		id, ok := j.claims[p.site]
		if !ok {
			continue
		}
		if last := j.lastSale(p.site, id); last >= 0 && (j.covered[p.site] <= last || j.status[p.site] != string(schemas.PlanOptimal)) {
			return fmt.Sprintf("%s: its newest plan, %s, has read to %d, the last sale is at %d", p.site, j.status[p.site], j.covered[p.site], last)
		}
		if why := j.topic(p.site); why != "" {
			return why
		}
	}
	return ""
}

// lastSale is the offset of the last first-time sale of a site, -1 if there is none.
func (j *judge) lastSale(site string, id int32) int64 {
	last, seen := int64(-1), map[string]bool{}
	for at, f := range j.s.broker.events[id].facts {
		if f.site == site && (f.class == sale || f.class == resent && f.sku != "") && !seen[f.id] {
			seen[f.id] = true
			if f.line == "" {
				last = int64(at)
			}
		}
	}
	return last
}

// topic compares the compacted view of the plan topic with the store.
func (j *judge) topic(site string) string {
	ctx := context.Background()
	revision, head, ok, err := j.s.store.Head(ctx, site)
	if err != nil || !ok {
		return ""
	}
	newest := map[string]stream.Record{}
	for _, r := range j.s.broker.plans[schemas.PartitionOf([]byte(site), partitions)].records {
		newest[string(r.Key)] = r
	}
	if !bytes.Equal(newest[site].Value, head) {
		return fmt.Sprintf("%s: the last head on the topic is not revision %d of the store", site, revision)
	}
	var sum schemas.Checksummer
	lines, err := j.s.store.Lines(ctx, site)
	if err != nil {
		return err.Error()
	}
	for _, l := range lines {
		if !bytes.Equal(newest[schemas.PlanKey(site, l.SKU)].Value, l.Value) {
			return fmt.Sprintf("%s: the last record of %s on the topic is not the store's", site, l.SKU)
		}
		if err := sum.Add(l.SKU, l.Value); err != nil {
			return err.Error()
		}
	}
	if h, err := readHead(head); err != nil || h.Checksum != sum.Sum() || h.Lines != len(lines) && h.Status == schemas.PlanOptimal {
		return fmt.Sprintf("%s: the head of revision %d has another checksum than the lines, %v", site, revision, err)
	}
	return ""
}

// final holds what is left against what was sent.
func (j *judge) final() {
	type day struct {
		site, sku string
		date      schemas.Date
	}
	sold := map[day]schemas.Quantity{}
	lines := map[string]*fact{}
	letters := map[originKey]bool{}
	resends := map[string]int64{}
	corrected := map[string]bool{}
	events, seen := map[string]bool{}, map[originKey]bool{}
	for id := range int32(partitions) {
		for _, f := range j.s.broker.events[id].facts {
			at := originKey{id, f.from, f.offset}
			claim, claimed := j.claims[f.site]
			again := seen[at] // by intake
			seen[at] = true
			switch {
			case again, f.class == beat:
			case f.class == spoiled, claimed && claim != id:
				letters[at] = true
			case events[f.site+" "+f.id]:
				resends[f.site]++
			default:
				events[f.site+" "+f.id] = true
				if f.line != "" {
					corrected[f.site] = true
					if former := lines[f.site+" "+f.line]; former == nil || f.ver > former.ver {
						lines[f.site+" "+f.line] = f
					}
				} else if f.sku != "" {
					sold[day{f.site, f.sku, f.day}] += schemas.Quantity(f.units) * schemas.Unit
				}
			}
		}
	}
	for _, f := range lines {
		sold[day{f.site, f.sku, f.day}] += schemas.Quantity(f.units) * schemas.Unit
	}
	ctx := context.Background()
	for _, p := range j.s.feed.sites {
		rows, err := j.s.store.Sales(ctx, p.site)
		if err != nil {
			j.fail("%v", err)
		}
		for _, r := range rows {
			key := day{p.site, r.SKU, r.Date}
			if sold[key] != r.Quantity {
				j.fail("%s: %v of %s on %v in the store, %v were sold", p.site, r.Quantity, r.SKU, r.Date, sold[key])
			}
			delete(sold, key)
		}
	}
	for key, q := range sold {
		if q != 0 {
			j.fail("%s: %v of %s were sold on %v, none is in the store", key.site, q, key.sku, key.date)
		}
	}
	j.finalLetters(letters)
	for key, a := range j.audit {
		resends[key.site] -= a.Duplicate
	}
	for _, p := range j.s.feed.sites {
		if left := resends[p.site]; left > 0 || left < 0 && !corrected[p.site] { // an older version of a line is a duplicate, too
			j.fail("%s: %d events that producers sent again are not counted as duplicates", p.site, left)
		}
	}
}

// finalLetters wants every rejected record once in the store, and on the topic.
func (j *judge) finalLetters(want map[originKey]bool) {
	stored, err := j.s.store.DeadLetters(context.Background(), "", "", 1<<20)
	if err != nil || len(stored) != len(want) {
		j.fail("%d dead letters in the store, %v, want %d", len(stored), err, len(want))
	}
	for at := range want {
		if _, ok := j.letters[at]; !ok || !j.lettersSent[at] {
			j.fail("the record of origin %v should be a dead letter: saved %q, published %v", at, j.letters[at], j.lettersSent[at])
		}
	}
}

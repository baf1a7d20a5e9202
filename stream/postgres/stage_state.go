package postgres

import (
	"drumbeat/stream"
)

// claimSites leaves the partition of a known site as it is; checkClaims then refuses the batch.
const claimSites = `
INSERT INTO drumbeat.sites (site, partition, state)
SELECT site, $1, state FROM in_sites ORDER BY site
ON CONFLICT (site) DO UPDATE SET state = excluded.state`

func siteStage(b *stream.Batch) stage {
	rows := last(b.Sites, func(s stream.SiteState) string { return s.Site })
	return stage{
		table: "in_sites", columns: []string{"site", "state"}, rows: len(rows),
		row: func(i int) []any { return []any{rows[i].Site, blob(rows[i].State)} },
	}
}

func skuStage(b *stream.Batch) stage {
	type key struct{ site, sku string }
	rows := last(b.SKUs, func(s stream.SKUState) key { return key{s.Site, s.SKU} })
	return stage{
		table: "in_skus", columns: []string{"site", "sku", "state"}, rows: len(rows),
		row: func(i int) []any { return []any{rows[i].Site, rows[i].SKU, blob(rows[i].State)} },
		merge: []string{`
			INSERT INTO drumbeat.skus (site, sku, state) SELECT site, sku, state FROM in_skus
			ON CONFLICT (site, sku) DO UPDATE SET state = excluded.state`},
	}
}

func pageStage(b *stream.Batch) stage {
	type key struct {
		site   string
		kind   stream.PageKind
		number int64
	}
	rows := last(b.Pages, func(p stream.Page) key { return key{p.Site, p.Kind, p.Number} })
	return stage{
		table: "in_pages", columns: []string{"site", "kind", "number", "data"}, rows: len(rows),
		row: func(i int) []any { return []any{rows[i].Site, int16(rows[i].Kind), rows[i].Number, blob(rows[i].Data)} },
		merge: []string{`
			INSERT INTO drumbeat.pages (site, kind, number, data) SELECT site, kind, number, data FROM in_pages
			ON CONFLICT (site, kind, number) DO UPDATE SET data = excluded.data`},
	}
}

// salesStage carries quantities as micro-units; scaled by multiplication they become exact decimals.
func salesStage(b *stream.Batch) stage {
	type key struct {
		site, sku string
		date      int32
	}
	rows := last(b.Sales, func(s stream.DailySale) key { return key{s.Site, s.SKU, int32(s.Date)} })
	return stage{
		table: "in_sales", columns: []string{"site", "sku", "date", "qty", "held", "is_outlier", "reason", "score"}, rows: len(rows),
		row: func(i int) []any {
			r := &rows[i]
			return []any{r.Site, r.SKU, date(r.Date), int64(r.Quantity), int64(r.Held), r.Outlier, text(r.Reason), r.Score}
		},
		merge: []string{`
			INSERT INTO drumbeat.sales_transactions AS t (site, date, sku, qty, is_outlier, held_qty, reason, score)
			SELECT site, date, sku, trim_scale(qty * 0.000001), is_outlier, trim_scale(held * 0.000001), reason, score FROM in_sales
			ON CONFLICT (site, sku, date) DO UPDATE SET qty = excluded.qty, is_outlier = excluded.is_outlier, updated_at = excluded.updated_at,
				held_qty = excluded.held_qty, reason = excluded.reason, score = excluded.score
			WHERE (t.qty, t.is_outlier, t.held_qty, t.reason, t.score)
				IS DISTINCT FROM (excluded.qty, excluded.is_outlier, excluded.held_qty, excluded.reason, excluded.score)`},
	}
}

// oldSalesStage adds to rows, which hold more than the state does; what a batch has added is not added again.
func oldSalesStage(b *stream.Batch) stage {
	rows := b.OldSales
	return stage{
		table: "in_old_sales", columns: []string{"site", "sku", "date", "qty", "added_until"}, rows: len(rows),
		row: func(i int) []any {
			r := &rows[i]
			return []any{r.Site, r.SKU, date(r.Date), int64(r.Quantity), b.Rank}
		},
		merge: []string{`
			UPDATE drumbeat.sales_transactions AS t SET updated_at = now(), added_until = o.added_until, qty = greatest(0, trim_scale(t.qty + o.qty))
			FROM (SELECT site, sku, date, sum(qty) * 0.000001 AS qty, max(added_until) AS added_until FROM in_old_sales GROUP BY site, sku, date) AS o
			WHERE (t.site, t.sku, t.date) = (o.site, o.sku, o.date) AND coalesce(t.added_until < o.added_until, true)`, `
			INSERT INTO drumbeat.sales_transactions (site, date, sku, qty, is_outlier, held_qty, reason, score, added_until)
			SELECT site, date, sku, greatest(0, trim_scale(sum(qty) * 0.000001)), false, 0, '', 0, max(added_until)
			FROM in_old_sales GROUP BY site, date, sku ON CONFLICT (site, sku, date) DO NOTHING`},
	}
}

// blob is never null: an empty state is no missing one.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// Store implements [stream.Store] in memory, with the same rules as a database: epochs fence, claims hold, a
// save is whole or nothing. Of revisions that have been sent it keeps the heads, and of all but the newest no
// Problem. Nothing that goes in or comes out shares bytes with it. It is safe for concurrent use; the zero
// value is not ready, see [NewStore].
type Store struct {
	mu         sync.Mutex
	partitions map[int32]*partition
	sites      map[string]*site
	audit      map[auditKey]stream.AuditRow
	letters    map[origin]stream.DeadLetter
}

type partition struct {
	epoch  int64
	known  bool
	next   int64
	state  []byte
	sent   int64 // entries of the outbox up to here have been published
	outbox map[int64]stream.OutboxEntry
}

type site struct {
	partition int32
	state     []byte
	readBack  stream.ReadBack
	skus      map[string][]byte
	pages     map[pageKey][]byte
	sales     map[dayKey]stream.DailySale
	added     map[dayKey]int64 // rank of the batch that added to the row last
	forecasts map[string]stream.ForecastRow
	accuracy  map[horizonKey]stream.AccuracyRow
	models    map[string]stream.ModelRow
	lines     map[string]line
	revisions map[int64]stream.Revision
	newest    int64
}

// line is the newest line of a SKU.
type line struct {
	revision int64
	value    []byte
}

type pageKey struct {
	kind   stream.PageKind
	number int64
}

type dayKey struct {
	sku  string
	date schemas.Date
}

type horizonKey struct{ sku, horizon string }

type auditKey struct {
	partition int32
	site      string
	topic     string
	origin    int32
}

type origin struct {
	topic     string
	partition int32
	offset    int64
}

var _ stream.Store = (*Store)(nil)

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{
		partitions: map[int32]*partition{},
		sites:      map[string]*site{},
		audit:      map[auditKey]stream.AuditRow{},
		letters:    map[origin]stream.DeadLetter{},
	}
}

// Load implements [stream.Store].
func (s *Store) Load(ctx context.Context, id int32) (*stream.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.partitions[id]
	if p == nil {
		p = &partition{sent: -1, outbox: map[int64]stream.OutboxEntry{}}
		s.partitions[id] = p
	}
	p.epoch++
	snapshot := &stream.Snapshot{
		Epoch: p.epoch, Known: p.known, Next: p.next, State: slices.Clone(p.state), Elsewhere: map[string]int32{},
	}
	for _, name := range slices.Sorted(maps.Keys(s.sites)) {
		if of := s.sites[name]; of.partition != id {
			snapshot.Elsewhere[name] = of.partition
		} else {
			snapshot.Sites = append(snapshot.Sites, of.saved(name))
		}
	}
	return snapshot, nil
}

func (s *site) saved(name string) stream.SavedSite {
	saved := stream.SavedSite{Name: name, State: slices.Clone(s.state), ReadBack: s.readBack}
	for _, sku := range slices.Sorted(maps.Keys(s.skus)) {
		saved.SKUs = append(saved.SKUs, stream.SKUState{Site: name, SKU: sku, State: slices.Clone(s.skus[sku])})
	}
	for _, key := range slices.SortedFunc(maps.Keys(s.pages), comparePages) {
		if key.kind == stream.ModelPage {
			continue // for Recall
		}
		saved.Pages = append(saved.Pages, stream.Page{Site: name, Kind: key.kind, Number: key.number, Data: slices.Clone(s.pages[key])})
	}
	return saved
}

// Recall implements [stream.Store].
func (s *Store) Recall(ctx context.Context, id int32, fn func(stream.Page) error) error {
	s.mu.Lock()
	var list []stream.Page
	for _, name := range slices.Sorted(maps.Keys(s.sites)) {
		of := s.sites[name]
		for _, key := range slices.SortedFunc(maps.Keys(of.pages), comparePages) {
			if of.partition == id && key.kind == stream.ModelPage {
				list = append(list, stream.Page{Site: name, Kind: key.kind, Number: key.number, Data: slices.Clone(of.pages[key])})
			}
		}
	}
	s.mu.Unlock()
	for _, page := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(page); err != nil {
			return err
		}
	}
	return nil
}

// Epoch implements [stream.Store].
func (s *Store) Epoch(ctx context.Context, id int32) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.partitions[id]; p != nil {
		return p.epoch, nil
	}
	return 0, nil
}

// Save implements [stream.Store]. Where the batch holds several rows of one key, the last one counts.
func (s *Store) Save(ctx context.Context, id int32, epoch int64, b *stream.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.partitions[id]
	if p == nil || p.epoch != epoch {
		return stream.ErrFenced
	}
	if err := s.checkClaims(id, b); err != nil {
		return err
	}
	p.known, p.next, p.state = true, b.Next, slices.Clone(b.State)
	s.saveState(id, b)
	s.savePlans(b)
	s.saveRecords(id, p, b)
	return nil
}

// checkClaims proves that every site whose state the batch writes is the partition's, or becomes it.
func (s *Store) checkClaims(id int32, b *stream.Batch) error {
	claimed := map[string]bool{}
	for _, r := range b.Sites {
		claimed[r.Site] = true
	}
	for _, name := range sitesOf(b) {
		of := s.sites[name]
		switch {
		case of == nil && !claimed[name]:
			return fmt.Errorf("stream/memory: the batch writes to site %q, which has no state", name)
		case of != nil && of.partition != id:
			return &stream.ClaimError{Site: name, Partition: of.partition}
		}
	}
	return nil
}

// sitesOf names every site whose state, sales or plan the batch writes, in order.
func sitesOf(b *stream.Batch) []string {
	var names []string
	add := func(name string) { names = append(names, name) }
	for _, r := range b.Sites {
		add(r.Site)
	}
	for _, r := range b.SKUs {
		add(r.Site)
	}
	for _, r := range b.Pages {
		add(r.Site)
	}
	for _, r := range b.DropPages {
		add(r.Site)
	}
	for _, r := range b.Sales {
		add(r.Site)
	}
	for _, r := range b.OldSales {
		add(r.Site)
	}
	for _, r := range b.Forecasts {
		add(r.Site)
	}
	for _, r := range b.Accuracy {
		add(r.Site)
	}
	for _, r := range b.Models {
		add(r.Site)
	}
	for _, r := range b.Revisions {
		add(r.Site)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (s *Store) saveState(id int32, b *stream.Batch) {
	for _, r := range b.Sites {
		of := s.sites[r.Site]
		if of == nil {
			of = &site{
				partition: id, readBack: stream.ReadBack{Site: r.Site, Next: -1},
				skus: map[string][]byte{}, pages: map[pageKey][]byte{}, sales: map[dayKey]stream.DailySale{}, added: map[dayKey]int64{},
				forecasts: map[string]stream.ForecastRow{}, lines: map[string]line{}, revisions: map[int64]stream.Revision{},
				accuracy: map[horizonKey]stream.AccuracyRow{}, models: map[string]stream.ModelRow{},
			}
			s.sites[r.Site] = of
		}
		of.state = slices.Clone(r.State)
	}
	for _, r := range b.SKUs {
		s.sites[r.Site].skus[r.SKU] = slices.Clone(r.State)
	}
	for _, r := range b.Pages {
		s.sites[r.Site].pages[pageKey{r.Kind, r.Number}] = slices.Clone(r.Data)
	}
	for _, d := range b.DropPages {
		maps.DeleteFunc(s.sites[d.Site].pages, func(key pageKey, _ []byte) bool {
			return key.kind == d.Kind && key.number < d.Before
		})
	}
	for _, r := range b.Sales {
		s.sites[r.Site].sales[dayKey{r.SKU, r.Date}] = r
	}
	old := map[stream.OldSale]schemas.Quantity{} // by site, SKU and date
	for _, r := range b.OldSales {
		old[stream.OldSale{Site: r.Site, SKU: r.SKU, Date: r.Date}] += r.Quantity
	}
	for r, sum := range old {
		of, key := s.sites[r.Site], dayKey{r.SKU, r.Date}
		if of.added[key] >= b.Rank {
			continue // the batch is saved once more
		}
		of.added[key] = b.Rank
		row := of.sales[key]
		row.Site, row.SKU, row.Date, row.Quantity = r.Site, r.SKU, r.Date, max(0, row.Quantity+sum)
		of.sales[key] = row
	}
}

func (s *Store) savePlans(b *stream.Batch) {
	for _, f := range b.Forecasts {
		of := s.sites[f.Site]
		if f.Revision < of.forecasts[f.SKU].Revision {
			continue
		}
		f.Mean, f.Lower, f.Upper = slices.Clone(f.Mean), slices.Clone(f.Lower), slices.Clone(f.Upper)
		of.forecasts[f.SKU] = f
	}
	for _, r := range b.Accuracy {
		s.sites[r.Site].accuracy[horizonKey{r.SKU, r.Horizon}] = r
	}
	for _, r := range b.Models {
		r.Models = slices.Clone(r.Models)
		s.sites[r.Site].models[r.SKU] = r
	}
	for _, r := range b.Revisions {
		of := s.sites[r.Site]
		r.Head, r.Problem, r.Start = slices.Clone(r.Head), slices.Clone(r.Problem), slices.Clone(r.Start)
		r.Lines = slices.Clone(r.Lines)
		for i, l := range r.Lines {
			l.Value = slices.Clone(l.Value)
			r.Lines[i] = l
			if r.Revision >= of.lines[l.SKU].revision {
				of.lines[l.SKU] = line{r.Revision, l.Value}
			}
		}
		if former, ok := of.revisions[of.newest]; ok && r.Revision > of.newest {
			former.Problem, former.Start = nil, nil
			of.revisions[of.newest] = former
		}
		of.newest = max(of.newest, r.Revision)
		of.revisions[r.Revision] = r
	}
}

func (s *Store) saveRecords(id int32, p *partition, b *stream.Batch) {
	for _, a := range b.Audit {
		a.Reasons = maps.Clone(a.Reasons)
		s.audit[auditKey{id, a.Site, a.OriginTopic, a.OriginPartition}] = a
	}
	for _, d := range b.DeadLetters {
		s.letters[origin{d.OriginTopic, d.OriginPartition, d.OriginOffset}] = cloneLetter(d)
	}
	for _, o := range b.Outbox {
		if o.Seq > p.sent {
			p.outbox[o.Seq] = o
		}
	}
}

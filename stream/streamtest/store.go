package streamtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// Stored is a store whose content can be seen beside the port.
type Stored interface {
	stream.Store
	// Sales returns the daily sales of a site, by SKU and date.
	Sales(ctx context.Context, site string) ([]stream.DailySale, error)
	// Forecasts returns the newest forecast of every SKU of a site, by SKU.
	Forecasts(ctx context.Context, site string) ([]stream.ForecastRow, error)
	// Accuracy returns how accurate the published forecasts of a site were, by SKU and horizon.
	Accuracy(ctx context.Context, site string) ([]stream.AccuracyRow, error)
	// Models returns which experts carry the forecasts of a site, by SKU.
	Models(ctx context.Context, site string) ([]stream.ModelRow, error)
	// Lines returns the plan of a site as it stands, in byte order of SKU.
	Lines(ctx context.Context, site string) ([]stream.LineValue, error)
	// Audit returns all counters, by site and origin.
	Audit(ctx context.Context) ([]stream.AuditRow, error)
	// DeadLetters returns the newest dead letters of a site, with a reason, each unless it is empty.
	DeadLetters(ctx context.Context, site, reason string, limit int) ([]stream.DeadLetter, error)
}

// TestStore checks that a store keeps the contract of [stream.Store]. open returns an empty one.
func TestStore(t *testing.T, open func(t *testing.T) Stored) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s Stored)
	}{
		{"FirstLoad", firstLoad},
		{"RoundTrip", roundTrip},
		{"Fencing", fencing},
		{"FencedConcurrently", fencedConcurrently},
		{"Claims", claims},
		{"ClaimedConcurrently", claimedConcurrently},
		{"NoState", noState},
		{"Outbox", outbox},
		{"SentStaysSent", sentStaysSent},
		{"ReadBack", readBack},
		{"Tombstones", tombstones},
		{"Current", current},
		{"OlderRevision", olderRevision},
		{"DeadLetters", deadLetters},
		{"AuditReplaced", auditReplaced},
		{"Pages", pages},
		{"Recall", recall},
		{"LastOfAKey", lastOfAKey},
		{"Owned", owned},
		{"Cancelled", cancelled},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

func firstLoad(t *testing.T, s Stored) {
	if epoch := epochOf(t, s, 3); epoch != 0 {
		t.Errorf("epoch before the first load is %d, want 0", epoch)
	}
	for want := int64(1); want <= 2; want++ {
		got := load(t, s, 3)
		if got.Epoch != want || got.Known || got.Next != 0 || len(got.State) != 0 || len(got.Sites) != 0 || len(got.Elsewhere) != 0 {
			t.Errorf("load %d of a partition never saved: %+v", want, got)
		}
		if epoch := epochOf(t, s, 3); epoch != want {
			t.Errorf("epoch is %d after load %d", epoch, want)
		}
	}
	if entries := unsent(t, s, 3, -1, 1<<20); len(entries) != 0 {
		t.Errorf("outbox of a new partition: %+v", entries)
	}
	if err := s.Save(t.Context(), 9, 0, &stream.Batch{State: []byte("x")}); !errors.Is(err, stream.ErrFenced) {
		t.Errorf("save without a load: %v, want ErrFenced", err)
	}
}

func fencing(t *testing.T, s Stored) {
	old := load(t, s, 0).Epoch
	save(t, s, 0, old, &stream.Batch{Next: 5, State: []byte("five"), Sites: []stream.SiteState{{Site: "a", State: []byte("1")}}})
	young := load(t, s, 0).Epoch
	if young <= old {
		t.Fatalf("epoch %d follows %d", young, old)
	}
	late := &stream.Batch{
		Next: 6, State: []byte("six"), Sites: []stream.SiteState{{Site: "a", State: []byte("2")}, {Site: "b", State: []byte("2")}},
		SKUs: []stream.SKUState{{Site: "a", SKU: "X", State: []byte("late")}},
	}
	if err := s.Save(t.Context(), 0, old, late); !errors.Is(err, stream.ErrFenced) {
		t.Errorf("save of an older owner: %v, want ErrFenced", err)
	}
	if err := s.Sent(t.Context(), 0, old, 10, []stream.ReadBack{{Site: "a", Next: 7}}); !errors.Is(err, stream.ErrFenced) {
		t.Errorf("sent of an older owner: %v, want ErrFenced", err)
	}
	if err := s.Save(t.Context(), 0, young+1, late); !errors.Is(err, stream.ErrFenced) {
		t.Errorf("save with an epoch that never was: %v, want ErrFenced", err)
	}
	got := load(t, s, 0)
	if got.Next != 5 || string(got.State) != "five" || len(got.Sites) != 1 || string(got.Sites[0].State) != "1" ||
		len(got.Sites[0].SKUs) != 0 || got.Sites[0].ReadBack.Next != -1 {
		t.Errorf("the older owner left a trace: %+v", got)
	}
}

// fencedConcurrently has two owners save against each other: what the last load shows was saved by an owner
// whose save was accepted, and nothing is accepted from an owner once a later one has loaded.
func fencedConcurrently(t *testing.T, s Stored) {
	var accepted atomic.Int64 // next of the last accepted save
	done := make(chan error)
	for range 2 {
		go func() {
			done <- func() error {
				for range 10 {
					snapshot, err := s.Load(t.Context(), 0)
					if errors.Is(err, stream.ErrFenced) {
						continue
					} else if err != nil {
						return err
					}
					for range 3 {
						next := snapshot.Epoch
						err := s.Save(t.Context(), 0, snapshot.Epoch, &stream.Batch{Next: next, State: []byte("s")})
						if errors.Is(err, stream.ErrFenced) {
							break
						} else if err != nil {
							return err
						}
						for seen := accepted.Load(); seen < next && !accepted.CompareAndSwap(seen, next); seen = accepted.Load() {
						}
					}
				}
				return nil
			}()
		}()
	}
	if err := errors.Join(<-done, <-done); err != nil {
		t.Fatal(err)
	}
	if got := load(t, s, 0); got.Next != accepted.Load() {
		t.Errorf("the last accepted save was of epoch %d, the store holds that of %d", accepted.Load(), got.Next)
	}
}

func claims(t *testing.T, s Stored) {
	one, two := load(t, s, 1).Epoch, load(t, s, 2).Epoch
	save(t, s, 1, one, &stream.Batch{Next: 1, State: []byte("one"), Sites: []stream.SiteState{{Site: "a", State: []byte("a1")}}})
	for what, batch := range map[string]*stream.Batch{
		"site":     {Sites: []stream.SiteState{{Site: "b"}, {Site: "a"}}},
		"sku":      {SKUs: []stream.SKUState{{Site: "a", SKU: "X"}}},
		"page":     {Pages: []stream.Page{{Site: "a", Kind: stream.LinePage}}},
		"drop":     {DropPages: []stream.DropPages{{Site: "a", Kind: stream.LinePage, Before: 9}}},
		"sale":     {Sales: []stream.DailySale{{Site: "a", SKU: "X"}}},
		"old sale": {OldSales: []stream.OldSale{{Site: "a", SKU: "X"}}},
		"forecast": {Forecasts: []stream.ForecastRow{{Site: "a", SKU: "X", Revision: 1}}},
		"revision": {Revisions: []stream.Revision{{Site: "a", Revision: 1, Head: []byte("{}")}}},
	} {
		batch.Next, batch.State = 2, []byte("two")
		err := s.Save(t.Context(), 2, two, batch)
		var claim *stream.ClaimError
		if !errors.As(err, &claim) || claim.Site != "a" || claim.Partition != 1 {
			t.Errorf("%s of another partition's site: %v, want a ClaimError of a and 1", what, err)
		}
	}
	got := load(t, s, 2)
	if got.Known || len(got.Sites) != 0 || !maps.Equal(got.Elsewhere, map[string]int32{"a": 1}) {
		t.Errorf("refused batches left a trace: %+v", got)
	}
	// What is said about records that came to the wrong partition is not the site's state.
	save(t, s, 2, got.Epoch, &stream.Batch{
		State:       []byte("two"),
		Audit:       []stream.AuditRow{{Site: "a", OriginTopic: "t", Read: 1, Rejected: 1}},
		DeadLetters: []stream.DeadLetter{{Site: "a", OriginTopic: "t", Reason: "wrong-partition"}},
		Outbox:      []stream.OutboxEntry{{Seq: 0, Site: "a", OriginTopic: "t"}},
	})
	save(t, s, 1, one, &stream.Batch{State: []byte("one"), Audit: []stream.AuditRow{{Site: "a", OriginTopic: "t", Read: 7, Kept: 7}}})
	rows, err := s.Audit(t.Context())
	if err != nil || len(rows) != 2 || rows[0].Read+rows[1].Read != 8 {
		t.Errorf("counters of two partitions: %+v, %v", rows, err)
	}
}

// claimedConcurrently has partitions claim the same sites at once: each site goes to one of them.
func claimedConcurrently(t *testing.T, s Stored) {
	const owners = 4
	names := []string{"a", "b", "c"}
	done := make(chan error)
	for p := range int32(owners) {
		go func() {
			done <- func() error {
				snapshot, err := s.Load(t.Context(), p)
				if err != nil {
					return err
				}
				for i := range names {
					name := names[(i+int(p))%len(names)]
					other := names[(i+int(p)+1)%len(names)]
					err := s.Save(t.Context(), p, snapshot.Epoch, &stream.Batch{
						State: []byte("s"), Sites: []stream.SiteState{{Site: name, State: []byte{byte(p)}}, {Site: other, State: []byte{byte(p)}}},
					})
					var claim *stream.ClaimError
					if err != nil && !errors.As(err, &claim) {
						return err
					}
				}
				return nil
			}()
		}()
	}
	for range owners {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	owner := map[string]int32{}
	for p := range int32(owners) {
		for _, site := range load(t, s, p).Sites {
			if by, twice := owner[site.Name]; twice {
				t.Errorf("site %s is of %d and of %d", site.Name, by, p)
			}
			owner[site.Name] = p
			if len(site.State) != 1 || int32(site.State[0]) != p {
				t.Errorf("site %s of partition %d holds the state of %v", site.Name, p, site.State)
			}
		}
	}
	if len(owner) == 0 {
		t.Error("nobody got any site")
	}
}

func noState(t *testing.T, s Stored) {
	epoch := load(t, s, 0).Epoch
	err := s.Save(t.Context(), 0, epoch, &stream.Batch{Next: 1, State: []byte("s"), SKUs: []stream.SKUState{{Site: "nowhere", SKU: "X"}}})
	if err == nil || errors.Is(err, stream.ErrFenced) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("SKU of a site without state: %v, want an error that names the site", err)
	}
	if got := load(t, s, 0); got.Known {
		t.Errorf("the refused batch left a trace: %+v", got)
	}
}

func pages(t *testing.T, s Stored) {
	epoch := load(t, s, 0).Epoch
	b := &stream.Batch{State: []byte("s"), Sites: []stream.SiteState{{Site: "a"}}}
	for n := range int64(4) {
		for _, kind := range []stream.PageKind{stream.IdentityPage, stream.LinePage} {
			b.Pages = append(b.Pages, stream.Page{Site: "a", Kind: kind, Number: n, Data: fmt.Appendf(nil, "%d/%d", kind, n)})
		}
	}
	save(t, s, 0, epoch, b)
	save(t, s, 0, epoch, &stream.Batch{
		State:     []byte("s"),
		Pages:     []stream.Page{{Site: "a", Kind: stream.LinePage, Number: 3, Data: []byte("longer")}},
		DropPages: []stream.DropPages{{Site: "a", Kind: stream.LinePage, Before: 2}, {Site: "a", Kind: stream.IdentityPage, Before: 3}},
	})
	var got []string
	for _, p := range load(t, s, 0).Sites[0].Pages {
		got = append(got, fmt.Sprintf("%d %d %s", p.Kind, p.Number, p.Data))
	}
	if want := []string{"1 2 1/2", "1 3 longer", "2 3 2/3"}; !slices.Equal(got, want) {
		t.Errorf("pages are %q, want %q", got, want)
	}
}

// Load leaves the models out, Recall gives those of the partition and nothing else.
func recall(t *testing.T, s Stored) {
	for partition, site := range map[int32]string{0: "a", 1: "b"} {
		epoch := load(t, s, partition).Epoch
		save(t, s, partition, epoch, &stream.Batch{
			State: []byte("s"), Sites: []stream.SiteState{{Site: site}},
			Pages: []stream.Page{
				{Site: site, Kind: stream.SharePage, Number: 1, Data: []byte("share")},
				{Site: site, Kind: stream.ModelPage, Number: 0, Data: []byte("former")},
				{Site: site, Kind: stream.ModelPage, Number: 300, Data: []byte("other " + site)},
			},
		})
		save(t, s, partition, epoch, &stream.Batch{
			State: []byte("s"), Pages: []stream.Page{{Site: site, Kind: stream.ModelPage, Number: 0, Data: bytes.Repeat([]byte("m"), 9000)}},
		})
	}
	if got := load(t, s, 0).Sites[0].Pages; len(got) != 1 || got[0].Kind != stream.SharePage {
		t.Errorf("loaded %d pages, want the share", len(got))
	}
	got := map[int64]string{}
	err := s.Recall(t.Context(), 0, func(p stream.Page) error {
		if p.Site != "a" || p.Kind != stream.ModelPage {
			t.Errorf("page %d of kind %d of site %s", p.Number, p.Kind, p.Site)
		}
		got[p.Number] = string(p.Data)
		return nil
	})
	if want := map[int64]string{0: strings.Repeat("m", 9000), 300: "other a"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("recalled %d models, %v", len(got), err)
	}
	enough := errors.New("enough")
	if err := s.Recall(t.Context(), 0, func(stream.Page) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("an error of the reader ends in %v", err)
	}
}

func lastOfAKey(t *testing.T, s Stored) {
	epoch := load(t, s, 0).Epoch
	save(t, s, 0, epoch, &stream.Batch{
		State: []byte("s"),
		Sites: []stream.SiteState{{Site: "a", State: []byte("1")}, {Site: "a", State: []byte("2")}},
		SKUs:  []stream.SKUState{{Site: "a", SKU: "X", State: []byte("1")}, {Site: "a", SKU: "X", State: []byte("2")}},
		Sales: []stream.DailySale{{Site: "a", SKU: "X", Date: 20000, Quantity: 1}, {Site: "a", SKU: "X", Date: 20000, Quantity: 2}},
		Revisions: []stream.Revision{
			{Site: "a", Revision: 1, Head: []byte(`{"revision":1}`), Lines: []stream.LineValue{{SKU: "X", Value: []byte(`{"n":1}`)}, {SKU: "Y", Value: []byte(`{"n":1}`)}}},
			{Site: "a", Revision: 2, Head: []byte(`{"revision":2}`), Lines: []stream.LineValue{{SKU: "X", Value: []byte(`{"n":2}`)}}},
		},
	})
	site := load(t, s, 0).Sites[0]
	if string(site.State) != "2" || len(site.SKUs) != 1 || string(site.SKUs[0].State) != "2" {
		t.Errorf("state is %+v", site)
	}
	if sales, err := s.Sales(t.Context(), "a"); err != nil || len(sales) != 1 || sales[0].Quantity != 2 {
		t.Errorf("sales are %+v, %v", sales, err)
	}
	lines, err := s.Lines(t.Context(), "a")
	if err != nil || len(lines) != 2 || string(lines[0].Value) != `{"n":2}` || string(lines[1].Value) != `{"n":1}` {
		t.Errorf("lines are %q, %v", lines, err)
	}
}

// owned proves that neither the batch nor the snapshot shares bytes with the store.
func owned(t *testing.T, s Stored) {
	epoch := load(t, s, 0).Epoch
	b := &stream.Batch{
		State: []byte("abc"), Sites: []stream.SiteState{{Site: "a", State: []byte("abc")}}, SKUs: []stream.SKUState{{Site: "a", SKU: "X", State: []byte("abc")}},
	}
	save(t, s, 0, epoch, b)
	for _, shared := range [][]byte{b.State, b.Sites[0].State, b.SKUs[0].State} {
		copy(shared, "xyz")
	}
	for range 2 {
		got := load(t, s, 0)
		for _, stored := range [][]byte{got.State, got.Sites[0].State, got.Sites[0].SKUs[0].State} {
			if !bytes.Equal(stored, []byte("abc")) {
				t.Errorf("stored bytes became %q", stored)
			}
			copy(stored, "xyz")
		}
	}
}

func cancelled(t *testing.T, s Stored) {
	epoch := load(t, s, 0).Epoch
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Save(ctx, 0, epoch, &stream.Batch{Next: 9, State: []byte("s")}); !errors.Is(err, context.Canceled) {
		t.Errorf("save under a cancelled context: %v", err)
	}
	if _, err := s.Load(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("load under a cancelled context: %v", err)
	}
	if got := load(t, s, 0); got.Known || got.Epoch != epoch+1 {
		t.Errorf("cancelled calls left a trace: %+v", got)
	}
}

func load(t testing.TB, s stream.Store, partition int32) *stream.Snapshot {
	t.Helper()
	got, err := s.Load(t.Context(), partition)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func save(t testing.TB, s stream.Store, partition int32, epoch int64, b *stream.Batch) {
	t.Helper()
	if err := s.Save(t.Context(), partition, epoch, b); err != nil {
		t.Fatal(err)
	}
}

func epochOf(t testing.TB, s stream.Store, partition int32) int64 {
	t.Helper()
	epoch, err := s.Epoch(t.Context(), partition)
	if err != nil {
		t.Fatal(err)
	}
	return epoch
}

func unsent(t testing.TB, s stream.Store, partition int32, after int64, maxBytes int) []stream.Unsent {
	t.Helper()
	entries, err := s.Unsent(t.Context(), partition, after, maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// day is a date in the middle of the range that stores must take.
const day = schemas.Date(20000)

// noon is an instant with the resolution that stores keep.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)

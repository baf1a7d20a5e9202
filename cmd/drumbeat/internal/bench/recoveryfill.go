package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/stream"
)

const (
	recoveryDays = 3*365 - 1 // history of a SKU
	recoveryAge  = 14        // days ago that its model was saved, at most
	// recoveryDonors is the number of SKUs that are folded and fitted one by one. A larger site consists of copies of their
	// states and models: to make a hundred thousand would take ten minutes of two cores, and to read them is no different.
	recoveryDonors = 1000
)

// FillRecovery saves what a service would have saved of a site whose history ends yesterday, with a plan due, as if
// nothing of the log had been read yet. The store is empty before. Daily sales, which a recovery does not read, are left
// out; identities and document lines are those of the SKUs that were not copied.
func FillRecovery(ctx context.Context, store RecoveryStore, skus int) error {
	if err := fillRecovery(ctx, store, skus); err != nil {
		return fmt.Errorf("bench: state of %d SKUs: %w", skus, err)
	}
	return nil
}

func fillRecovery(ctx context.Context, store RecoveryStore, skus int) error {
	snapshot, err := store.Load(ctx, recoveryPartition)
	if err != nil {
		return err
	}
	donors := min(skus, recoveryDonors)
	g, err := donate(ctx, donors)
	if err != nil {
		return err
	}
	batches, err := g.copies(donors, skus)
	if err != nil {
		return err
	}
	for _, b := range batches {
		b.Next = 0
		if err := store.Save(ctx, recoveryPartition, snapshot.Epoch, b); err != nil {
			return err
		}
	}
	return nil
}

// donate makes the state of a site of so many SKUs.
func donate(ctx context.Context, skus int) (*gathered, error) {
	config := eventConfig()
	config.Shards = 0
	p, err := stream.New(config, &stream.Snapshot{})
	if err != nil {
		return nil, err
	}
	g := newGathered()
	first := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -recoveryDays)
	last := first.AddDate(0, 0, recoveryDays-1)
	n := 0
	for day, records := range (load{skus: skus, days: recoveryDays}).byDay(ctx, first) {
		for _, r := range records {
			if err := fold(p, n, r, g.add); err != nil {
				return nil, err
			}
			n++
		}
		if last.Sub(day) >= recoveryAge*24*time.Hour {
			continue
		}
		// As the plan of that day would have done.
		p.EndOfInput()
		if job := p.Job(); job != nil {
			p.Withdraw(job)
		}
		for b := p.Ready(); b != nil; b = p.Ready() {
			g.add(b)
			p.Advance(b)
		}
	}
	return g, ctx.Err()
}

// copies is what was gathered of the donors with their copies: SKU i is SKU i mod donors under a name and an index of
// its own.
func (g *gathered) copies(donors, skus int) ([]*stream.Batch, error) {
	if len(g.skus) != donors {
		return nil, fmt.Errorf("%d of %d SKUs have sold", len(g.skus), donors)
	}
	of := make([]stream.SKUState, donors) // by index
	for _, k := range g.skus {
		i, n := binary.Uvarint(k.State[1:])
		if n <= 0 || i >= uint64(donors) {
			return nil, errors.New("a state without an index")
		}
		of[i] = k
	}
	batches := g.batches()
	first := batches[0]
	for i := range first.Pages {
		if page := &first.Pages[i]; page.Kind == stream.SharePage {
			var err error
			if page.Data, err = knowing(page.Data, uint64(skus/donors)); err != nil {
				return nil, err
			}
		}
	}
	for i := donors; i < skus; i++ {
		if (i-donors)%batchSKUs == 0 {
			batches = append(batches, &stream.Batch{State: first.State})
		}
		b, from := batches[len(batches)-1], of[i%donors]
		b.SKUs = append(b.SKUs, stream.SKUState{Site: from.Site, SKU: generate.LoadSKU(i), State: withIndex(from.State, uint64(i))})
		if page, ok := g.pages[pageKey{stream.ModelPage, int64(i % donors)}]; ok {
			page.Number = int64(i)
			b.Pages = append(b.Pages, page)
		}
	}
	return batches, nil
}

// withIndex replaces the index in a state, which stands as a uvarint behind the version, a byte.
func withIndex(state []byte, i uint64) []byte {
	_, n := binary.Uvarint(state[1:])
	return append(binary.AppendUvarint([]byte{state[0]}, i), state[1+n:]...)
}

// knowing makes a share one of times as many SKUs: it counts those that it was made of behind its version (a byte), what
// made it (text) and its day. A share of much fewer SKUs than there are is made anew, and all models with it.
func knowing(share []byte, times uint64) ([]byte, error) {
	at := 1
	length, n := binary.Uvarint(share[at:])
	at += n + int(length)
	_, m := binary.Varint(share[at:])
	at += m
	known, size := binary.Uvarint(share[at:])
	if n <= 0 || m <= 0 || size <= 0 {
		return nil, errors.New("a share that cannot be read")
	}
	return append(binary.AppendUvarint(share[:at:at], known*times), share[at+size:]...), nil
}

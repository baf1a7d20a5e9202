package bench

import (
	"cmp"
	"maps"
	"slices"

	"drumbeat/stream"
)

// gathered holds the newest state of everything that batches have carried.
type gathered struct {
	newest stream.Batch
	skus   map[string]stream.SKUState
	pages  map[pageKey]stream.Page
}

type pageKey struct {
	kind   stream.PageKind
	number int64
}

func newGathered() *gathered {
	return &gathered{skus: map[string]stream.SKUState{}, pages: map[pageKey]stream.Page{}}
}

func (g *gathered) add(b *stream.Batch) {
	g.newest.Next, g.newest.State = b.Next, b.State
	if len(b.Sites) > 0 {
		g.newest.Sites = b.Sites
	}
	for _, k := range b.SKUs {
		g.skus[k.SKU] = k
	}
	for _, page := range b.Pages {
		g.pages[pageKey{page.Kind, page.Number}] = page
	}
	for _, drop := range b.DropPages {
		maps.DeleteFunc(g.pages, func(k pageKey, _ stream.Page) bool { return k.kind == drop.Kind && k.number < drop.Before })
	}
}

// batchSKUs is the number of SKUs in one of the batches.
const batchSKUs = 10_000

// batches are the state in parts of a size that a store takes at once.
func (g *gathered) batches() []*stream.Batch {
	first := g.newest
	for _, key := range slices.SortedFunc(maps.Keys(g.pages), func(a, b pageKey) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.number, b.number))
	}) {
		first.Pages = append(first.Pages, g.pages[key])
	}
	list := []*stream.Batch{&first}
	for _, name := range slices.Sorted(maps.Keys(g.skus)) {
		b := list[len(list)-1]
		if len(b.SKUs) == batchSKUs {
			b = &stream.Batch{Next: first.Next, State: first.State}
			list = append(list, b)
		}
		b.SKUs = append(b.SKUs, g.skus[name])
	}
	return list
}

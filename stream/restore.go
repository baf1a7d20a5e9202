package stream

import (
	"fmt"
	"sync/atomic"
)

// restoreBundle is the number of SKUs that a goroutine reads at a time.
const restoreBundle = 256

// restoreSKUs reads the saved SKUs of a site over all cores; each lands at its own index.
func (s *site) restoreSKUs(saved []SKUState) error {
	s.skus = make([]*sku, len(saved))
	list := make([]*sku, len(saved))
	bundles := (len(saved) + restoreBundle - 1) / restoreBundle
	failed := make([]error, bundles)
	var done, told atomic.Int64
	s.across(bundles, func(b int) {
		to := min(len(saved), (b+1)*restoreBundle)
		for i := b * restoreBundle; i < to; i++ {
			k, err := decodeSKU(saved[i].SKU, saved[i].State)
			if err != nil {
				failed[b] = fmt.Errorf("stream: state of SKU %s of site %s: %w", saved[i].SKU, s.name, err)
				return
			}
			s.classify(k)
			list[i] = k
		}
		// Every tenth of a large site is told.
		n := done.Add(int64(to - b*restoreBundle))
		if tenth := 10 * n / int64(len(saved)); len(saved) >= 10_000 && tenth > told.Swap(tenth) {
			s.p.config.Log.Info("restoring", "site", s.name, "skus", n, "of", len(saved))
		}
	})
	for b := range bundles {
		if failed[b] != nil {
			return failed[b]
		}
	}
	s.activity.uncounted = true
	s.names = make(map[string]*sku, len(list))
	for _, k := range list {
		if int(k.index) >= len(s.skus) || s.skus[k.index] != nil {
			return fmt.Errorf("stream: state of SKU %s of site %s: index %d is not its own", k.name, s.name, k.index)
		}
		s.skus[k.index] = k
		s.names[k.name] = k
	}
	return nil
}

package stream

import (
	"context"
	"time"
)

// recallBundle is the number of saved models that the owner takes at a time.
const recallBundle = 1000

// recall reads the saved models of the partition beside the work and hands them to the owner. Records are folded
// meanwhile; plans wait for it, since to fit the models anew would take a hundred times as long. An empty list says that
// all are read.
func (o *owner) recall(ctx context.Context, skus int, out chan<- []Page) {
	log := o.r.c.Log.With("partition", o.partition)
	for attempt := 0; ; attempt++ {
		began := time.Now()
		told, n, bytes := began, 0, 0
		var bundle []Page
		flush := func() error {
			select {
			case out <- bundle:
				bundle = nil
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		err := o.r.c.Store.Recall(ctx, o.partition, func(page Page) error {
			bundle = append(bundle, page)
			n, bytes = n+1, bytes+len(page.Data)
			if time.Since(told) >= time.Second {
				told = time.Now()
				log.Info("reading models", "models", n, "skus", skus, "bytes", bytes)
			}
			if len(bundle) < recallBundle {
				return nil
			}
			return flush()
		})
		if err == nil && len(bundle) > 0 {
			err = flush()
		}
		if err == nil {
			err = flush()
		}
		switch {
		case err == nil:
			took := time.Since(began)
			o.r.c.Metrics.recovered(o.partition, phaseModels, took)
			log.Info("models read", "models", n, "skus", skus, "bytes", bytes, "seconds", took.Seconds())
			return
		case ctx.Err() != nil:
			return
		}
		log.Warn("models cannot be read yet", "error", err)
		if !o.r.pause(ctx, attempt) {
			return
		}
	}
}

// takeModels takes a bundle of saved models; the empty one at the end lets plans begin.
func (o *owner) takeModels(list []Page) {
	for _, page := range list {
		o.p.Recall(page)
	}
	o.recalled = len(list) == 0
}

// awaitModels takes all that are still to come: what follows needs them at once.
func (o *owner) awaitModels(ctx context.Context) error {
	for !o.recalled {
		select {
		case list := <-o.models:
			o.takeModels(list)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

package kafka

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/segmentio/kafka-go/protocol"
	fetchapi "github.com/segmentio/kafka-go/protocol/fetch"
)

// aborted tells the batches of aborted transactions and the markers from records to read, as Kafka's
// own consumer does: the answer to a fetch lists the aborted transactions that it touches by producer
// and first offset; such a transaction ends at the producer's next abort marker.
type aborted struct {
	pending []fetchapi.ResponseTransaction // by first offset, not yet reached
	open    map[int64]bool                 // producers inside an aborted transaction
}

func newAborted(list []fetchapi.ResponseTransaction) *aborted {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b fetchapi.ResponseTransaction) int { return cmp.Compare(a.FirstOffset, b.FirstOffset) })
	return &aborted{pending: list, open: map[int64]bool{}}
}

// abortMarker is the type of the control record that ends an aborted transaction.
const abortMarker = 0

// drops says whether the batch's records are not to be read. It must see every batch, in order.
func (a *aborted) drops(b batch) (bool, error) {
	// A transaction begins at the base offset of one of its batches, and compaction keeps that.
	for len(a.pending) > 0 && a.pending[0].FirstOffset <= b.Offset() {
		a.open[a.pending[0].ProducerID] = true
		a.pending = a.pending[1:]
	}
	switch b := b.(type) {
	case *protocol.ControlBatch:
		if !a.open[b.ProducerID] {
			return true, nil
		}
		return true, a.mark(b)
	case *protocol.RecordBatch:
		return b.Attributes.Transactional() && a.open[b.ProducerID], nil
	default:
		return false, nil
	}
}

// mark closes the producer's aborted transaction if the batch is its abort marker. It reads the marker
// from a copy of the batch's first record, so that the batch can still be read.
func (a *aborted) mark(b *protocol.ControlBatch) error {
	r, err := b.ReadRecord()
	if err != nil {
		return fmt.Errorf("marker at offset %d: %w", b.BaseOffset, err)
	}
	offset := r.Offset
	m, err := protocol.ReadControlRecord(r)
	if err != nil {
		return fmt.Errorf("marker at offset %d: %w", offset, err)
	}
	if m.Type == abortMarker {
		delete(a.open, b.ProducerID)
	}
	// The record again, without its bytes, for its offset.
	b.Records = protocol.NewRecordReader(protocol.Record{Offset: offset})
	return nil
}

package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"drumbeat/stream"
)

// Unsent implements [stream.Store].
func (s *Store) Unsent(ctx context.Context, id int32, after int64, maxBytes int) ([]stream.Unsent, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.partitions[id]
	if p == nil {
		return nil, nil
	}
	var unsent []stream.Unsent
	bytes := 0
	for _, seq := range slices.Sorted(maps.Keys(p.outbox)) {
		if seq <= after {
			continue
		}
		o := p.outbox[seq]
		messages, err := s.messages(o)
		if err != nil {
			return nil, err
		}
		for i := range messages {
			bytes += messages[i].Size()
		}
		if bytes > maxBytes && len(unsent) > 0 {
			break
		}
		unsent = append(unsent, stream.Unsent{Seq: seq, Site: o.Site, Revision: o.Revision, Messages: messages})
	}
	return unsent, nil
}

// messages are what an entry of the outbox stands for.
func (s *Store) messages(o stream.OutboxEntry) ([]stream.Message, error) {
	if o.Revision == 0 {
		d, ok := s.letters[origin{o.OriginTopic, o.OriginPartition, o.OriginOffset}]
		if !ok {
			return nil, fmt.Errorf("stream/memory: entry %d: the dead letter of %s/%d at %d is missing", o.Seq, o.OriginTopic, o.OriginPartition, o.OriginOffset)
		}
		d = cloneLetter(d)
		return []stream.Message{d.Message()}, nil
	}
	var r stream.Revision
	if of := s.sites[o.Site]; of != nil {
		r = of.revisions[o.Revision]
	}
	if r.Head == nil {
		return nil, fmt.Errorf("stream/memory: entry %d: revision %d of site %s is missing", o.Seq, o.Revision, o.Site)
	}
	values := map[string][]byte{}
	for _, l := range r.Lines {
		values[l.SKU] = l.Value
	}
	var messages []stream.Message
	for _, sku := range slices.Sorted(maps.Keys(values)) {
		messages = append(messages, stream.LineMessage(o.Site, sku, o.Revision, slices.Clone(values[sku])))
	}
	return append(messages, stream.HeadMessage(o.Site, o.Revision, slices.Clone(r.Head))), nil
}

// Sent implements [stream.Store].
func (s *Store) Sent(ctx context.Context, id int32, epoch int64, seq int64, readBack []stream.ReadBack) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.partitions[id]
	if p == nil || p.epoch != epoch {
		return stream.ErrFenced
	}
	p.sent = max(p.sent, seq)
	for at, o := range p.outbox {
		if at > seq {
			continue
		}
		delete(p.outbox, at)
		if o.Revision > 0 {
			of := s.sites[o.Site]
			r := of.revisions[o.Revision]
			r.Lines = nil
			of.revisions[o.Revision] = r
		}
	}
	for _, r := range readBack {
		if of := s.sites[r.Site]; of != nil && of.partition == id {
			of.readBack = r
		}
	}
	return nil
}

// Current implements [stream.Store].
func (s *Store) Current(ctx context.Context, name string, skus []string) ([]stream.Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.sites[name]
	if of == nil {
		return nil, nil
	}
	var messages []stream.Message
	for _, sku := range slices.Compact(slices.Sorted(slices.Values(skus))) {
		if l, ok := of.lines[sku]; ok {
			messages = append(messages, stream.LineMessage(name, sku, l.revision, slices.Clone(l.value)))
		}
	}
	if r, ok := of.revisions[of.newest]; ok {
		messages = append(messages, stream.HeadMessage(name, r.Revision, slices.Clone(r.Head)))
	}
	return messages, nil
}

func comparePages(a, b pageKey) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.number, b.number))
}

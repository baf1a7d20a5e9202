package view

import (
	"context"
	"strings"

	"drumbeat/stream/postgres"
)

// Audit implements [Reader].
func (s *Stored) Audit(ctx context.Context, site string) ([]Audit, error) {
	if err := s.exists(ctx, site); err != nil {
		return nil, err
	}
	rows, at, err := s.store.AuditOf(ctx, site)
	out := []Audit{}
	for i, r := range rows {
		reasons := r.Reasons
		if reasons == nil {
			reasons = map[string]int64{}
		}
		out = append(out, Audit{
			Topic: r.OriginTopic, Partition: r.OriginPartition, Read: r.Read, Kept: r.Kept, Flagged: r.Flagged, Rejected: r.Rejected,
			Duplicate: r.Duplicate, Repaired: r.Repaired, Reasons: reasons, UpdatedAt: at[i],
		})
	}
	return out, err
}

// shownValue is how much of a dead letter's value is shown.
const shownValue = 4096

// DeadLetters implements [Reader].
func (s *Stored) DeadLetters(ctx context.Context, q LetterQuery) (*LetterPage, error) {
	filter := postgres.LetterFilter{Site: q.Site, Waiting: q.Waiting, Until: q.Until, Newest: true, Limit: q.Limit}
	if q.Reason != "" {
		filter.Reasons = []string{q.Reason}
	}
	for _, o := range q.Origins {
		filter.Origins = append(filter.Origins, postgres.LetterOrigin(o))
	}
	page := &LetterPage{Letters: []Letter{}, Counts: []LetterCount{}}
	counts, err := s.store.CountLetters(ctx, filter)
	if err != nil {
		return nil, err
	}
	for _, c := range counts {
		page.Counts = append(page.Counts, LetterCount(c))
	}
	err = s.store.EachLetter(ctx, filter, func(l *postgres.Letter) error {
		page.Letters = append(page.Letters, Letter{
			Origin: Origin{l.OriginTopic, l.OriginPartition, l.OriginOffset}, Site: l.Site, Reason: l.Reason, Detail: l.Detail, At: l.At,
			Key: readable(l.Key), Value: readable(l.Value[:min(len(l.Value), shownValue)]), Size: len(l.Value),
			ReplayedAt: l.ReplayedAt, ReplayedAs: l.ReplayedAs, RawKey: l.Key, RawValue: l.Value, Headers: l.Headers,
		})
		return nil
	})
	return page, err
}

func readable(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }

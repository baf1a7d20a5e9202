package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// Sales returns the daily sales of a site, by SKU and date.
func (s *Store) Sales(_ context.Context, name string) ([]stream.DailySale, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.sites[name]
	if of == nil {
		return nil, nil
	}
	return slices.SortedFunc(maps.Values(of.sales), func(a, b stream.DailySale) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Date, b.Date))
	}), nil
}

// Forecasts returns the newest forecast of every SKU of a site, by SKU.
func (s *Store) Forecasts(_ context.Context, name string) ([]stream.ForecastRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.sites[name]
	if of == nil {
		return nil, nil
	}
	rows := slices.SortedFunc(maps.Values(of.forecasts), func(a, b stream.ForecastRow) int { return cmp.Compare(a.SKU, b.SKU) })
	for i := range rows {
		r := &rows[i]
		r.Mean, r.Lower, r.Upper = slices.Clone(r.Mean), slices.Clone(r.Lower), slices.Clone(r.Upper)
	}
	return rows, nil
}

// Accuracy returns how accurate the published forecasts of a site were, by SKU and horizon.
func (s *Store) Accuracy(_ context.Context, name string) ([]stream.AccuracyRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.sites[name]
	if of == nil {
		return nil, nil
	}
	return slices.SortedFunc(maps.Values(of.accuracy), func(a, b stream.AccuracyRow) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Horizon, b.Horizon))
	}), nil
}

// Models returns which experts carry the forecasts of a site, by SKU.
func (s *Store) Models(_ context.Context, name string) ([]stream.ModelRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.sites[name]
	if of == nil {
		return nil, nil
	}
	rows := slices.SortedFunc(maps.Values(of.models), func(a, b stream.ModelRow) int { return cmp.Compare(a.SKU, b.SKU) })
	for i := range rows {
		rows[i].Models = slices.Clone(rows[i].Models)
	}
	return rows, nil
}

// Audit returns the counters, by site and origin.
func (s *Store) Audit(context.Context) ([]stream.AuditRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := slices.SortedFunc(maps.Keys(s.audit), func(a, b auditKey) int {
		return cmp.Or(cmp.Compare(a.site, b.site), cmp.Compare(a.topic, b.topic), cmp.Compare(a.origin, b.origin), cmp.Compare(a.partition, b.partition))
	})
	var rows []stream.AuditRow
	for _, key := range keys {
		row := s.audit[key]
		row.Reasons = maps.Clone(row.Reasons)
		rows = append(rows, row)
	}
	return rows, nil
}

// DeadLetters returns the newest dead letters, the newest first, at most limit of them: of one site unless
// site is empty, with one reason unless reason is empty.
func (s *Store) DeadLetters(_ context.Context, site, reason string, limit int) ([]stream.DeadLetter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var letters []stream.DeadLetter
	for _, d := range s.letters {
		if (site == "" || d.Site == site) && (reason == "" || d.Reason == reason) {
			letters = append(letters, cloneLetter(d))
		}
	}
	slices.SortFunc(letters, func(a, b stream.DeadLetter) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.OriginTopic, b.OriginTopic),
			cmp.Compare(b.OriginPartition, a.OriginPartition), cmp.Compare(b.OriginOffset, a.OriginOffset))
	})
	return letters[:min(limit, len(letters))], nil
}

// Head returns the newest revision of a site with its head; false if there is none.
func (s *Store) Head(_ context.Context, name string) (revision int64, head []byte, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.sites[name]
	if of == nil || of.newest == 0 {
		return 0, nil, false, nil
	}
	return of.newest, slices.Clone(of.revisions[of.newest].Head), true, nil
}

// Lines returns the plan of a site as it stands, in byte order of SKU.
func (s *Store) Lines(_ context.Context, name string) ([]stream.LineValue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.sites[name]
	if of == nil {
		return nil, nil
	}
	var lines []stream.LineValue
	for _, sku := range slices.Sorted(maps.Keys(of.lines)) {
		if value := of.lines[sku].value; value != nil {
			lines = append(lines, stream.LineValue{SKU: sku, Value: slices.Clone(value)})
		}
	}
	return lines, nil
}

func cloneLetter(d stream.DeadLetter) stream.DeadLetter {
	d.Key, d.Value = slices.Clone(d.Key), slices.Clone(d.Value)
	headers := make([]schemas.Header, len(d.Headers))
	for i, h := range d.Headers {
		headers[i] = schemas.Header{Key: h.Key, Value: slices.Clone(h.Value)}
	}
	d.Headers = headers
	return d
}

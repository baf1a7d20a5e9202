package view

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/postgres"
)

// Stored is the Reader on the database.
type Stored struct {
	store *postgres.Store
	now   func() time.Time
}

var _ Reader = (*Stored)(nil)

// NewStored reads from store; now is the wall clock, for the age of plans.
func NewStored(store *postgres.Store, now func() time.Time) *Stored { return &Stored{store, now} }

// Sites implements [Reader].
func (s *Stored) Sites(ctx context.Context) ([]Site, error) {
	partitions, err := s.store.Sites(ctx)
	if err != nil {
		return nil, err
	}
	heads, err := s.store.NewestHeads(ctx)
	if err != nil {
		return nil, err
	}
	sites := []Site{}
	for _, name := range slices.Sorted(maps.Keys(partitions)) {
		site := Site{Site: name, Partition: partitions[name]}
		if stored, ok := heads[name]; ok {
			if site.Plan, err = s.revision(&stored); err != nil {
				return nil, err
			}
		}
		sites = append(sites, site)
	}
	return sites, nil
}

// exists is an ErrNotFound unless some partition has claimed the site.
func (s *Stored) exists(ctx context.Context, site string) error {
	known := false
	if schemas.ValidSite(site) {
		var err error
		if known, err = s.store.HasSite(ctx, site); err != nil {
			return err
		}
	}
	if !known {
		return fmt.Errorf("site %q: %w", site, ErrNotFound)
	}
	return nil
}

// basis is what is said with everything that shows the plan of h. A site that has only definitions has no
// watermark: its data are as old as its plan.
func (s *Stored) basis(h *schemas.Head) Basis {
	asOf := h.Input.Watermark
	if asOf.Year() <= 1 {
		asOf = h.CreatedAt
	}
	age := max(0, s.now().Sub(asOf)).Seconds()
	return Basis{
		Site: h.Site, PlanID: h.PlanID, Revision: h.Revision, Status: h.Status, CreatedAt: h.CreatedAt, DataAsOf: asOf,
		AgeSeconds: math.Round(age*1000) / 1000,
	}
}

func readHead(raw []byte) (*schemas.Head, error) {
	h := new(schemas.Head)
	if err := json.Unmarshal(raw, h); err != nil {
		return nil, fmt.Errorf("view: stored head: %w", err)
	}
	return h, nil
}

func (s *Stored) revision(r *stream.Revision) (*Revision, error) {
	h, err := readHead(r.Head)
	if err != nil {
		return nil, err
	}
	return &Revision{
		Basis: s.basis(h), Reason: h.Reason, Mode: h.Mode, Baseline: h.Baseline, Cause: h.Cause, Cost: h.Cost, Gap: h.Certificate.Gap,
		ShortageTotal: h.ShortageTotal, Lines: h.Lines, ChangedLines: h.ChangedLines, MovedUnits: h.MovedUnits, FrozenMoves: h.FrozenMoves,
		Kept: r.Baseline,
	}, nil
}

// Plan implements [Reader].
func (s *Stored) Plan(ctx context.Context, site string, revision int64) (*Plan, error) {
	if err := s.exists(ctx, site); err != nil {
		return nil, err
	}
	before := int64(0)
	if revision > 0 && revision < math.MaxInt64 {
		before = revision + 1
	}
	list, err := s.store.HeadRange(ctx, site, before, -1, 1)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || revision > 0 && list[0].Revision != revision {
		return nil, noRevision(site, revision)
	}
	h, err := readHead(list[0].Head)
	if err != nil {
		return nil, err
	}
	return &Plan{s.basis(h), h, list[0].Head}, nil
}

func noRevision(site string, revision int64) error {
	if revision == 0 {
		return fmt.Errorf("plan of site %q: %w", site, ErrNotFound)
	}
	return fmt.Errorf("revision %d of site %q: %w", revision, site, ErrNotFound)
}

// Lines implements [Reader].
func (s *Stored) Lines(ctx context.Context, q LineQuery) (*LinePage, error) {
	if err := s.exists(ctx, q.Site); err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit > 0 {
		limit++ // one more says that there is more
	}
	part, err := s.store.PlanPart(ctx, postgres.PlanQuery{
		Site: q.Site, Revision: q.Revision, After: q.After, Contains: strings.ToUpper(q.Contains), Limit: limit,
	})
	if err != nil {
		return nil, err
	}
	if part == nil {
		return nil, noRevision(q.Site, q.Revision)
	}
	h, err := readHead(part.Head)
	if err != nil {
		return nil, err
	}
	page := &LinePage{Basis: s.basis(h), Total: part.Total, Lines: []Line{}}
	for i, v := range part.Lines {
		if q.Limit > 0 && i == q.Limit {
			page.More = true
			break
		}
		line, err := readLine(v.Value)
		if err != nil {
			return nil, err
		}
		page.Lines = append(page.Lines, *line)
	}
	return page, nil
}

func readLine(raw []byte) (*Line, error) {
	l := &Line{Raw: raw}
	if err := json.Unmarshal(raw, &l.Line); err != nil {
		return nil, fmt.Errorf("view: stored line: %w", err)
	}
	return l, nil
}

// History implements [Reader].
func (s *Stored) History(ctx context.Context, site string, before int64, limit int) ([]Revision, error) {
	return s.revisions(ctx, site, before, -1, limit)
}

// After implements [Reader].
func (s *Stored) After(ctx context.Context, site string, revision int64, limit int) ([]Revision, error) {
	return s.revisions(ctx, site, 0, revision, limit)
}

func (s *Stored) revisions(ctx context.Context, site string, before, after int64, limit int) ([]Revision, error) {
	if err := s.exists(ctx, site); err != nil {
		return nil, err
	}
	list, err := s.store.HeadRange(ctx, site, before, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Revision, len(list))
	for i := range list {
		r, err := s.revision(&list[i])
		if err != nil {
			return nil, err
		}
		out[i] = *r
	}
	return out, nil
}

// Newest implements [Reader].
func (s *Stored) Newest(ctx context.Context, site string) (int64, error) {
	if err := s.exists(ctx, site); err != nil {
		return 0, err
	}
	return s.store.NewestRevision(ctx, site)
}

// Changes implements [Reader].
func (s *Stored) Changes(ctx context.Context, changed func(site string)) error {
	return s.store.Listen(ctx, changed)
}

// Problem implements [Reader].
func (s *Stored) Problem(ctx context.Context, site string) (*Problem, error) {
	if err := s.exists(ctx, site); err != nil {
		return nil, err
	}
	stored, err := s.store.NewestProblem(ctx, site)
	if err != nil {
		return nil, err
	}
	if stored == nil {
		return nil, noRevision(site, 0)
	}
	h, err := readHead(stored.Head)
	if err != nil {
		return nil, err
	}
	p := &Problem{Basis: s.basis(h), Problem: new(optimize.Problem)}
	if err := stream.Unpack(stored.Problem, p.Problem); err != nil {
		return nil, err
	}
	if stored.Start != nil {
		p.Start = new(optimize.Start)
		if err := stream.Unpack(stored.Start, p.Start); err != nil {
			return nil, err
		}
	}
	return p, nil
}

package stream_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream"
)

func upgradeConfig() stream.Config {
	return stream.Config{Partition: upgradePartition, DefaultSite: upgradeSite, Settings: settings(), PlanEvery: "week"}
}

// solveUpgrade solves a job cold, but for one of the other site, which fails: a degraded plan.
func solveUpgrade(ctx context.Context, job *stream.Job) stream.Outcome {
	if job.Site == upgradeOther && job.Problem.Periods[0] == "2026-W11" {
		return stream.Outcome{Err: errors.New("the solver took longer than 1m0s")}
	}
	return solveCold(ctx, job)
}

// upgradeRun folds records and keeps what is published and counted.
type upgradeRun struct {
	t       testing.TB
	p       *stream.Processor
	replay  *stream.Replay
	heads   []schemas.Head
	plans   []upgradeMessage
	reader  schemas.PlanReader
	audit   map[string]stream.AuditRow
	solved  map[string]upgradeSolved
	batches func(*stream.Batch) error
}

func newUpgradeRun(t testing.TB, from *stream.Snapshot) *upgradeRun {
	t.Helper()
	p, err := stream.New(upgradeConfig(), from)
	if err != nil {
		t.Fatal(err)
	}
	r := &upgradeRun{t: t, p: p, audit: map[string]stream.AuditRow{}, solved: map[string]upgradeSolved{}}
	r.replay = &stream.Replay{Processor: p, Solve: solveUpgrade, Save: r.save, Every: 1}
	return r
}

func (r *upgradeRun) save(b *stream.Batch) error {
	for _, a := range b.Audit {
		r.audit[a.Site] = a
	}
	for _, v := range b.Revisions {
		for _, l := range v.Lines {
			r.publish(stream.LineMessage(v.Site, l.SKU, v.Revision, l.Value), v.Revision)
		}
		r.publish(stream.HeadMessage(v.Site, v.Revision, v.Head), v.Revision)
		if v.Problem != nil {
			r.solved[v.Site] = upgradeSolved{v.Site, v.Head, v.Problem, v.Start}
		}
	}
	if r.batches != nil {
		return r.batches(b)
	}
	return nil
}

func (r *upgradeRun) publish(m stream.Message, revision int64) {
	r.plans = append(r.plans, upgradeMessage{string(m.Key), revision, m.Value})
	closed, err := r.reader.Apply(m.Headers, string(m.Key), m.Value)
	if err != nil {
		r.t.Fatal(err)
	}
	if closed {
		r.heads = append(r.heads, *r.reader.Site(m.Site).Head)
	}
}

func (r *upgradeRun) take(records []stream.Record) {
	r.t.Helper()
	for _, rec := range records {
		if err := r.replay.Record(context.Background(), rec); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *upgradeRun) end() {
	r.t.Helper()
	if err := r.replay.End(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

// What a release has left behind, this one takes up: states and models as they were saved, a log with every type of
// event, published plans and stored Problems. After the rest of the log it has counted what it would have counted had it
// read all of the log itself, and revisions go on. A release that plans the log as the old one did also stands where it
// would stand then; one that forecasts or plans otherwise cannot, since plans keep to former plans.
func TestUpgrade(t *testing.T) {
	if *update != "" {
		writeUpgrade(t, *update)
	}
	versions := upgradeVersions(t)
	for i, dir := range versions {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			records, old := readUpgrade(t, dir)
			checkEveryType(t, records)
			for _, s := range old.Solved {
				var problem optimize.Problem
				var start optimize.Start
				if err := errors.Join(stream.Unpack(s.Problem, &problem), stream.Unpack(s.Start, &start)); err != nil || len(problem.SKUs) == 0 {
					t.Fatalf("site %s: a Problem of %d SKUs, %v", s.Site, len(problem.SKUs), err)
				}
			}

			fresh := newUpgradeRun(t, &stream.Snapshot{})
			fresh.take(records)
			fresh.end()
			upgraded := newUpgradeRun(t, &old.Snapshot)
			for _, page := range old.Models {
				upgraded.p.Recall(page)
			}
			if i == len(versions)-1 {
				checkEverythingSaved(t, upgraded.p)
			}
			for _, m := range old.Plans {
				headers := []schemas.Header{{Key: schemas.HeaderRevision, Value: strconv.AppendInt(nil, m.Revision, 10)}}
				if _, err := upgraded.reader.Apply(headers, m.Key, m.Value); err != nil {
					t.Fatal(err)
				}
			}
			revision := map[string]int64{}
			alike := true
			for _, site := range []string{upgradeSite, upgradeOther} {
				head := upgraded.reader.Site(site).Head
				revision[site] = head.Revision
				alike = alike && slices.ContainsFunc(fresh.heads, func(h schemas.Head) bool {
					return h.PlanID == head.PlanID && h.Cost == head.Cost
				})
			}
			upgraded.take(records[old.Snapshot.Next:])
			upgraded.end()

			for _, h := range upgraded.heads {
				if revision[h.Site]++; h.Revision != revision[h.Site] {
					t.Errorf("site %s: revision %d where %d is due", h.Site, h.Revision, revision[h.Site])
				}
			}
			for _, site := range []string{upgradeSite, upgradeOther} {
				want, got := fresh.reader.Site(site), upgraded.reader.Site(site)
				if !got.Complete() || len(upgraded.heads) < 2 || alike && (got.Head.Checksum != want.Head.Checksum || got.Head.Revision != want.Head.Revision) {
					t.Errorf("site %s: plan %d (proven %v), want %d with the same lines", site, got.Head.Revision, got.Complete(), want.Head.Revision)
				}
				if a, b := upgraded.audit[site], fresh.audit[site]; a.Read != b.Read || a.Kept != b.Kept || a.Flagged != b.Flagged || a.Rejected != b.Rejected || a.Duplicate != b.Duplicate {
					t.Errorf("site %s: audit %+v, want %+v", site, a, b)
				}
			}
			if !alike {
				t.Log("this release plans otherwise: plans and state are not compared")
				return
			}
			upgraded.p.ForgetLines()
			fresh.p.ForgetLines()
			if i == len(versions)-1 && !bytes.Equal(upgraded.p.Dump(), fresh.p.Dump()) {
				t.Errorf("state after the upgrade: %s", difference(string(upgraded.p.Dump()), string(fresh.p.Dump())))
			}
		})
	}
}

// checkEveryType wants every type of event of this release in the log.
func checkEveryType(t *testing.T, records []stream.Record) {
	t.Helper()
	seen := map[schemas.Type]bool{}
	var d schemas.Decoder
	var ev schemas.Event
	for _, rec := range records {
		if d.Decode(nil, rec.Value, &ev) == nil {
			seen[ev.Type] = true
		}
	}
	for _, kind := range schemas.Types() {
		if !seen[kind] {
			t.Errorf("no event of type %s", kind)
		}
	}
}

// checkEverythingSaved wants each part of a saved state set somewhere: of what is nowhere set, nothing is known.
func checkEverythingSaved(t *testing.T, p *stream.Processor) {
	t.Helper()
	unset := p.Unset()
	slices.Sort(unset)
	// A breaker takes hundreds of bad records, days that settle early a million sales; what has expired is said by the next
	// plan, which is made with it.
	if want := []string{"site.Breaker", "site.Early", "site.Expired"}; !slices.Equal(unset, want) {
		t.Errorf("nothing is saved in %q, want %q: write the golden files of another version", unset, want)
	}
}

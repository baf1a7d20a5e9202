package stream

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"

	"slices"
	"strings"
	"time"

	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

// Job is a problem to solve for a site. It holds a snapshot: the site goes on meanwhile.
type Job struct {
	Site    string
	Problem *optimize.Problem
	Start   *optimize.Start // where to begin; nil: cold
	draft   *draft
}

// Outcome is what came of a Job. The encoded Problem and Start are stored with the revision.
type Outcome struct {
	Plan    *optimize.Plan // nil with Err
	Err     error
	Problem []byte
	Start   []byte
}

// Job returns the next problem that is due, nil if there is none. At most one Job a site is out; its
// Outcome goes to Planned. Sites take turns.
func (p *Processor) Job() *Job { return p.jobUntil(context.Background()) }

// jobUntil is Job, and nil if ctx ends before the Problem is drawn: what it was to cover stays pending.
func (p *Processor) jobUntil(ctx context.Context) *Job {
	for range p.order {
		s := p.sites[p.order[p.turn%len(p.order)]]
		p.turn = (p.turn + 1) % len(p.order)
		if s.due() {
			return s.job(ctx)
		}
	}
	return nil
}

func (s *site) due() bool {
	if s.solving || s.held() || s.Pending.Any == 0 || len(s.skus) == 0 || !s.started() {
		return false
	}
	if s.settings.Clock == schemas.ClockEvent {
		return s.Pending.Immediate
	}
	return s.Pending.due(s.p.now, &s.settings) && !s.p.now.Before(s.RetryAt)
}

func (s *site) job(ctx context.Context) *Job {
	problem, d := s.draw(ctx)
	if d == nil {
		return nil
	}
	s.solving, s.covered, s.Pending = true, s.Pending, change{}
	s.dirty = true
	return &Job{Site: s.name, Problem: problem, Start: s.basis, draft: d}
}

// After a failed solve the next one waits: twice as long each time.
const (
	firstRetry = 5 * time.Second
	lastRetry  = 5 * time.Minute
)

// retryAfter is the wait after a number of failures in a row, from 1.
func retryAfter(failures int) time.Duration { return min(firstRetry<<min(failures-1, 10), lastRetry) }

// Planned takes the outcome of a Job. The plan and everything that follows from it are in the next
// batch.
func (p *Processor) Planned(job *Job, out Outcome) {
	s := p.sites[job.Site]
	covered := s.covered
	s.solving, s.covered, s.dirty = false, change{}, true
	switch {
	case out.Err != nil:
		s.failed(job.draft, covered, out.Err)
	case !s.calendar.same(&job.draft.calendar) || s.calendar.at(s.Today).Start != job.draft.periods[0].Start:
		// The period rolled over, or the periods changed, while this was solved.
		s.uncover(covered)
		s.Pending.Immediate = true
	default:
		s.Failures, s.RetryAt = 0, time.Time{}
		s.adopt(job, covered, out)
		if s.held() {
			s.sayHeld()
		}
	}
}

// failed publishes the former plan once more, as degraded, and retries cold.
func (s *site) failed(d *draft, covered change, err error) {
	s.basis = nil
	s.Failures++
	s.RetryAt = s.p.now.Add(retryAfter(s.Failures))
	s.uncover(covered)
	s.Pending.Immediate = s.settings.Clock == schemas.ClockWall
	s.p.config.Log.Error("solve failed", "site", s.name, "error", err, "failures", s.Failures)
	if s.Status == string(schemas.PlanDegraded) {
		return
	}
	h := schemas.Head{Periods: d.names, Mode: s.settings.Mode, Checksum: schemas.Checksum(nil)}
	h.Input, h.State, h.Excluded, h.Approved = d.input, d.state, d.excluded, d.approval
	if former, ok := s.formerHead(); ok {
		h = former // with its input: the lines have seen no more than that
	}
	s.degrade(h, err.Error(), covered)
}

// degrade publishes a head once more, as degraded.
func (s *site) degrade(h schemas.Head, reason string, covered change) {
	h.Status, h.Reason = schemas.PlanDegraded, reason
	h.ChangedLines, h.MovedUnits, h.FrozenMoves = 0, 0, 0
	s.publish(&h, covered, nil, Outcome{})
}

// adopt makes a plan the site's newest one.
func (s *site) adopt(job *Job, covered change, out Outcome) {
	d, plan := job.draft, out.Plan
	s.basis = plan.Start
	if plan.Status == optimize.Infeasible {
		h := HeadOf(job.Problem, plan, nil)
		h.Input, h.State, h.Excluded, h.Approved = d.input, d.state, d.excluded, d.approval
		h.Checksum = schemas.Checksum(nil)
		if former, ok := s.formerHead(); ok {
			h.Checksum = former.Checksum
		}
		s.publish(&h, covered, nil, out)
		return
	}
	revision := s.Revision + 1
	lines := make([]schemas.Line, len(d.skus))
	s.across(len(lines), func(i int) {
		e := &d.skus[i]
		lines[i] = LineOf(s.name, job.Problem, plan, i, &Interval{e.low, e.high})
		lines[i].Revision, lines[i].Found, lines[i].Periods[0].Overdue = revision, e.found, e.overdue
		for t, q := range e.approved {
			lines[i].Periods[t].Approved = q
		}
	})
	h := HeadOf(job.Problem, plan, lines)
	h.Input, h.State, h.Excluded, h.Approved = d.input, d.state, d.excluded, d.approval
	var sum schemas.Checksummer
	var changed []LineValue
	written := make([]writtenLine, min(linesAtOnce, len(lines)))
	for i := range lines {
		at := i % linesAtOnce
		if at == 0 {
			s.across(min(linesAtOnce, len(lines)-i), func(j int) { written[j] = writeLine(&lines[i+j], &d.skus[i+j].forecast) })
		}
		k, w := d.skus[i].k, &written[at]
		if err := sum.Add(lines[i].SKU, w.value); err != nil {
			panic("stream: lines out of order: " + err.Error())
		}
		if !k.inPlan || w.hash != k.lineHash {
			k.inPlan, k.lineHash, k.lineRevision = true, w.hash, revision
			s.save(k)
			changed = append(changed, LineValue{SKU: k.name, Value: w.value})
		}
		s.follow(d, i, plan.Production[i], revision, w.forecast)
	}
	for _, name := range d.left {
		k := s.known(name)
		k.inPlan, k.planned, k.lineRevision = false, nil, revision
		k.baseline, k.hasBaseline, k.standing = nil, false, nil
		s.save(k)
		changed = append(changed, LineValue{SKU: name})
	}
	slices.SortFunc(changed, func(a, b LineValue) int { return strings.Compare(a.SKU, b.SKU) })
	h.Checksum, h.ChangedLines = sum.Sum(), len(changed)
	if s.isOrigin(d.day) {
		s.Origin = d.day
	}
	first := !s.FirstPlan
	s.FirstPlan = true
	s.Plan.From, s.Plan.Until = d.periods[0].Start, d.periods[len(d.periods)-1].End
	if first && s.settings.Freeze == schemas.FreezeAuto {
		// The first plan is the one in force for the rest of its period.
		s.Baseline, s.BaselineFrom, s.BaselineUntil = revision, s.Plan.From, s.Plan.Until
		for i := range d.skus {
			k := d.skus[i].k
			k.baseline, k.hasBaseline = k.planned, true
			s.save(k)
		}
	}
	s.publish(&h, covered, changed, out)
	s.Plan.Head = s.lastHead()
}

// linesAtOnce is the number of lines that are written over the cores at a time: those that have not changed are dropped.
const linesAtOnce = 1024

// writtenLine is a line as it is published, with its hash and that of its SKU's forecast.
type writtenLine struct {
	value          []byte
	hash, forecast uint64
}

func writeLine(l *schemas.Line, f *ForecastRow) (w writtenLine) {
	const perPeriod = 280 // bytes, more than nearly all take
	w.value = l.Append(make([]byte, 0, perPeriod*(len(l.Periods)+1)))
	w.hash = hashBytes(schemas.StripRevision(w.value))
	b := make([]byte, 0, 4*(len(f.Mean)+len(f.Lower)+len(f.Upper)+3))
	for _, v := range [...][]float32{f.Mean, f.Lower, f.Upper} {
		for _, x := range v {
			b = codec.AppendFloat32(b, x)
		}
	}
	w.forecast = hashBytes(codec.AppendVarint(b, int64(f.First)))
	return w
}

func hashBytes(b []byte) uint64 {
	h := fnv.New64a()
	h.Write(b)
	return h.Sum64()
}

// follow keeps what a SKU needs of the plan: its production, the need it has covered, its forecast, of which hash is.
func (s *site) follow(d *draft, i int, production []float64, revision int64, hash uint64) {
	e := &d.skus[i]
	k := e.k
	former := k.planned
	k.planned = k.planned[:0:0]
	for t, p := range d.periods {
		if q := quantity(production[t]) + e.start[t]; q > 0 {
			k.planned = append(k.planned, planned{p.Start, q})
		}
	}
	if s.settings.Confirmation == schemas.ConfirmAssume {
		// What the plan starts in the current period is taken as started, but for what has become a real
		// order while the plan was made.
		begun := s.calendar.at(s.Today)
		s.assume(k, s.Today, min(quantity(production[0]), plannedAt(k.planned, begun.Start)-k.ordered(begun)))
	}
	if need := s.need(k, e.outlook); need != k.seen || e.scale != k.scale || e.outlook != k.outlook ||
		!slices.Equal(former, k.planned) {
		k.seen, k.scale, k.outlook = need, e.scale, e.outlook
		s.save(k)
	}
	s.stands(e, d.periods)
	if hash != k.forecastHash {
		k.forecastHash = hash
		e.forecast.Revision = revision
		s.p.forecasts = append(s.p.forecasts, e.forecast)
		s.save(k)
	}
	if e.issued != nil {
		s.published(k, e.issued)
	}
}

// publish completes a head and puts the revision into the next batch.
func (s *site) publish(h *schemas.Head, covered change, changed []LineValue, out Outcome) {
	s.Revision++
	h.Site, h.Revision, h.PlanID = s.name, s.Revision, schemas.PlanID(s.name, s.Revision)
	h.Now = s.Now
	h.CreatedAt = s.p.now
	if s.settings.Clock == schemas.ClockEvent {
		h.CreatedAt = s.Now
	}
	h.Baseline = s.Baseline
	h.Cause = schemas.Cause{Trigger: covered.Trigger, SKUs: covered.SKUs, Detail: covered.Detail}
	if len(s.Expired) > 0 {
		list := s.Expired[:min(len(s.Expired), namedSKUs)]
		h.Cause.Detail = strings.TrimSpace(fmt.Sprintf("%s %d planned orders expired unconfirmed: %s", h.Cause.Detail, len(s.Expired), strings.Join(list, ", ")))
		s.Expired = nil
	}
	s.Status = string(h.Status)
	s.dirty = true
	r := Revision{
		Site: s.name, Revision: s.Revision, ExecutionDate: s.Today, CreatedAt: h.CreatedAt, Status: s.Status,
		Head: h.Append(nil), Lines: changed, Problem: out.Problem, Start: out.Start,
		Baseline: s.Revision == s.Baseline,
	}
	if s.settings.Clock == schemas.ClockWall && h.Status != schemas.PlanDegraded {
		r.Since = covered.First
	}
	s.p.revisions = append(s.p.revisions, r)
	s.p.seq++
	s.p.outbox = append(s.p.outbox, OutboxEntry{Seq: s.p.seq, Site: s.name, Revision: s.Revision})
	s.p.changed = true
}

// formerHead is the head of the newest plan that has lines.
func (s *site) formerHead() (h schemas.Head, ok bool) {
	if len(s.Plan.Head) == 0 {
		return h, false
	}
	if err := json.Unmarshal(s.Plan.Head, &h); err != nil {
		panic(fmt.Sprintf("stream: stored head of site %s: %v", s.name, err))
	}
	return h, true
}

// lastHead is the head that publish has just made.
func (s *site) lastHead() json.RawMessage {
	return bytes.Clone(s.p.revisions[len(s.p.revisions)-1].Head)
}

// Withdraw takes a Job back that was not solved to its end: its change is pending again.
func (p *Processor) Withdraw(job *Job) {
	s := p.sites[job.Site]
	s.uncover(s.covered)
	s.solving, s.covered, s.dirty = false, change{}, true
}

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/postgres"
)

// Question is a what-if question over HTTP about a site with a stored plan.
type Question struct {
	Case    string
	Site    string
	problem *optimize.Problem
}

// WhatIfSites are the sites that are asked about over HTTP: the one of WhatIf, and 2,000 SKUs of one factory in
// 26 periods.
func WhatIfSites() []Question {
	return []Question{
		{"3x13 over HTTP", "bench-small", whatIfProblem()},
		{"2000x26 over HTTP", "bench-large", func() *optimize.Problem {
			in := newPlanInstance(2000, 26, 1, true)
			p := in.problem(in.demand)
			p.Mode = optimize.Elastic
			return p
		}()},
	}
}

// Store solves the problem and stores the plan as the service does, on a partition that no service owns.
func (q *Question) Store(ctx context.Context, store *postgres.Store, partition int32, at time.Time) (err error) {
	engine := optimize.NewEngine(clp.New, optimize.Options{})
	defer func() { err = errors.Join(err, engine.Close()) }()
	plan, err := engine.Solve(ctx, q.problem, nil)
	if err != nil {
		return fmt.Errorf("bench: %s: %w", q.Case, err)
	}
	r := stream.Revision{Site: q.Site, Revision: 1, ExecutionDate: schemas.DateOf(at), CreatedAt: at, Status: string(plan.Status), Baseline: true}
	if r.Problem, err = stream.Pack(q.problem); err != nil {
		return err
	}
	lines := make([]schemas.Line, len(q.problem.SKUs))
	var sum schemas.Checksummer
	for i := range lines {
		lines[i] = stream.LineOf(q.Site, q.problem, plan, i, nil)
		lines[i].Revision = 1
		value := lines[i].Append(nil)
		r.Lines = append(r.Lines, stream.LineValue{SKU: lines[i].SKU, Value: value})
		if err := sum.Add(lines[i].SKU, value); err != nil {
			return err
		}
	}
	head := stream.HeadOf(q.problem, plan, lines)
	head.Site, head.Revision, head.PlanID, head.Checksum = q.Site, 1, schemas.PlanID(q.Site, 1), sum.Sum()
	head.CreatedAt, head.Now, head.Input.Watermark = at, at, at
	r.Head = head.Append(nil)
	loaded, err := store.Load(ctx, partition)
	if err != nil {
		return err
	}
	return store.Save(ctx, partition, loaded.Epoch, &stream.Batch{
		Next: 1, State: []byte{}, Sites: []stream.SiteState{{Site: q.Site, State: []byte{}}}, Revisions: []stream.Revision{r},
	})
}

// callers is how many people ask at the same time.
const callers = 2

// Ask asks for as long as lasting, each time with another capacity, and reports how many answers came and how
// long they took. The first answer, for which the plan is made ready, is left out.
func (q *Question) Ask(ctx context.Context, address string, lasting time.Duration, name string, report func(Row)) error {
	if err := q.ask(ctx, address, 0); err != nil {
		return err
	}
	var mu sync.Mutex
	var took []float64
	began, used := time.Now(), cpu()
	group, ctx := errgroup.WithContext(ctx)
	for caller := range callers {
		group.Go(func() error {
			for i := caller; time.Since(began) < lasting; i += callers {
				asked := time.Now()
				if err := q.ask(ctx, address, i); err != nil {
					return err
				}
				mu.Lock()
				took = append(took, 1000*time.Since(asked).Seconds())
				mu.Unlock()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	elapsed, spent := time.Since(began), cpu()-used
	slices.Sort(took)
	n := float64(len(took))
	for _, r := range []Row{
		{Metric: "questions_per_second", Value: n / elapsed.Seconds(), Unit: "1/s"},
		{Metric: "median_milliseconds", Value: took[len(took)/2], Unit: "ms"},
		{Metric: "p99_milliseconds", Value: took[len(took)*99/100], Unit: "ms"},
		{Metric: "cpu_milliseconds", Value: 1000 * spent.Seconds() / n, Unit: "ms"}, // of the whole process
	} {
		r.Bench, r.Case = "what-if", q.Case+name
		report(r)
	}
	return nil
}

// looks is how often the page of a site is opened after the first time.
const looks = 20

// Look opens the page of the site, the first time since the service has started and then again, and reports how long
// that took and how large it is.
func (q *Question) Look(ctx context.Context, address string, report func(Row)) error {
	first, size := 0.0, 0
	began, used := time.Now(), cpu()
	for i := range looks + 1 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/sites/"+q.Site, nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return fmt.Errorf("bench: %s: %w", q.Case, err)
		}
		page, err := io.ReadAll(res.Body)
		if err = errors.Join(err, res.Body.Close()); err == nil && res.StatusCode != http.StatusOK {
			err = errors.New(res.Status)
		}
		if err != nil {
			return fmt.Errorf("bench: %s: page: %w", q.Case, err)
		}
		size = max(size, len(page))
		if i == 0 {
			first = 1000 * time.Since(began).Seconds()
			began, used = time.Now(), cpu()
		}
	}
	for _, r := range []Row{
		{Metric: "first_page_milliseconds", Value: first, Unit: "ms"},
		{Metric: "page_milliseconds", Value: 1000 * time.Since(began).Seconds() / looks, Unit: "ms"},
		{Metric: "page_cpu_milliseconds", Value: 1000 * (cpu() - used).Seconds() / looks, Unit: "ms"}, // of the whole process
		{Metric: "page_kilobytes", Value: float64(size) / 1000, Unit: "kB"},
	} {
		r.Bench, r.Case = "what-if", q.Case
		report(r)
	}
	return nil
}

func (q *Question) ask(ctx context.Context, address string, i int) error {
	percent := -float64(i%50) / 10 // up to 4.9 % less
	body, err := json.Marshal(&optimize.Overrides{Resources: []optimize.ResourceOverride{{CapacityPercent: &percent}}})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/v1/sites/"+q.Site+"/what-if", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("bench: %s: %w", q.Case, err)
	}
	defer res.Body.Close()
	var a struct {
		Status optimize.Status       `json:"status"`
		Loads  []optimize.LoadChange `json:"loads"`
	}
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode == http.StatusOK {
		err = json.Unmarshal(answer, &a)
	}
	if err == nil && (a.Status != optimize.Optimal || len(a.Loads) != len(q.problem.Periods)) {
		err = fmt.Errorf("%s: %.300s", res.Status, answer)
	}
	if err != nil {
		return fmt.Errorf("bench: %s: %w", q.Case, err)
	}
	return nil
}

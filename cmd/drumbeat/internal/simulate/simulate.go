package simulate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"drumbeat/optimize"
)

// Options say what is simulated.
type Options struct {
	Choices []Choice
	Solver  func() optimize.Solver
	Workers int               // runs at once; 0: one a core
	Done    func(text string) // told of each run that has ended; nil: nobody asks
	Story   string            // SKU whose days are kept; "": the one that costs the policies most differently
}

// Report is what came of all runs.
type Report struct {
	Set      string     `json:"set"`
	SKUs     int        `json:"skus"`
	Days     int        `json:"days"`
	From     string     `json:"from"`
	Seeds    int        `json:"seeds"`
	Policies []Measures `json:"policies"`
	Story    *Story     `json:"-"`
}

// All runs every policy over every set; the sets differ by their seeds alone. The clairvoyant is run in any case. With
// one set confidence comes from resampling its SKUs, else from resampling the sets.
func All(ctx context.Context, sets []*Set, o Options) (*Report, error) {
	choices := slices.Clone(o.Choices)
	bound := slices.IndexFunc(choices, func(c Choice) bool { return c.bound() })
	if bound < 0 {
		bound = len(choices)
		choices = append(choices, Choice{Text: "clairvoyant", Name: "clairvoyant"})
	}
	ledgers := make([][]*Ledger, len(choices))
	group, ctx := errgroup.WithContext(ctx)
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	group.SetLimit(workers)
	done := make(chan string, len(choices)*len(sets))
	for c := range choices {
		ledgers[c] = make([]*Ledger, len(sets))
		for s := range sets {
			group.Go(func() error {
				l, err := one(ctx, sets[s], &choices[c], o.Solver)
				if err != nil {
					return fmt.Errorf("%s: %w", choices[c].Text, err)
				}
				ledgers[c][s] = l
				done <- choices[c].Text
				return nil
			})
		}
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		for text := range done {
			if o.Done != nil {
				o.Done(text)
			}
		}
	}()
	err := group.Wait()
	close(done)
	<-told
	if err != nil {
		return nil, err
	}
	first := sets[0]
	r := &Report{Set: first.Name, SKUs: len(first.SKUs), Days: first.days(), From: first.From.String(), Seeds: len(sets)}
	for c := range choices {
		m := Measures{Policy: choices[c].Text, Family: choices[c].Family()}
		for _, l := range ledgers[c] {
			m.gather(l, len(sets) == 1)
		}
		m.finish(len(sets))
		r.Policies = append(r.Policies, m)
	}
	for c := range r.Policies {
		m := &r.Policies[c]
		m.against(&r.Policies[bound])
		least := r.Policies[bound].Total
		for b := range choices {
			if choices[b].Name == "clairvoyant" {
				least = max(least, r.Policies[b].losing(m.Lost, choices[b].get("goodwill")))
			}
		}
		m.AtFill = m.Total/least - 1
	}
	r.Story = tell(first, choices, ledgers, o.Story)
	return r, nil
}

// one is one run.
func one(ctx context.Context, set *Set, c *Choice, solver func() optimize.Solver) (l *Ledger, err error) {
	policy, err := c.Make(set, solver)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, policy.Close()) }()
	return Run(ctx, set, policy)
}

// tell keeps the days of one SKU: the named one, else the one whose cost differs most between the policies.
func tell(set *Set, choices []Choice, ledgers [][]*Ledger, name string) *Story {
	at, widest := 0, -1.0
	for i := range set.SKUs {
		low, high := 0.0, 0.0
		for c := range choices {
			cost := ledgers[c][0].SKUs[i].Cost.Total()
			if c == 0 || cost < low {
				low = cost
			}
			if c == 0 || cost > high {
				high = cost
			}
		}
		if set.SKUs[i].Name == name {
			at = i
			break
		}
		if high-low > widest {
			at, widest = i, high-low
		}
	}
	s := &Story{SKU: set.SKUs[at].Name, From: set.From, Demand: ledgers[0][0].SKUs[at].Demand}
	for c := range choices {
		if choices[c].Name == "clairvoyant" {
			continue
		}
		a := &ledgers[c][0].SKUs[at]
		s.Policies, s.Stock, s.Lost = append(s.Policies, choices[c].Text), append(s.Stock, a.Stock), append(s.Lost, a.Lost)
	}
	return s
}

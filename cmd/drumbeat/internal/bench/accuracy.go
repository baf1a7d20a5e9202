package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/optimize/clp"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// Accuracy runs the generated three products through the whole service: two years of spoiled rows into a Processor, which
// cleans them, fits its models and plans twelve months. The months of its plan are held against what the third year
// really brought, and so is the Black-Friday week of its daily forecast. The same is done with the event in the calendar,
// and with rows that nobody spoiled, which tells what the dirt costs.
//
// Figures are means over the seeds 1 … seeds: of signed errors (bias), which tell what the models get wrong, and of
// absolute ones, to which the luck of the year adds a floor: what the distribution's own mean would have missed.
func Accuracy(seeds int) func(ctx context.Context, report func(Row)) error {
	return func(ctx context.Context, report func(Row)) error {
		if seeds < 1 {
			return errors.New("bench: accuracy: there has to be a seed")
		}
		sums := make([]accuracy, len(accuracyGoals))
		for seed := range uint64(seeds) {
			rows := generate.ThreeSKU(seed + 1)
			sound := make([]generate.Row, len(rows))
			for i := range rows {
				sound[i] = rows[i].Unspoiled()
			}
			var plain, declared, unspoiled map[string]*yearAhead
			for _, v := range []struct {
				name     string
				rows     []generate.Row
				declared bool
				to       *map[string]*yearAhead
			}{{"as fed", rows, false, &plain}, {"event declared", rows, true, &declared}, {"unspoiled", sound, false, &unspoiled}} {
				var err error
				if *v.to, err = foresee(ctx, v.rows, v.declared); err != nil {
					return fmt.Errorf("bench: accuracy: seed %d, %s: %w", seed+1, v.name, err)
				}
			}
			is := truths(rows)
			for i, goal := range accuracyGoals {
				sums[i].add(plain[goal.sku], declared[goal.sku], unspoiled[goal.sku], is[goal.sku], goal.event)
			}
		}
		for i, goal := range accuracyGoals {
			sums[i].report(goal, report)
		}
		return nil
	}
}

// The year that is forecast, and the days of Black Friday in it.
var (
	foreseen  = schemas.DateOf(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC))
	weekFirst = schemas.DateOf(time.Date(2025, 11, 22, 0, 0, 0, 0, time.UTC))
	weekLast  = weekFirst + 6
)

// yearAhead is a SKU's demand of the year, sold, expected or planned; low and high are the plan's interval of 80 %.
type yearAhead struct {
	months, low, high [12]float64
	week              float64
}

func (y *yearAhead) add(day schemas.Date, units float64) {
	y.months[int(day.Time(time.UTC).Month())-1] += units
	if day >= weekFirst && day <= weekLast {
		y.week += units
	}
}

func (y *yearAhead) total() float64 {
	sum := 0.0
	for _, v := range y.months {
		sum += v
	}
	return sum
}

// truth is what was sold, and the means of the distributions that it was drawn from.
type truth struct {
	sold, expected yearAhead
}

// truths are what the year brought, by SKU.
func truths(rows []generate.Row) map[string]*truth {
	all := map[string]*truth{}
	for i := range rows {
		r := &rows[i]
		day := schemas.DateOf(r.Date)
		if day < foreseen {
			continue
		}
		y := all[r.SKU]
		if y == nil {
			y = &truth{}
			all[r.SKU] = y
		}
		y.sold.add(day, float64(r.Quantity))
		y.expected.add(day, generate.Expected(r.SKU, r.Date))
	}
	return all
}

// foresee plans the year from the rows before it, with the Black Fridays in the calendar or without.
func foresee(ctx context.Context, rows []generate.Row, declared bool) (_ map[string]*yearAhead, err error) {
	config := eventConfig()
	config.Settings.Period, config.Settings.Horizon = schemas.PeriodMonth, 12
	p, err := stream.New(config, &stream.Snapshot{})
	if err != nil {
		return nil, err
	}
	var events []schemas.Event
	if declared {
		events = append(events, blackFridays())
	}
	for i := range rows {
		if schemas.DateOf(rows[i].Date) < foreseen {
			events = append(events, rows[i].Event(benchSite, "bench"))
		}
	}
	for i := range events {
		value, err := schemas.Encode(&events[i])
		if err != nil {
			return nil, err
		}
		if err := fold(p, i, stream.Record{Offset: int64(i), Key: []byte(benchSite), Value: value}, nil); err != nil {
			return nil, err
		}
	}
	p.EndOfInput()
	job := p.Job()
	if job == nil {
		return nil, errors.New("no plan is due")
	}
	solvers := stream.NewSolvers(clp.New, 1, time.Minute)
	defer func() { err = errors.Join(err, solvers.Close()) }()
	out := solvers.Solve(ctx, job)
	if out.Err != nil {
		return nil, out.Err
	}
	p.Planned(job, out)
	b := p.Ready()
	if b == nil || len(b.Revisions) == 0 {
		return nil, errors.New("no plan was made")
	}
	return planned(b)
}

// planned reads the forecasts of a batch's newest plan.
func planned(b *stream.Batch) (map[string]*yearAhead, error) {
	all := map[string]*yearAhead{}
	for _, value := range b.Revisions[len(b.Revisions)-1].Lines {
		var line schemas.Line
		if err := json.Unmarshal(value.Value, &line); err != nil {
			return nil, err
		}
		y := &yearAhead{}
		if len(line.Periods) != len(y.months) || line.Periods[0].Period != foreseen.String()[:7] {
			return nil, fmt.Errorf("the plan of %s is not of the year ahead: %d periods", line.SKU, len(line.Periods))
		}
		for t := range line.Periods {
			x := &line.Periods[t]
			y.months[t], y.low[t], y.high[t] = x.Demand.Float(), x.DemandLow.Float(), x.DemandHigh.Float()
		}
		all[line.SKU] = y
	}
	for i := range b.Forecasts {
		f := &b.Forecasts[i]
		for d := weekFirst; d <= weekLast; d++ {
			all[f.SKU].week += float64(f.Mean[d-f.First])
		}
	}
	for _, goal := range accuracyGoals {
		if all[goal.sku] == nil {
			return nil, fmt.Errorf("no plan of %s", goal.sku)
		}
	}
	return all, nil
}

// blackFridays declares the event, past and future, for the whole site.
func blackFridays() schemas.Event {
	c := &schemas.Calendar{Name: "Black Friday", Effect: schemas.EffectEvent}
	for d := weekFirst; d <= weekLast; d++ {
		year, m, day := d.Civil()
		for back := range 3 {
			c.Dates = append(c.Dates, schemas.DateOf(time.Date(year-back, m, day, 0, 0, 0, 0, time.UTC)))
		}
	}
	return schemas.Event{ID: "black-friday", Source: "bench", Type: schemas.TypeCalendar, Time: generate.First, HasTime: true, Site: benchSite, Data: c}
}

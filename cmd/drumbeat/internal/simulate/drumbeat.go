package simulate

import (
	"context"
	"slices"
	"strconv"
	"time"

	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// drumbeat is the pipeline itself: the Processor of package stream folds the feed, and its plan is carried out as it
// assumes (confirmation: assume): what is planned for a period starts as the period begins, and what a plan adds to the
// current period starts at once.
//
// daily: a plan every evening after the day's sales, if there were any or a period ends: what a service in real time
// holds when the day is over. weekly, monthly: a plan in the morning in which the week or month begins, as a batch runs
// that closes the books first.
type drumbeat struct {
	set     *Set // in the periods that it plans in
	cadence string
	plain   bool    // the level is asked of all SKUs, whatever their planners have set
	worth   float64 // what a lost unit is said to cost, in multiples of what it costs
	p       *stream.Processor
	engine  *optimize.Engine
	offset  int64
	ids     int
	now     time.Time
	index   map[string]int
	sold    bool // today

	starts  []schemas.Date // of the periods of the newest plan
	planned [][]float64    // by SKU and period, in the first one with what had started
	made    []float64      // by SKU: started in the current period
	has     []bool         // in the plan
	plans   Plans
	held    bool                                     // sales have been held as errors
	supply  func(sku int, believed schemas.Quantity) // told of the stock and open orders of each plan; nil: nobody asks
}

const simSite = "simulated"

func newDrumbeat(set *Set, c *Choice, solver func() optimize.Solver) (*drumbeat, error) {
	if c.get("weeks") > 0 {
		weeks, err := set.inWeeks()
		if err != nil {
			return nil, err
		}
		set = weeks
	}
	settings := stream.DefaultSettings()
	settings.Period, settings.Horizon, settings.Clock = set.Period, set.Horizon, schemas.ClockWall
	settings.SafetyStock.Value = c.get("level")
	if v := c.get("change"); v >= 0 {
		settings.ChangePrice = v
	}
	settings.DemandTolerance = c.get("tolerance")
	if v := c.get("frozen"); v >= 0 {
		settings.Frozen = int(v)
	}
	if v := c.get("materiality"); v >= 0 {
		settings.Materiality = v
	}
	if c.get("economic") > 0 {
		settings.Shortages = schemas.ShortagesEconomic
	}
	p, err := stream.New(stream.Config{DefaultSite: simSite, Settings: settings, DayFirst: true}, &stream.Snapshot{})
	if err != nil {
		return nil, err
	}
	b := &drumbeat{
		set: set, cadence: c.Cadence, worth: c.get("worth"), p: p, engine: optimize.NewEngine(solver, optimize.Options{}), index: map[string]int{},
		planned: make([][]float64, len(set.SKUs)), made: make([]float64, len(set.SKUs)), has: make([]bool, len(set.SKUs)),
	}
	_, b.plain = c.Set["level"]
	for i := range set.SKUs {
		b.index[set.SKUs[i].Name] = i
	}
	b.tick(set.First.Time(nil))
	return b, b.define()
}

// define announces resources and items.
func (b *drumbeat) define() error {
	for i := range b.set.Resources {
		r := &b.set.Resources[i]
		per := r.Per
		if per == schemas.PerPeriod {
			per = schemas.Per(b.set.Period)
		}
		err := b.send(&schemas.Resource{
			Resource: r.Name, Capacity: r.Capacity, Per: per, OvertimeCapacity: r.Overtime, OvertimeCost: r.OvertimeCost,
		})
		if err != nil {
			return err
		}
		for _, v := range r.Stretches {
			err := b.send(&schemas.Capacity{Resource: r.Name, From: v.From, To: v.Until - 1, Capacity: v.Daily, Per: schemas.PerDay})
			if err != nil {
				return err
			}
		}
	}
	for i := range b.set.SKUs {
		k := &b.set.SKUs[i]
		days := b.set.daysPerPeriod()
		item := &schemas.Item{
			SKU: k.Name, ProductionCost: k.Cost, HoldingCost: k.Holding * days, ShortageCost: b.worth * k.Lost, BacklogCost: k.Backlog * days,
			LeadTime: float64(k.Lead), PackSize: k.Pack, MinOrder: k.Least, OrderCost: k.OrderCost, Resource: "unlimited", Usage: 1, ServiceLevel: k.Level,
		}
		if b.plain {
			item.ServiceLevel = 0
		}
		if k.Resource >= 0 {
			item.Resource, item.Usage = b.set.Resources[k.Resource].Name, k.Usage
		}
		if err := b.send(item); err != nil {
			return err
		}
	}
	return nil
}

// tick moves the clock; it never goes back.
func (b *drumbeat) tick(now time.Time) {
	if now.After(b.now) {
		b.now = now
		b.p.Tick(now)
	}
}

// send folds a definition.
func (b *drumbeat) send(data any) error {
	return b.fold(&schemas.Event{Type: schemas.TypeOf(data), Data: data, Time: b.now, HasTime: true})
}

func (b *drumbeat) fold(ev *schemas.Event) error {
	b.ids++
	ev.ID, ev.Source = strconv.Itoa(b.ids), "/simulated"
	value, err := schemas.Encode(ev)
	if err != nil {
		return err
	}
	_, err = b.p.Step(stream.Record{Offset: b.offset, Key: []byte(simSite), Value: value})
	b.offset++
	return err
}

// The hours at which sales are told and at which the evening's plan is made: by then all changes have waited long enough.
const (
	salesAt = 20 * time.Hour
	planAt  = 22 * time.Hour
)

// Learn implements [Policy].
func (b *drumbeat) Learn(day schemas.Date, rows []Row) error {
	b.tick(day.Time(nil).Add(salesAt))
	for i := range rows {
		r := &rows[i]
		ev := schemas.Event{Type: schemas.TypeSale, Sale: schemas.Sale{SKU: schemas.TextField(b.set.SKUs[r.SKU].Name)}}
		if r.Amount != "" {
			ev.Sale.Quantity = schemas.Field{Raw: r.Amount, Kind: schemas.Number}
		}
		if r.Given != "" {
			ev.Sale.Date = schemas.TextField(r.Given)
		}
		if err := b.fold(&ev); err != nil {
			return err
		}
	}
	b.sold = len(rows) > 0
	b.plans.Wait.tell(day, len(rows))
	b.drain()
	return nil
}

// Morning implements [Policy]. Stock is counted before the first plan and then every Monday.
func (b *drumbeat) Morning(ctx context.Context, p *Past) ([]Order, error) {
	b.tick(p.Today.Time(nil))
	var list []Order
	period := b.set.period(p.Today)
	if p.Today == period.start {
		list = b.begin(period)
	}
	first := p.Today == b.set.From
	if first || p.Today.Weekday() == time.Monday {
		for i := range b.set.SKUs {
			err := b.send(&schemas.StockCounted{SKU: b.set.SKUs[i].Name, OnHand: p.Stock[i] - p.Waiting[i], AsOf: schemas.AsOf{Date: p.Today - 1}})
			if err != nil {
				return nil, err
			}
		}
	}
	if first || b.cadence == "weekly" && p.Today.Weekday() == time.Monday || b.cadence == "monthly" && p.Today == p.Today.StartOfMonth() {
		more, err := b.plan(ctx, p.Today, p.Today.Time(nil).Add(2*time.Hour))
		return append(list, more...), err
	}
	return list, nil
}

// Evening implements [Policy].
func (b *drumbeat) Evening(ctx context.Context, p *Past) ([]Order, error) {
	if b.cadence != "daily" || !b.sold && p.Today+1 != b.set.period(p.Today).end {
		return nil, nil
	}
	return b.plan(ctx, p.Today, p.Today.Time(nil).Add(planAt))
}

// begin starts what the newest plan has for a period.
func (b *drumbeat) begin(period span) (list []Order) {
	clear(b.made)
	t := b.at(period.start)
	if t < 0 {
		return nil
	}
	for i, x := range b.planned {
		if b.has[i] && quantity(x[t]) > 0 {
			b.made[i] = x[t]
			list = append(list, b.set.order(i, quantity(x[t]), period.start, period.end))
		}
	}
	return list
}

// at is the index of a period in the newest plan, -1 if it has none.
func (b *drumbeat) at(start schemas.Date) int {
	for t, s := range b.starts {
		if s == start {
			return t
		}
	}
	return -1
}

// plan solves what is due and starts what the plan adds to the current period.
func (b *drumbeat) plan(ctx context.Context, today schemas.Date, now time.Time) (list []Order, err error) {
	b.tick(now)
	for job := b.p.Job(); job != nil; job = b.p.Job() {
		plan, err := b.engine.Solve(ctx, job.Problem, job.Start)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b.p.Planned(job, stream.Outcome{Plan: plan, Err: err})
		if err != nil {
			b.plans.Degraded++
			continue
		}
		period := b.set.period(today)
		for s := range job.Problem.SKUs {
			i := b.index[job.Problem.SKUs[s].Name]
			if b.supply != nil {
				believed := job.Problem.SKUs[s].Opening
				for _, q := range job.Problem.SKUs[s].Receipts {
					believed += q
				}
				b.supply(i, quantity(believed))
			}
			if q := quantity(plan.Production[s][0]); q > 0 {
				b.made[i] += plan.Production[s][0]
				list = append(list, b.set.order(i, q, today, period.end))
			}
		}
		b.take(job.Problem, plan, today)
	}
	b.drain()
	return list, nil
}

// take keeps what is planned by period and measures what has moved since the plan before.
func (b *drumbeat) take(p *optimize.Problem, plan *optimize.Plan, today schemas.Date) {
	b.plans.Published++
	b.plans.Wait.seen(today)
	b.plans.FrozenMoves += plan.FrozenMoves
	starts := make([]schemas.Date, len(p.Periods))
	period := b.set.period(today)
	for t := range starts {
		starts[t] = period.start
		period = b.set.period(period.end)
	}
	had := make([]bool, len(b.has))
	copy(had, b.has)
	clear(b.has)
	for s := range p.SKUs {
		i := b.index[p.SKUs[s].Name]
		x := slices.Clone(plan.Production[s])
		x[0] = b.made[i]
		for t := range starts {
			if was := b.at(starts[t]); was >= 0 && had[i] {
				b.plans.Moved += abs(x[t]-b.planned[i][was]) / 2
				b.plans.Planned += x[t]
			}
		}
		b.planned[i], b.has[i] = x, true
	}
	b.starts = starts
}

// drain drops what would be saved and published.
func (b *drumbeat) drain() {
	for batch := b.p.Ready(); batch != nil; batch = b.p.Ready() {
		for i := range batch.Sales {
			b.held = b.held || batch.Sales[i].Held != 0
		}
		b.p.Advance(batch)
	}
}

// Plans implements [Policy].
func (b *drumbeat) Plans() Plans { return b.plans }

// Close implements [Policy].
func (b *drumbeat) Close() error { return b.engine.Close() }

func abs(v float64) float64 {
	if v < 0 {
		return -v
	}
	return v
}

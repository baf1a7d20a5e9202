package soak

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"sync"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
)

// Feed sends sales to an input topic and remembers what was acknowledged. It is safe for concurrent use.
type Feed struct {
	Client *kafka.Client // not through a proxy: what the feed knows must be certain
	Topic  string
	Sites  []string // on different partitions of the events topic, see [Sites]
	SKUs   int      // of each site
	// Day is the day of the n-th sale.
	Day func(n int64) schemas.Date
	// Hold makes Run wait for as long as it is true; nil: never.
	Hold func() bool

	mu       sync.Mutex
	sent     int64 // sales, each with a number of its own
	accepted map[string]int64
	units    map[string]map[string]int64 // by site and SKU
}

// Sites names n sites, each in an nth of its own of the partitions of the events topic: alone on its partition, and
// members of a group, which get partitions in a row, have a share of the sites each.
func Sites(n int) []string {
	var names []string
	n = min(n, schemas.EventsPartitions)
	taken := map[int]bool{}
	for i := 0; len(names) < n; i++ {
		name := "plant-" + strconv.Itoa(i)
		if part := schemas.PartitionOf([]byte(name), schemas.EventsPartitions) * n / schemas.EventsPartitions; !taken[part] {
			taken[part] = true
			names = append(names, name)
		}
	}
	return names
}

// SKU is the name of the i-th SKU.
func SKU(i int) string { return fmt.Sprintf("SKU-%05d", i) }

// Define sends each site's policy: a plan for every sale that changes anything, quiet after the last one,
// and a resource that is scarce.
func (f *Feed) Define(ctx context.Context, quiet, ceiling time.Duration, zone string) error {
	material, horizon := 0.0, 8
	q, c := schemas.Duration(quiet), schemas.Duration(ceiling)
	var messages []stream.Message
	for _, site := range f.Sites {
		for _, data := range []any{
			&schemas.Policy{Quiet: &q, Ceiling: &c, Materiality: &material, Horizon: &horizon, TimeZone: &zone},
			&schemas.Resource{Resource: "factory", Capacity: float64(f.SKUs) * 50, Per: schemas.PerWeek},
		} {
			m, err := f.event(site, "define", data)
			if err != nil {
				return err
			}
			messages = append(messages, m)
		}
	}
	return f.tell(ctx, messages)
}

// Replan asks for a plan of everything that each site has: not every sale makes one by itself.
func (f *Feed) Replan(ctx context.Context) error {
	var messages []stream.Message
	for _, site := range f.Sites {
		m, err := f.event(site, rand.Text(), &schemas.Operator{Action: schemas.Replan, By: "feed"})
		if err != nil {
			return err
		}
		messages = append(messages, m)
	}
	return f.tell(ctx, messages)
}

// CountStock sends, for every site, what was counted of the n-th SKU: it changes the plan for certain.
func (f *Feed) CountStock(ctx context.Context, n int64) error {
	var messages []stream.Message
	for _, site := range f.Sites {
		now := time.Now().UTC()
		m, err := f.event(site, rand.Text(), &schemas.StockCounted{
			SKU: SKU(int(n % int64(f.SKUs))), OnHand: schemas.Quantity(100+n%400) * schemas.Unit,
			AsOf: schemas.AsOf{Date: schemas.DateOf(now), Time: now, HasTime: true, Zoned: true},
		})
		if err != nil {
			return err
		}
		messages = append(messages, m)
	}
	return f.tell(ctx, messages)
}

// event is an event of a site that is no sale.
func (f *Feed) event(site, id string, data any) (stream.Message, error) {
	ev := schemas.Event{
		ID: id, Source: "feed/" + fmt.Sprintf("%T", data), Type: schemas.TypeOf(data), Time: time.Now().UTC(), HasTime: true,
		Site: site, Data: data,
	}
	value, err := schemas.Encode(&ev)
	return stream.Message{Key: []byte(site), Value: value}, err
}

// tell sends the same number of events of each site.
func (f *Feed) tell(ctx context.Context, messages []stream.Message) error {
	if err := kafka.NewProducer(f.Client).Send(ctx, f.Topic, messages); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, site := range f.Sites {
		f.note(site, "", int64(len(messages)/len(f.Sites)), 0)
	}
	return nil
}

// Portion is a number of sales that follow each other, as messages for the input topic.
type Portion struct {
	first    int64
	Messages []stream.Message
}

// Next makes the next n sales, spread over sites and SKUs.
func (f *Feed) Next(n int) (*Portion, error) {
	f.mu.Lock()
	p := &Portion{f.sent, make([]stream.Message, n)}
	f.sent += int64(n)
	f.mu.Unlock()
	for i := range p.Messages {
		at := p.first + int64(i)
		site, sku, units := f.sale(at)
		ev := schemas.Event{
			ID: strconv.FormatInt(at, 10), Source: "feed", Type: schemas.TypeSale, Site: site,
			Sale: schemas.Sale{
				SKU: schemas.TextField(sku), Quantity: schemas.Field{Raw: strconv.FormatInt(units, 10), Kind: schemas.Number},
				Date: schemas.TextField(f.Day(at).String()),
			},
		}
		value, err := schemas.Encode(&ev)
		if err != nil {
			return nil, err
		}
		p.Messages[i] = stream.Message{Key: []byte(ev.ID), Value: value}
	}
	return p, nil
}

// Accept counts a portion as acknowledged.
func (f *Feed) Accept(p *Portion) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range p.Messages {
		site, sku, units := f.sale(p.first + int64(i))
		f.note(site, sku, 1, units)
	}
}

// Send sends n sales and returns when all are acknowledged. It tries for as long as ctx lives; an error leaves
// it unknown what has arrived, and the feed of no more use to a judge.
func (f *Feed) Send(ctx context.Context, n int) error {
	p, err := f.Next(n)
	if err != nil {
		return err
	}
	if err := kafka.NewProducer(f.Client).Send(ctx, f.Topic, p.Messages); err != nil {
		return err
	}
	f.Accept(p)
	return nil
}

// sale is what the n-th sale says.
func (f *Feed) sale(n int64) (site, sku string, units int64) {
	sites := int64(len(f.Sites))
	return f.Sites[n%sites], SKU(int(n / sites % int64(f.SKUs))), 1 + n*7%9
}

// note counts what was acknowledged; the caller holds mu.
func (f *Feed) note(site, sku string, events, units int64) {
	if f.units == nil {
		f.units, f.accepted = map[string]map[string]int64{}, map[string]int64{}
	}
	if f.units[site] == nil {
		f.units[site] = map[string]int64{}
	}
	f.accepted[site] += events
	if sku != "" {
		f.units[site][sku] += units
	}
}

// Accepted is the number of events that were acknowledged.
func (f *Feed) Accepted() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := int64(0)
	for _, n := range f.accepted {
		sum += n
	}
	return sum
}

// Run sends about rate sales a second, in portions of a tenth of a second, until ctx ends; a portion on its way
// is seen through. A portion that the broker delays delays the next ones: what was not sent is not made up for.
func (f *Feed) Run(ctx context.Context, rate int) error {
	const portions = 10
	ticker := time.NewTicker(time.Second / portions)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if f.Hold != nil && f.Hold() {
				continue
			}
			if err := f.Send(context.WithoutCancel(ctx), max(1, rate/portions)); err != nil {
				return err
			}
		}
	}
}

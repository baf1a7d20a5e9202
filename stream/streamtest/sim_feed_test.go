package streamtest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// fact is one event of an input topic, and what the reference makes of it.
type fact struct {
	site   string
	into   int32 // the partition of drumbeat.events that it goes to
	value  []byte
	from   int   // partition of the input topic
	offset int64 // in it

	class class
	id    string // of what has one
	sku   string
	day   schemas.Date
	units int64
	line  string // of a document line with versions; "": a plain sale
	ver   int
}

type class int

const (
	sale class = iota
	other
	resent  // by its producer, under the same id
	spoiled // becomes a dead letter
	beat    // outside the audit
)

const (
	origins = 2
	source  = "/erp"
	input   = "erp.sales"
)

// feed is the input topic with its producers, and intake, which forwards it.
type feed struct {
	topic     [origins][]*fact
	forwarded [origins]int // by intake
	committed [origins]int // from where a new intake begins
	ids       int
	sites     []*producer
	lines     map[string]*fact // newest version by site and line
}

// producer is the ERP of one site.
type producer struct {
	site     string
	into     []int32 // partitions of drumbeat.events; two: its keys were once partitioned otherwise
	from     []int   // partitions of the input topic
	byEvents bool    // event clock
	day      schemas.Date
	sent     []*fact
}

func (s *simulation) newFeed() {
	s.feed.lines = map[string]*fact{}
	named := func(prefix string, into int32) string {
		for i := 0; ; i++ {
			if name := prefix + strconv.Itoa(i); schemas.PartitionOf([]byte(name), partitions) == int(into) {
				return name
			}
		}
	}
	add := func(p *producer, policy string) {
		p.day = schemas.DateOf(time.Now().UTC())
		s.feed.sites = append(s.feed.sites, p)
		s.produce(p, &fact{class: other}, "drumbeat.policy.v1", policy)
	}
	add(&producer{site: named("a", 0), into: []int32{0}, from: []int{0, 1}}, `{"confirmation":"events"}`)
	switch s.rand.IntN(4) {
	case 0: // alone on its partition: its plans are solved in line, and the owner would take other answers in no fixed order
		add(&producer{site: named("e", 1), into: []int32{1}, from: []int{1}, byEvents: true}, `{"clock":"event"}`)
	case 1:
		add(&producer{site: named("b", 1), into: []int32{1}, from: []int{0, 1}}, `{"materiality":0.1}`)
		add(&producer{site: named("s", 0), into: []int32{0, 1}, from: []int{0, 1}}, `{}`)
	case 2:
		add(&producer{site: named("b", 0), into: []int32{0}, from: []int{0, 1}}, `{"freeze":"approved"}`)
		add(&producer{site: named("c", 1), into: []int32{1}, from: []int{0}}, `{}`)
	case 3:
		add(&producer{site: named("b", 1), into: []int32{1}, from: []int{0, 1}}, `{}`)
	}
}

// byEvents says that a site with an event clock is among those of the run.
func (s *simulation) byEvents() bool {
	return slices.ContainsFunc(s.feed.sites, func(p *producer) bool { return p.byEvents })
}

// produce writes an event to the input topic.
func (s *simulation) produce(p *producer, f *fact, kind, data string) {
	f.site = p.site
	f.into = p.into[s.rand.IntN(len(p.into))]
	s.feed.ids++
	f.id = strconv.Itoa(s.feed.ids)
	f.value = fmt.Appendf(nil, `{"specversion":"1.0","id":"%s","source":"%s","type":"%s","time":"%s","data":%s}`,
		f.id, source, kind, time.Now().UTC().Format(time.RFC3339Nano), data)
	s.put(p, f)
	p.sent = append(p.sent, f)
}

func (s *simulation) put(p *producer, f *fact) {
	f.from = p.from[s.rand.IntN(len(p.from))]
	f.offset = int64(len(s.feed.topic[f.from]))
	s.feed.topic[f.from] = append(s.feed.topic[f.from], f)
}

// sell makes a producer tell something.
func (s *simulation) sell() {
	p := s.feed.sites[s.rand.IntN(len(s.feed.sites))]
	if !p.byEvents {
		p.day = schemas.DateOf(time.Now().UTC())
	}
	sku := fmt.Sprint("S", s.rand.IntN(3))
	f := &fact{class: sale, sku: sku, day: p.day, units: int64(5 + s.rand.IntN(5))}
	switch k := s.rand.IntN(24); {
	case k < 13:
		if p.byEvents && k < 4 { // sales alone move the clock of such a site
			p.day++
			f.day = p.day
		}
		s.produce(p, f, "drumbeat.sale.v1", fmt.Sprintf(`{"sku":%q,"quantity":%d,"date":%q}`, f.sku, f.units, f.day))
	case k < 16: // a line of a document, or its next version
		f.line = fmt.Sprint("D", s.rand.IntN(4))
		key := p.site + " " + f.line
		if former := s.feed.lines[key]; former != nil {
			f.sku, f.day, f.ver = former.sku, former.day, former.ver+1
		}
		s.feed.lines[key] = f
		s.produce(p, f, "drumbeat.sale.v1", fmt.Sprintf(`{"sku":%q,"quantity":%d,"date":%q,"document":%q,"line":"1","version":%d}`,
			f.sku, f.units, f.day, f.line, f.ver))
	case k < 18:
		again := *p.sent[s.rand.IntN(len(p.sent))]
		if again.class <= other {
			again.class = resent
		}
		s.put(p, &again)
	case k < 20:
		f := &fact{class: spoiled, site: p.site, into: p.into[s.rand.IntN(len(p.into))], value: []byte(`{"specversion":`)}
		s.put(p, f)
	case k == 20:
		s.produce(p, &fact{class: other}, "drumbeat.stock-counted.v1", fmt.Sprintf(`{"sku":%q,"on_hand":%d,"as_of":%q}`, sku, 20+s.rand.IntN(20), p.day))
	case k == 21:
		s.produce(p, &fact{class: other}, "drumbeat.item.v1", fmt.Sprintf(
			`{"sku":%q,"production_cost":5,"holding_cost":1,"safety_stock":%d,"lead_time":%d}`, sku, s.rand.IntN(6), s.rand.IntN(2)))
	case k == 22:
		s.produce(p, &fact{class: other}, "drumbeat.resource.v1", fmt.Sprintf(`{"resource":"factory","capacity":%d,"per":"week"}`, 30+s.rand.IntN(60)))
	default:
		s.produce(p, &fact{class: beat}, "drumbeat.heartbeat.v1", `{}`)
	}
}

// forward lets intake copy the next record of a partition of the input topic; false if there is none.
func (s *simulation) forward(from int) bool {
	at := s.feed.forwarded[from]
	if at >= len(s.feed.topic[from]) {
		return false
	}
	f := s.feed.topic[from][at]
	s.feed.forwarded[from]++
	log := &s.broker.events[f.into]
	log.records = append(log.records, stream.Record{
		Offset: int64(len(log.records)), Key: []byte(f.site), Value: f.value,
		Headers: []schemas.Header{
			{Key: schemas.HeaderOriginTopic, Value: []byte(input)},
			{Key: schemas.HeaderOriginPartition, Value: strconv.AppendInt(nil, int64(from), 10)},
			{Key: schemas.HeaderOriginOffset, Value: strconv.AppendInt(nil, f.offset, 10)},
		},
	})
	log.facts = append(log.facts, f)
	return true
}

// head reads the head of a plan.
func readHead(value []byte) (h schemas.Head, err error) {
	err = json.Unmarshal(value, &h)
	return h, err
}

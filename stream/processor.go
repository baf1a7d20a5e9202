package stream

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"drumbeat/schemas"
)

// Config fixes how a Processor reads its log.
type Config struct {
	Partition int32
	Topic     string // of the log, as heads name it; "" is drumbeat.events
	// DefaultSite takes the records whose key names no site; "" is "default".
	DefaultSite string
	// Settings hold where a site's policy says nothing; the zero value is DefaultSettings.
	Settings Settings
	// DayFirst declares that dates such as 03/04/2026 put the day first.
	DayFirst bool
	// PlanEvery is how often a site with an event clock plans: "day" (also ""), "week" or "end" (only at
	// the end of the input).
	PlanEvery string
	// Capacity is the capacity a period of a resource that nobody has defined; 0: unlimited. CapacityShare
	// is the same as a multiple of the mean load of the horizon.
	Capacity      float64
	CapacityShare float64
	// BreakerShare holds a site when more than this share of its newest records was rejected, until an operator
	// releases it; 0: never.
	BreakerShare float64
	// OpenSales is the number of sales of its open days that a site has room for; 0: 200 a SKU, a million at least.
	OpenSales int
	// Shards is the number of goroutines for refits; 0: one a core.
	Shards int
	Log    *slog.Logger // nil: discarded
}

// Validate reports the first contradiction.
func (c Config) Validate() error {
	if !schemas.ValidSite(c.DefaultSite) {
		return fmt.Errorf("stream: default site %q is no site name", c.DefaultSite)
	}
	if c.Capacity < 0 || c.CapacityShare < 0 || c.Capacity > 0 && c.CapacityShare > 0 {
		return errors.New("stream: capacity and capacity share exclude each other and are not negative")
	}
	if !(c.BreakerShare >= 0 && c.BreakerShare < 1) {
		return fmt.Errorf("stream: breaker share %g is not within 0 and 1", c.BreakerShare)
	}
	if c.OpenSales < 0 {
		return fmt.Errorf("stream: open sales: %d is negative", c.OpenSales)
	}
	switch c.PlanEvery {
	case "day", "week", "end":
	default:
		return fmt.Errorf("stream: plan every %q: not day, week or end", c.PlanEvery)
	}
	return c.Settings.Validate()
}

func (c *Config) fill() {
	if c.Topic == "" {
		c.Topic = schemas.EventsTopic
	}
	if c.DefaultSite == "" {
		c.DefaultSite = "default"
	}
	if c.Settings.Horizon == 0 {
		c.Settings = DefaultSettings()
	}
	if c.PlanEvery == "" {
		c.PlanEvery = "day"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Processor folds one partition of drumbeat.events into the state of its sites and says when a plan is
// due. It is a deterministic state machine without I/O, locks or a clock: the same calls in the same
// order give the same batches, byte for byte. It is not safe for concurrent use.
//
// The caller steps records in the order of the log, ticks the clock, solves the Jobs and gives their
// Outcomes back, and saves what Ready returns BEFORE it publishes any of it; see [Batch].
type Processor struct {
	config  Config
	decoder schemas.Decoder
	event   schemas.Event

	now       time.Time // of the wall clock, as of the last Tick
	next      int64     // offset of the record to step next
	again     int64     // records before it are read again, for a site that was held; 0: none are
	rank      int64     // of the newest batch
	seq       int64     // of the newest outbox entry
	origins   map[origin]int64
	sites     map[string]*site
	order     []string // of the sites, by name
	turn      int      // the site that Job asks first
	elsewhere map[string]int32

	letters     []DeadLetter
	letterBytes int // of letters
	stepped     int // records since the newest batch
	outbox      []OutboxEntry
	forecasts   []ForecastRow
	accuracy    []AccuracyRow
	models      []ModelRow
	revisions   []Revision
	inFlight    bool // a batch is out
	changed     bool // something is to be saved
	known       bool // the partition has been saved
	savedNext   int64

	resends, clockBacks int64
	waits               int // material changes that began to wait since this was looked at
	beats               int64
	beatTimes           []time.Time // of our own ones since the newest batch
}

// ErrNewerVersion says that the log holds an event whose type has a newer version than this release
// knows: the partition waits for the upgrade.
var ErrNewerVersion = errors.New("stream: the log needs a newer release")

// New makes a Processor from what was saved of the partition.
func New(config Config, saved *Snapshot) (*Processor, error) {
	config.fill()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	p := &Processor{
		config: config, origins: map[origin]int64{}, sites: map[string]*site{},
		elsewhere: map[string]int32{}, next: saved.Next, savedNext: saved.Next, known: saved.Known,
	}
	for name, partition := range saved.Elsewhere {
		p.elsewhere[name] = partition
	}
	if len(saved.State) > 0 {
		if err := p.decode(saved.State); err != nil {
			return nil, fmt.Errorf("stream: state of partition %d: %w", config.Partition, err)
		}
	}
	for i := range saved.Sites {
		if err := p.restore(&saved.Sites[i]); err != nil {
			return nil, err
		}
	}
	p.arrange()
	return p, nil
}

// arrange sorts the sites for a fixed order of turns.
func (p *Processor) arrange() {
	p.order = p.order[:0]
	for name := range p.sites {
		p.order = append(p.order, name)
	}
	slices.Sort(p.order)
}

// Next is the offset of the record that Step expects, Saved that of the newest batch that was saved.
func (p *Processor) Next() int64  { return p.next }
func (p *Processor) Saved() int64 { return p.savedNext }

// Step folds the next record. It returns false when a plan is due before the record may be folded
// (event clock): the caller then plans and steps the same record again. The error is ErrNewerVersion,
// and the record was not folded.
//
// Afterwards Next is the offset after the record, or a lower one: a site that was held has been released, and
// the caller goes on from there.
func (p *Processor) Step(rec Record) (bool, error) {
	from := originOf(&rec, p.config.Topic, p.config.Partition)
	p.stepped++
	if rec.Offset < p.again {
		return p.stepAgain(&rec, from)
	}
	if p.again > 0 {
		p.rejoin()
	}
	if last, ok := p.origins[from.origin]; ok && from.offset <= last {
		p.resends++
		p.next = rec.Offset + 1
		p.changed = true
		return true, nil
	}
	name, elsewhere := p.siteOf(&rec)
	if s := p.sites[name]; elsewhere != nil || s != nil && s.held() {
		switch ev := p.peek(&rec); {
		case ev != nil && ev.Type == schemas.TypeHeartbeat:
			p.beat(&rec, ev)
			p.accepted(&rec, from)
		case elsewhere != nil:
			s = p.site(fmt.Sprintf("(elsewhere-%d)", p.config.Partition)) // no valid name: no site is called so
			s.reject(&rec, from, elsewhere)
			p.accepted(&rec, from)
		default:
			p.withhold(s, &rec, from, ev)
		}
		return true, nil
	}
	beats := p.beats
	done, err := p.fold(name, &rec, from)
	if done && err == nil {
		p.accepted(&rec, from)
		if p.beats == beats {
			p.site(name).judge()
		}
	}
	return done, err
}

// siteOf finds whose record it is; the fault says that another partition owns that site.
func (p *Processor) siteOf(rec *Record) (string, *fault) {
	name := string(rec.Key)
	if !schemas.ValidSite(name) {
		name = p.config.DefaultSite
	}
	if partition, ok := p.elsewhere[name]; ok {
		return name, &fault{"wrong-partition", "site", fmt.Sprintf("%s belongs to partition %d", name, partition)}
	}
	return name, nil
}

// fold applies a record to its site. As in Step, false asks for a plan first.
func (p *Processor) fold(name string, rec *Record, from recordOrigin) (bool, error) {
	if why := laidAside(rec); why != nil {
		p.site(name).reject(rec, from, why)
		return true, nil
	}
	ev := &p.event
	if err := p.decoder.Decode(rec.Headers, rec.Value, ev); err != nil {
		if errors.Is(err, schemas.ErrNewerVersion) {
			return false, fmt.Errorf("%w: offset %d: %w", ErrNewerVersion, rec.Offset, err)
		}
		var why *schemas.DecodeError
		if !errors.As(err, &why) {
			why = &schemas.DecodeError{Reason: schemas.ReasonNotJSON, Detail: err.Error()}
		}
		p.site(name).reject(rec, from, &fault{why.Reason, why.Field, why.Detail})
		return true, nil
	}
	if ev.Type == schemas.TypeHeartbeat {
		p.beat(rec, ev)
		return true, nil
	}
	s := p.site(name)
	fact := s.read(ev)
	if !s.advance(&fact) {
		return false, nil
	}
	s.fold(rec, from, ev, &fact)
	s.makeRoom()
	return true, nil
}

// laidAside is why intake put a record without value in the place of one that the log does not take; nil for
// any other. Its headers become the fault.
func laidAside(rec *Record) *fault {
	if len(rec.Value) > 0 {
		return nil
	}
	var why fault
	for _, h := range rec.Headers {
		switch h.Key {
		case schemas.HeaderReason:
			why.Reason = string(h.Value)
		case schemas.HeaderDetail:
			why.Detail = string(h.Value)
		}
	}
	if why.Reason != schemas.ReasonTooLarge {
		return nil
	}
	rec.Headers = slices.DeleteFunc(slices.Clone(rec.Headers), func(h schemas.Header) bool {
		return h.Key == schemas.HeaderReason || h.Key == schemas.HeaderDetail
	})
	return &why
}

// accepted moves past a record.
func (p *Processor) accepted(rec *Record, from recordOrigin) {
	p.origins[from.origin] = from.offset
	p.next = rec.Offset + 1
	p.changed = true
}

func (p *Processor) site(name string) *site {
	if s := p.sites[name]; s != nil {
		return s
	}
	s := p.newSite(strings.Clone(name))
	p.arrange()
	s.dirty = true
	return s
}

// recordOrigin is where intake found a record.
type recordOrigin struct {
	origin
	offset int64
}

// originOf reads the origin headers. A record without them (or with broken ones) is its own origin.
func originOf(rec *Record, topic string, partition int32) recordOrigin {
	o := recordOrigin{origin{topic, partition}, rec.Offset}
	var name string
	var part, offset int64
	found := 0
	for i := range rec.Headers {
		h := &rec.Headers[i]
		var err error
		switch h.Key {
		case schemas.HeaderOriginTopic:
			name = string(h.Value)
			found |= 1
		case schemas.HeaderOriginPartition:
			part, err = strconv.ParseInt(string(h.Value), 10, 32)
			found |= 2
		case schemas.HeaderOriginOffset:
			offset, err = strconv.ParseInt(string(h.Value), 10, 64)
			found |= 4
		}
		if err != nil {
			return o
		}
	}
	if found == 7 && name != "" {
		return recordOrigin{origin{name, int32(part)}, offset}
	}
	return o
}

// reject makes the record a dead letter.
func (s *site) reject(rec *Record, from recordOrigin, why *fault) {
	s.Audit.rejected(from.origin, why.Reason)
	s.rejectedFor, s.rejected = why.Reason, s.rejected+1
	s.p.letter(s.letter(rec, from, why))
	s.dirty = true
}

func (s *site) letter(rec *Record, from recordOrigin, why *fault) DeadLetter {
	detail := why.Detail
	if why.Field != "" {
		detail = why.Field + ": " + detail
	}
	key := rec.Key
	headers := make([]schemas.Header, 0, len(rec.Headers))
	for _, h := range rec.Headers {
		switch h.Key {
		case schemas.HeaderOriginKey:
			key = h.Value
			continue
		case schemas.HeaderOriginTopic, schemas.HeaderOriginPartition, schemas.HeaderOriginOffset:
			continue
		}
		headers = append(headers, schemas.Header{Key: strings.Clone(h.Key), Value: slices.Clone(h.Value)})
	}
	at := s.p.now
	if s.settings.Clock == schemas.ClockEvent || at.IsZero() {
		at = s.Now
	}
	return DeadLetter{
		Site: s.name, OriginTopic: from.Topic, OriginPartition: from.Partition, OriginOffset: from.offset,
		Key: slices.Clone(key), Value: slices.Clone(rec.Value), Headers: headers,
		Reason: why.Reason, Detail: strings.ToValidUTF8(detail, "\uFFFD"), At: at,
	}
}

func (p *Processor) letter(l DeadLetter) {
	p.letters = append(p.letters, l)
	p.letterBytes += letterSize(l.Key, l.Value)
	p.seq++
	p.outbox = append(p.outbox, OutboxEntry{
		Seq: p.seq, Site: l.Site, OriginTopic: l.OriginTopic, OriginPartition: l.OriginPartition, OriginOffset: l.OriginOffset,
	})
	p.changed = true
}

// partitionVersion is the version of the encoding of a partition's state. The one before it had no batches that go
// back in the log.
const partitionVersion = 2

// encode is the saved state of the partition itself.
func (p *Processor) encode() []byte {
	dst := []byte{partitionVersion}
	dst = appendVarint(dst, p.seq)
	dst = appendVarint(dst, p.again)
	dst = appendVarint(dst, p.rank)
	list := make([]origin, 0, len(p.origins))
	for o := range p.origins {
		list = append(list, o)
	}
	slices.SortFunc(list, origin.compare)
	dst = appendUvarint(dst, uint64(len(list)))
	for _, o := range list {
		dst = appendString(dst, o.Topic)
		dst = appendVarint(dst, int64(o.Partition))
		dst = appendVarint(dst, p.origins[o])
	}
	return dst
}

func (p *Processor) decode(src []byte) error {
	r := reader{b: src}
	v := r.byte()
	if v < 1 || v > partitionVersion {
		return &versionError{What: "partition", Version: int(v)}
	}
	p.seq = r.varint()
	if v >= 2 {
		p.again, p.rank = r.varint(), r.varint()
	}
	for n := r.count(3); n > 0; n-- {
		o := origin{Topic: r.string(), Partition: r.int32()}
		p.origins[o] = r.varint()
	}
	return r.err
}

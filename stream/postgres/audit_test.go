package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"

	"github.com/jackc/pgx/v5"
)

// auditOrigin is what the audit counts by.
type auditOrigin struct {
	site, topic string
	partition   int32
}

// TestAuditHoldsAtEverySavedOffset feeds two sites from three input partitions with everything that can
// become of a record, saves at random offsets, restarts from what was saved, and compares the tables after
// each save with the records up to its offset.
func TestAuditHoldsAtEverySavedOffset(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { auditAtEverySave(t, rand.New(rand.NewPCG(seed, 7))) })
	}
}

func auditAtEverySave(t *testing.T, random *rand.Rand) {
	store, dsn := newStore(t)
	conn := connect(t, dsn)
	settings := stream.DefaultSettings()
	settings.Clock = schemas.ClockEvent
	var p *stream.Processor
	var epoch int64
	load := func() {
		snapshot, err := store.Load(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		epoch = snapshot.Epoch
		if p, err = stream.New(stream.Config{DefaultSite: "default", Settings: settings, PlanEvery: "end"}, snapshot); err != nil {
			t.Fatal(err)
		}
	}
	load()
	feed := &auditFeed{random: random, next: map[auditOrigin]int64{}, read: map[auditOrigin]int64{}}
	expired, repaired := int64(0), int64(0)
	for offset := int64(0); offset < 600; {
		for range 1 + random.IntN(12) {
			rec := feed.record(offset)
			if done, err := p.Step(rec); !done || err != nil {
				t.Fatal(done, err)
			}
			offset++
		}
		b := p.Ready()
		if err := store.Save(t.Context(), 0, epoch, b); err != nil {
			t.Fatal(err)
		}
		p.Advance(b)

		rows, err := store.Audit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		letters := countLetters(t, conn)
		read := map[auditOrigin]int64{}
		expired, repaired = 0, 0
		for _, r := range rows {
			o := auditOrigin{r.Site, r.OriginTopic, r.OriginPartition}
			read[o] = r.Kept + r.Flagged + r.Rejected + r.Duplicate
			if r.Read != read[o] || r.Rejected != letters[o] || r.Repaired > r.Kept+r.Flagged || min(r.Kept, r.Flagged, r.Rejected, r.Duplicate, r.Repaired) < 0 {
				t.Fatalf("offset %d: %+v, %d dead letters", offset, r, letters[o])
			}
			for reason, n := range r.Reasons {
				if n <= 0 {
					t.Fatalf("offset %d: %d of reason %s in %+v", offset, n, reason, r)
				}
			}
			expired += r.Reasons["unknown-line"]
			repaired += r.Repaired
		}
		if !reflect.DeepEqual(read, feed.read) {
			t.Fatalf("offset %d: the audit has read %v, the input had %v", offset, read, feed.read)
		}
		if random.IntN(4) == 0 {
			load()
		}
	}
	if expired == 0 || repaired == 0 {
		t.Errorf("%d cancellations expired, %d records repaired: the feed shows too little", expired, repaired)
	}
}

func countLetters(t *testing.T, conn *pgx.Conn) map[auditOrigin]int64 {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT site, origin_topic, origin_partition, count(*) FROM drumbeat.dead_letters GROUP BY 1, 2, 3")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	letters := map[auditOrigin]int64{}
	for rows.Next() {
		var o auditOrigin
		var n int64
		if err := rows.Scan(&o.site, &o.topic, &o.partition, &n); err != nil {
			t.Fatal(err)
		}
		letters[o] = n
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return letters
}

// auditFeed makes records of every kind and counts those that the audit has to count.
type auditFeed struct {
	random *rand.Rand
	next   map[auditOrigin]int64 // offset by topic and partition
	read   map[auditOrigin]int64
	day    int // of the sites' clocks, in tenths
	id     int
}

// record is the record at an offset of the log.
func (f *auditFeed) record(offset int64) stream.Record {
	site := []string{"a", "b"}[f.random.IntN(2)]
	at := []auditOrigin{{topic: "erp"}, {topic: "erp", partition: 1}, {topic: "web"}}[f.random.IntN(3)]
	n := f.next[at]
	resent := n > 0 && f.random.IntN(15) == 0
	if resent {
		n--
	} else {
		f.next[at]++
	}
	value, counts := f.value(site)
	if counts && !resent {
		f.read[auditOrigin{site, at.topic, at.partition}]++
	}
	return stream.Record{Offset: offset, Key: []byte(site), Value: []byte(value), Headers: []schemas.Header{
		{Key: schemas.HeaderOriginTopic, Value: []byte(at.topic)}, {Key: schemas.HeaderOriginPartition, Value: fmt.Append(nil, at.partition)},
		{Key: schemas.HeaderOriginOffset, Value: fmt.Append(nil, n)},
	}}
}

func (f *auditFeed) value(site string) (value string, counts bool) {
	f.day++
	f.id++
	id := f.id
	if f.random.IntN(10) == 0 {
		id = 1 + f.random.IntN(f.id) // an event that may have been seen
	}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, f.day/10)
	sku := []string{"A", " a ", "B", "POST"}[f.random.IntN(4)]
	event := func(kind, data string) string {
		return fmt.Sprintf(`{"specversion":"1.0","type":"drumbeat.%s.v1","source":"erp","id":"%d","site":"%s","data":%s}`, kind, id, site, data)
	}
	date := day.Format(time.DateOnly)
	switch f.random.IntN(12) {
	case 0:
		return event("sale", fmt.Sprintf(`{"sku":%q,"quantity":3,"date":%q}`, sku, day.Format("02/01/06"))), true
	case 1:
		return event("sale", fmt.Sprintf(`{"sku":%q,"date":%q}`, sku, date)), true
	case 2:
		return "{ no JSON", true
	case 3:
		return event("heartbeat", "{}"), false
	case 4: // a cancellation whose sale comes never, or later
		return event("sale-cancelled", fmt.Sprintf(`{"sku":" a ","quantity":"2","date":%q,"document":"D","line":"%d"}`, day.Format("2006.01.02"), f.random.IntN(80))), true
	case 5, 6:
		return event("sale", fmt.Sprintf(`{"sku":%q,"quantity":5,"date":%q,"document":"D","line":"%d"}`, sku, date, f.random.IntN(80))), true
	case 7:
		return event("sale", fmt.Sprintf(`{"sku":%q,"quantity":-2,"date":%q}`, sku, date)), true
	case 8:
		return event("sale", fmt.Sprintf(`{"sku":%q,"quantity":90000,"date":%q}`, sku, date)), true
	case 9:
		return event("stock-counted", fmt.Sprintf(`{"sku":"A","on_hand":10,"as_of":%q}`, date)), true
	}
	return event("sale", fmt.Sprintf(`{"sku":%q,"quantity":"%d","date":%q}`, sku, 1+f.random.IntN(9), day.Format("20060102"))), true
}

package stream

import (
	"time"

	"drumbeat/schemas"
)

// Batch is everything that one Save writes, in one transaction. The order of effects is fixed: a batch
// is saved BEFORE any of its plans or dead letters is published, and published BEFORE the group offset
// is committed. All bytes belong to the batch.
type Batch struct {
	Next  int64  // offset of the record to read next; lower than before when a held site was released
	Rank  int64  // grows from batch to batch of a partition, and is at least Next
	State []byte // of the partition: origin offsets, sequence numbers; always set

	Sites       []SiteState
	SKUs        []SKUState
	Pages       []Page
	DropPages   []DropPages
	Sales       []DailySale
	OldSales    []OldSale
	Forecasts   []ForecastRow
	Accuracy    []AccuracyRow // of several rows of one key the last one holds
	Models      []ModelRow
	Revisions   []Revision
	Audit       []AuditRow
	DeadLetters []DeadLetter
	Outbox      []OutboxEntry
	// Heartbeats are the times of our own heartbeats that were read since the batch before. They are not stored.
	Heartbeats []time.Time
}

// SiteState is the encoded state of a site; the first one claims the site for the partition.
type SiteState struct {
	Site  string
	State []byte
}

// SKUState is the encoded state of one SKU.
type SKUState struct {
	Site, SKU string
	State     []byte
}

// PageKind tells the append-only sets of a site apart.
type PageKind int16

// The kinds of pages.
const (
	LinePage     PageKind = 1 // document lines, for corrections
	IdentityPage PageKind = 2 // event identities, for duplicates
	SharePage    PageKind = 3 // what the models of a site share, a page a time
	ModelPage    PageKind = 4 // models, a page each under the index of its SKU; see Store.Models
)

// Page is a run of entries of an append-only set. The newest page is written again until it is full.
type Page struct {
	Site   string
	Kind   PageKind
	Number int64
	Data   []byte
}

// DropPages removes the pages of a set before a number.
type DropPages struct {
	Site   string
	Kind   PageKind
	Before int64
}

// DailySale is a row of sales_transactions: the demand of one SKU on one day as it is known now.
type DailySale struct {
	Site, SKU string
	Date      schemas.Date
	Quantity  schemas.Quantity // held part included
	Held      schemas.Quantity // the part that is held; negative: returns that are
	Outlier   bool
	Reason    string  // why it is held
	Score     float64 // of the outlier rule, also of a suspect day that is not held
}

// OldSale changes the row of a day before the kept history by a quantity, which may be negative; a row never
// falls below zero.
type OldSale struct {
	Site, SKU string
	Date      schemas.Date
	Quantity  schemas.Quantity
}

// ForecastRow is the daily forecast of one SKU from First on; the slices have equal length.
type ForecastRow struct {
	Site, SKU     string
	Revision      int64 // the plan revision that uses it
	ExecutionDate schemas.Date
	First         schemas.Date
	Mean          []float32
	Lower, Upper  []float32 // 80 % interval
	Model         string
}

// Revision is one revision of a site's plan. Lines holds only what changed, in byte order of SKU.
type Revision struct {
	Site          string
	Revision      int64
	ExecutionDate schemas.Date
	CreatedAt     time.Time
	Status        string
	Head          []byte // published value
	Lines         []LineValue
	// Problem and Start reproduce the plan (compressed JSON); nil when nothing was solved.
	Problem []byte
	Start   []byte
	// Since is when the first material change that the plan covers came, by the wall clock; zero: it covers none,
	// as a degraded one. It is not stored.
	Since time.Time
	// Approved or in force at the beginning of a period: kept beyond the retention.
	Baseline bool
}

// LineValue is one published line. A nil Value says that the SKU has left the plan.
type LineValue struct {
	SKU   string
	Value []byte
}

// AuditRow holds the counters of one origin of a site, absolute since the site began.
// Read = Kept + Flagged + Rejected + Duplicate.
type AuditRow struct {
	Site            string
	OriginTopic     string
	OriginPartition int32
	Read            int64
	Kept            int64
	Flagged         int64
	Rejected        int64
	Duplicate       int64
	Repaired        int64
	Reasons         map[string]int64 // by reason of a rejection, a flag or a repair
}

// DeadLetter is a rejected record, unchanged, unique by its origin.
type DeadLetter struct {
	Site            string
	OriginTopic     string
	OriginPartition int32
	OriginOffset    int64
	Key, Value      []byte
	Headers         []schemas.Header
	Reason, Detail  string
	At              time.Time
}

// OutboxEntry is something to publish, in the order of Seq within the partition: either the revision of
// a site, or the dead letter of an origin.
type OutboxEntry struct {
	Seq      int64
	Site     string
	Revision int64 // 0: a dead letter

	OriginTopic     string
	OriginPartition int32
	OriginOffset    int64
}

// Snapshot is what Load returns.
type Snapshot struct {
	Epoch int64
	Known bool  // false: the partition has never been saved, start at the first offset of the log
	Next  int64 // offset of the record to read next
	State []byte
	Sites []SavedSite
	// Elsewhere holds the sites that other partitions have claimed.
	Elsewhere map[string]int32
}

// skus is the number of SKUs, bytes the size of all that was saved.
func (v *Snapshot) skus() (n int) {
	for i := range v.Sites {
		n += len(v.Sites[i].SKUs)
	}
	return n
}

func (v *Snapshot) bytes() (n int) {
	n = len(v.State)
	for i := range v.Sites {
		s := &v.Sites[i]
		n += len(s.State)
		for j := range s.SKUs {
			n += len(s.SKUs[j].State)
		}
		for j := range s.Pages {
			n += len(s.Pages[j].Data)
		}
	}
	return n
}

// SavedSite is a site as it was saved.
type SavedSite struct {
	Name     string
	State    []byte
	SKUs     []SKUState // in byte order of SKU
	Pages    []Page     // in order of kind and number
	ReadBack ReadBack   // Next is -1 when nothing has been read back yet
}

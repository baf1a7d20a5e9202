package view

import (
	"time"

	"drumbeat/schemas"
)

// Audit holds the counters of one origin since the site began. Read = Kept + Flagged + Rejected + Duplicate.
type Audit struct {
	Topic     string           `json:"topic"`
	Partition int32            `json:"partition"`
	Read      int64            `json:"read"`
	Kept      int64            `json:"kept"`
	Flagged   int64            `json:"flagged"`
	Rejected  int64            `json:"rejected"`
	Duplicate int64            `json:"duplicate"`
	Repaired  int64            `json:"repaired"` // of those kept or flagged
	Reasons   map[string]int64 `json:"reasons"`  // of rejections, flags and repairs
	UpdatedAt time.Time        `json:"updated_at"`
}

// Origin is where a record was read first.
type Origin struct {
	Topic     string `json:"topic" minLength:"1" maxLength:"249"`
	Partition int32  `json:"partition" minimum:"0"`
	Offset    int64  `json:"offset" minimum:"0"`
}

// LetterQuery chooses dead letters; its zero value chooses all.
type LetterQuery struct {
	Site    string
	Reason  string
	Waiting bool      // not sent again so far
	Until   time.Time // rejected before
	Origins []Origin  // any of them; none: every origin
	Limit   int       // 0: all
}

// LetterPage is what a LetterQuery finds.
type LetterPage struct {
	Letters []Letter      `json:"dead_letters"`
	Counts  []LetterCount `json:"counts"` // of all that the query chooses, whatever the limit
}

// Letter is a rejected record.
type Letter struct {
	Origin
	Site       string     `json:"site"`
	Reason     string     `json:"reason"`
	Detail     string     `json:"detail"`
	At         time.Time  `json:"at"`
	Key        string     `json:"key"`   // what is no UTF-8 is replaced
	Value      string     `json:"value"` // as Key; its first 4,096 bytes
	Size       int        `json:"size"`  // bytes of the value
	ReplayedAt *time.Time `json:"replayed_at,omitempty"`
	ReplayedAs string     `json:"replayed_as,omitempty"` // the event's id where it was sent with a fix

	RawKey   []byte           `json:"-"`
	RawValue []byte           `json:"-"`
	Headers  []schemas.Header `json:"-"`
}

// LetterCount counts the dead letters of a site and a reason.
type LetterCount struct {
	Site     string    `json:"site"`
	Reason   string    `json:"reason"`
	Letters  int64     `json:"letters"`
	Replayed int64     `json:"replayed"` // of them
	First    time.Time `json:"first"`
	Newest   time.Time `json:"newest"`
}

// Actions is what the newest plan asks people to do.
type Actions struct {
	Basis
	Actions []Action `json:"actions"` // in the order of the kinds, then of what they are worth
}

// ActionKind is what to do.
type ActionKind string

// The kinds.
const (
	Release  ActionKind = "release"  // start production that the plan has in its first period
	Expedite ActionKind = "expedite" // have an open order earlier: there is a shortage before it comes
	Defer    ActionKind = "defer"    // have an open order later: the stock is not needed before
	Cancel   ActionKind = "cancel"   // drop an open order: what it brings is not needed in the horizon
)

// Action is one thing to do about one SKU.
type Action struct {
	Kind     ActionKind       `json:"kind" enum:"release,expedite,defer,cancel"`
	SKU      string           `json:"sku"`
	Quantity schemas.Quantity `json:"quantity"`
	Period   string           `json:"period"`       // of the production, or in which the open order is due
	To       string           `json:"to,omitempty"` // where it should be due
	Cost     float64          `json:"cost"`         // what doing it costs; negative: what it saves
	Reason   string           `json:"reason"`
}

package stream

import (
	"time"

	"drumbeat/forecast"
	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
	"drumbeat/stream/outlier"
)

// sku is the state of one SKU of a site.
type sku struct {
	name  string
	index uint32 // within the site; the line index refers to it

	item        item
	history     history
	life        life
	window      []booking      // the bookings of the last bookDays days, in their order
	ahead       []booking      // bookings that are dated too far ahead of the clock, likewise
	settled     outlier.Rule   // the outlier rule, with every settled day learnt
	usual       outlier.Usual  // size and price of a line
	flagged     []schemas.Date // days held by the outlier rule whose flag may still change
	stale       bool           // settled days have changed: the outlier rule has to judge them anew
	others      []dayMove      // what moved stock and is no demand, summed by day
	stock       stock
	orders      []order
	planned     []planned // production of the newest plan, by start of its period
	baseline    []planned // production that change is measured against
	hasBaseline bool

	// What was published last: whether the SKU is in the plan, in which revision its line changed, and
	// hashes that tell whether line and daily forecast are still the same.
	inPlan       bool
	lineRevision int64
	lineHash     uint64
	forecastHash uint64

	// seen is the net requirement that the newest plan has seen, scale what a change is held against.
	seen    float64
	scale   float64
	outlook outlook

	accuracy packedAccuracy // of what was published

	standing []standing // demand and safety stock of the newest plan, by start of their period; nil: follows its forecast

	// Derived from what is saved.
	loose     int          // bookings at the end of window that are not in their order yet
	live      outlier.Rule // settled, with every day before the newest learnt
	open      schemas.Date // the newest day with a sale
	hasOpen   bool
	returns   schemas.Date // the newest day with a return or a cancellation
	returned  []dayMove    // what others has of the returns of the window
	dirtyDays []schemas.Date
	model     *forecast.Model
	fitted    schemas.Date // first day of the model
	through   schemas.Date // the model has every day before it
	ordinary  float64      // units of an ordinary sale, of the days before through
	saved     []byte       // what was saved of the model, not taken up yet
	stored    schemas.Date // the model was saved with every day before it; never: it was not
	storing   bool         // it is to be saved
	dirty     bool         // to be saved
	noProduct bool         // its code is none of a product
	defined   bool         // anew, since the newest draft was drawn
}

// item is the definition that holds for a SKU.
type item struct {
	schemas.Item
	Stamp       stamp
	Provisional bool
	UnitPrice   float64 // first price observed; 0: none
}

// stamp orders definitions: the newest event time wins, ties by source and id.
type stamp struct {
	Time int64  `json:"t"` // unix nanoseconds
	ID   string `json:"id"`
}

func (a stamp) after(b stamp) bool { return a.Time > b.Time || a.Time == b.Time && a.ID > b.ID }

// stampOf is the stamp of an event; without a time of its own it counts as of now.
func stampOf(ev *schemas.Event, now time.Time) stamp {
	at := now
	if ev.HasTime {
		at = ev.Time
	}
	return stamp{at.UnixNano(), ev.Source + "\x00" + ev.ID}
}

// dayMove is a sum of what moved stock on a day.
type dayMove struct {
	Day      schemas.Date
	Quantity schemas.Quantity
}

// planned is a quantity that a plan starts in the period that begins on Start.
type planned struct {
	Start    schemas.Date
	Quantity schemas.Quantity
}

func plannedAt(list []planned, start schemas.Date) schemas.Quantity {
	for _, p := range list {
		if p.Start == start {
			return p.Quantity
		}
	}
	return 0
}

// outlook is the demand that the newest plan still expects in its first period.
type outlook struct {
	day   schemas.Date // on which it was made
	today float64      // mean demand of that day
	rest  float64      // of the days of the period after it
}

// append encodes the saved part of k.
func (k *sku) append(dst []byte) []byte {
	dst = append(dst, skuVersion)
	dst = codec.AppendUvarint(dst, uint64(k.index))
	dst = k.item.append(dst)
	dst = k.history.append(dst)
	dst = k.life.append(dst)
	k.arrange()
	dst = appendBookings(dst, k.window)
	dst = appendBookings(dst, k.ahead)
	dst = k.settled.Append(dst)
	dst = k.usual.Append(dst)
	dst = codec.AppendFlag(dst, k.stale)
	dst = codec.AppendUvarint(dst, uint64(len(k.flagged)))
	for _, d := range k.flagged {
		dst = codec.AppendVarint(dst, int64(d))
	}
	dst = codec.AppendUvarint(dst, uint64(len(k.others)))
	for _, m := range k.others {
		dst = codec.AppendVarint(dst, int64(m.Day))
		dst = codec.AppendVarint(dst, int64(m.Quantity))
	}
	dst = k.stock.append(dst)
	dst = codec.AppendUvarint(dst, uint64(len(k.orders)))
	for i := range k.orders {
		dst = k.orders[i].append(dst)
	}
	dst = appendPlanned(dst, k.planned)
	dst = appendPlanned(dst, k.baseline)
	dst = codec.AppendFlag(dst, k.hasBaseline)
	dst = codec.AppendFlag(dst, k.inPlan)
	dst = codec.AppendVarint(dst, k.lineRevision)
	dst = codec.AppendUint64(dst, k.lineHash)
	dst = codec.AppendUint64(dst, k.forecastHash)
	dst = codec.AppendFloat64(dst, k.seen)
	dst = codec.AppendFloat64(dst, k.scale)
	dst = codec.AppendVarint(dst, int64(k.outlook.day))
	dst = codec.AppendFloat64(dst, k.outlook.today)
	dst = codec.AppendFloat64(dst, k.outlook.rest)
	dst = k.accuracy.append(dst)
	return appendStanding(dst, k.standing)
}

// skuVersion is the version of the encoding of a SKU. The oldest one that is read lacks the accuracy, the one after it a
// mark in its history, the next what stands of its plan.
const (
	skuVersion         = 5
	standingSKUVersion = 5
	markedSKUVersion   = 4
	oldestSKUVersion   = 2
)

// decodeSKU reads what append wrote.
func decodeSKU(name string, src []byte) (*sku, error) {
	r := codec.Reader{Rest: src}
	version := r.Byte()
	if version < oldestSKUVersion || version > skuVersion {
		return nil, &codec.VersionError{What: "SKU " + name, Version: int(version)}
	}
	k := &sku{name: name, index: uint32(r.Uvarint())}
	k.item.decode(&r, name)
	var err error
	if k.history, r.Rest, err = decodeHistory(r.Rest, version >= markedSKUVersion); err != nil {
		return nil, err
	}
	k.life.decode(&r)
	k.window, k.ahead = decodeBookings(&r), decodeBookings(&r)
	if k.settled, r.Rest, err = outlier.DecodeRule(r.Rest); err != nil {
		return nil, err
	}
	if k.usual, r.Rest, err = outlier.DecodeUsual(r.Rest); err != nil {
		return nil, err
	}
	k.stale = r.Byte() == 1
	for n := r.Count(1); n > 0; n-- {
		k.flagged = append(k.flagged, schemas.Date(r.Int32()))
	}
	for n := r.Count(2); n > 0; n-- {
		k.others = append(k.others, dayMove{Day: schemas.Date(r.Varint()), Quantity: schemas.Quantity(r.Varint())})
	}
	k.stock.decode(&r)
	for n := r.Count(6); n > 0; n-- {
		var o order
		o.decode(&r)
		k.orders = append(k.orders, o)
	}
	k.planned = decodePlanned(&r)
	k.baseline = decodePlanned(&r)
	k.hasBaseline = r.Byte() == 1
	k.inPlan = r.Byte() == 1
	k.lineRevision = r.Varint()
	k.lineHash = r.Uint64()
	k.forecastHash = r.Uint64()
	k.seen = r.Float64()
	k.scale = r.Float64()
	k.outlook = outlook{day: schemas.Date(r.Varint()), today: r.Float64(), rest: r.Float64()}
	k.accuracy.closes, k.stored = schemas.MaxDate, never
	if version > oldestSKUVersion {
		k.accuracy.decode(&r)
	}
	if version >= standingSKUVersion {
		k.standing = decodeStanding(&r)
	}
	if r.Err != nil {
		return nil, r.Err
	}
	return k, nil
}

func appendPlanned(dst []byte, list []planned) []byte {
	dst = codec.AppendUvarint(dst, uint64(len(list)))
	for _, p := range list {
		dst = codec.AppendVarint(dst, int64(p.Start))
		dst = codec.AppendVarint(dst, int64(p.Quantity))
	}
	return dst
}

func decodePlanned(r *codec.Reader) []planned {
	var list []planned
	for n := r.Count(2); n > 0; n-- {
		list = append(list, planned{schemas.Date(r.Varint()), schemas.Quantity(r.Varint())})
	}
	return list
}

// Package schemas holds the wire formats of Drumbeat: events in, plans out, and the topics between.
// Other systems hold on to what is here. Fields can be added; a new meaning gets a new version.
//
// # Events
//
// What can change a plan is an event: a CloudEvent 1.0 whose type is one of [Types] and whose data
// is JSON. [Decoder] reads it in structured mode (one JSON object) and in Kafka's binary mode
// (attributes as headers ce_*), [Encode] writes it in structured mode:
//
//	{"specversion":"1.0","id":"536365-1","source":"/erp/eu","type":"drumbeat.sale.v1",
//	 "time":"2026-02-03T09:15:00Z","site":"hall-2",
//	 "data":{"sku":"85123A","quantity":6,"date":"2026-02-03","document":"536365","line":1}}
//
// A [Sale] and a [SaleCancelled] come from systems that nobody can change, so their fields are kept
// as they were sent ([Field]), and the cleaner says what they mean and counts what it had to repair.
// All other types are decisions of people and planning systems; they are strict: one wrong field
// and the whole event is refused, by name, because half an item is worse than the former one.
//
// A record that is no event is a [DecodeError] with a stable reason, which becomes a dead letter.
// One case is different: a type that we know, in a version that we do not ([ErrNewerVersion]).
// The partition then waits for the upgrade.
//
//	var d schemas.Decoder
//	var ev schemas.Event
//	switch err := d.Decode(headers, value, &ev); {
//	case errors.Is(err, schemas.ErrNewerVersion): // stop here
//	case err != nil: // a dead letter
//	case ev.Type == schemas.TypeSale: // ev.Sale aliases value
//	default: // ev.Data is a *schemas.Item, *schemas.Receipt …
//	}
//
// # Plans
//
// A plan is a [Head] and one [Line] for each SKU, on the compacted topic [PlansTopic]. Only lines
// that changed are published with a revision, then the head, which closes it. To hold a site's
// current plan, read its partition, [PartitionOf] the site:
//
//  1. Take each record by its key ([SplitPlanKey]): a line, or the head. Ignore it if its revision
//     is older than the one held under that key. The revision of a line without a value, which
//     says that the SKU left the plan, stands in the header [HeaderRevision].
//  2. At a head, the plan is: all lines held with a revision up to the head's. Lines with a newer
//     one belong to the next plan: keep them aside until its head comes.
//  3. Compare [Checksum] of these lines with the head's. If they agree, you hold the whole plan, each
//     line as it was meant. If not, read on: the topic is being compacted or written just now.
//
// Revisions may have gaps: those that were superseded can be compacted away. A head with status
// [PlanInfeasible] has no lines of its own; the former plan stands, and the checksum is that of its
// lines. [PlanReader] does all this for readers in Go; deploy/subscribing.md says it for others, with
// commands to try.
//
// # Numbers
//
// A [Quantity] counts millionths in an int64, so that sums are exact and do not depend on their
// order; it is a plain number in JSON. Money is a float64 that [RoundMoney] rounds when it is written.
// A [Date] counts days; an [Instant] remembers whether it had a zone.
//
// # Documents
//
// [JSONSchema] has a JSON Schema of every format, [AsyncAPI] the description of all topics with
// their messages, [Files] both and an example of each. Tests hold the Go types, the schemas, the
// examples and the Decoder against each other, so a change to one of them alone does not pass.
package schemas

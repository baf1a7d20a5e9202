package schemas

// Names of topics.
const (
	EventsTopic       = "drumbeat.events"
	PlansTopic        = "drumbeat.plans"
	DeadLettersTopic  = "drumbeat.dead-letters"
	DefaultInputTopic = "erp.sales"
)

// EventsPartitions is the number of partitions of [EventsTopic]. It is fixed for ever: a site stays
// on the partition that its name hashes to.
const EventsPartitions = 16

// Names of record headers. Numbers in headers are decimal text.
const (
	HeaderOriginTopic     = "origin-topic"     // on events and dead letters: where intake read the record
	HeaderOriginPartition = "origin-partition" //
	HeaderOriginOffset    = "origin-offset"    //
	HeaderOriginKey       = "origin-key"       // on events: the key that the record had there, if any but its site
	HeaderRevision        = "revision"         // on every message of the plans topic, tombstones included
	HeaderReason          = "reason"           // on dead letters: a slug, see DecodeError
	HeaderDetail          = "detail"           // on dead letters: one line for people
	HeaderTime            = "time"             // on dead letters: when it was rejected, RFC 3339
)

// Topic is a topic of ours with the settings it must have.
type Topic struct {
	Name       string
	Partitions int
	// Fixed says that another number of partitions is an error, not a choice.
	Fixed bool
	// Config holds the settings by their Kafka names.
	Config map[string]string
}

// Topics lists our topics as they are created and checked. Input topics belong to others and have
// any settings.
func Topics() []Topic {
	return []Topic{
		{
			Name: EventsTopic, Partitions: EventsPartitions, Fixed: true,
			Config: map[string]string{
				"cleanup.policy": "delete",
				// 1,130 days: as long as the kept daily history, so that it can be replayed whole.
				"retention.ms":    "97632000000",
				"retention.bytes": "-1",
				// Intake forwards what an input topic held, also what is too large to be an event.
				"max.message.bytes": "16777216",
			},
		},
		{
			Name: PlansTopic, Partitions: EventsPartitions,
			Config: map[string]string{
				"cleanup.policy":      "compact",
				"delete.retention.ms": "604800000", // 7 days: a reader away for longer starts anew
				// A reader within the last hour sees each revision whole before compaction thins it.
				"min.compaction.lag.ms": "3600000",
				"max.message.bytes":     "8388608",
			},
		},
		{
			Name: DeadLettersTopic, Partitions: EventsPartitions,
			Config: map[string]string{
				"cleanup.policy":    "delete",
				"retention.ms":      "7776000000", // 90 days
				"max.message.bytes": "16777216",
			},
		},
	}
}

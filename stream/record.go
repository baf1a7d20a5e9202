package stream

import "drumbeat/schemas"

// Record is one record of drumbeat.events. Its bytes are only valid until the call that received it returns.
type Record struct {
	Offset  int64
	Key     []byte // the site
	Value   []byte
	Headers []schemas.Header
}

// Message is a record to be written to a topic. A nil Value is a tombstone.
type Message struct {
	Topic   string
	Key     []byte
	Value   []byte
	Headers []schemas.Header
	// Site chooses the partition by murmur2 when set; otherwise the key does.
	Site string
}

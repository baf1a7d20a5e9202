package stream

import (
	"slices"
	"strconv"
	"time"

	"drumbeat/schemas"
)

// LineMessage publishes one line of a site's plan; a nil value says that the SKU left it with this revision.
func LineMessage(site, sku string, revision int64, value []byte) Message {
	return Message{
		Topic: schemas.PlansTopic, Key: []byte(schemas.PlanKey(site, sku)), Value: value,
		Headers: revisionHeader(revision), Site: site,
	}
}

// HeadMessage publishes the head that closes a revision.
func HeadMessage(site string, revision int64, head []byte) Message {
	return Message{
		Topic: schemas.PlansTopic, Key: []byte(site), Value: head,
		Headers: revisionHeader(revision), Site: site,
	}
}

func revisionHeader(revision int64) []schemas.Header {
	return []schemas.Header{{Key: schemas.HeaderRevision, Value: strconv.AppendInt(nil, revision, 10)}}
}

// Message publishes the rejected record as it came, with our headers after its own.
func (d *DeadLetter) Message() Message {
	headers := append(slices.Clip(d.Headers),
		schemas.Header{Key: schemas.HeaderReason, Value: []byte(d.Reason)},
		schemas.Header{Key: schemas.HeaderDetail, Value: []byte(d.Detail)},
		schemas.Header{Key: schemas.HeaderOriginTopic, Value: []byte(d.OriginTopic)},
		schemas.Header{Key: schemas.HeaderOriginPartition, Value: strconv.AppendInt(nil, int64(d.OriginPartition), 10)},
		schemas.Header{Key: schemas.HeaderOriginOffset, Value: strconv.AppendInt(nil, d.OriginOffset, 10)},
		schemas.Header{Key: schemas.HeaderTime, Value: d.At.UTC().AppendFormat(nil, time.RFC3339Nano)},
	)
	return Message{Topic: schemas.DeadLettersTopic, Key: d.Key, Value: d.Value, Headers: headers}
}

// Size is the number of bytes that m holds, about what it takes on the wire.
func (m *Message) Size() int {
	n := len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return n
}

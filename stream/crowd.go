package stream

import "fmt"

// What waits in a site's state for something that may never come is bounded: a feed whose clock is wrong, or that
// cancels what it never sold, must not fill the memory. What finds no room is a dead letter, which can be sent again.
const (
	mostAhead    = 1000    // records of a SKU that are dated ahead of the clock
	mostWaiting  = 10_000  // cancellations of a site whose sale has not come
	waitingBytes = 8 << 20 // of these
)

// reasonCrowded is the reason of such a dead letter.
const reasonCrowded = "too-many-waiting"

// crowded is why a cancellation finds no room, nil if it does; k is its SKU if it is dated ahead.
func (s *site) crowded(k *sku, rec *Record, f *fact) *fault {
	if k != nil {
		if why := k.crowdedAhead(f); why != nil {
			return why
		}
	}
	bytes := letterSize(rec.Key, rec.Value)
	for i := range s.Waiting {
		bytes += letterSize(s.Waiting[i].Letter.Key, s.Waiting[i].Letter.Value)
	}
	if len(s.Waiting) < mostWaiting && bytes <= waitingBytes {
		return nil
	}
	return &fault{reasonCrowded, "document", fmt.Sprintf("%d cancellations wait for their sale already", len(s.Waiting))}
}

// crowdedAhead is why a record that is dated ahead finds no room, nil if it does.
func (k *sku) crowdedAhead(f *fact) *fault {
	if len(k.ahead) < mostAhead {
		return nil
	}
	return &fault{reasonCrowded, "date", fmt.Sprintf("%v is ahead of the clock, and %d records of %s that are wait already", f.day, mostAhead, k.name)}
}

// letterSize is about what a dead letter takes.
func letterSize(key, value []byte) int { return 256 + len(key) + len(value) }

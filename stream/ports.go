package stream

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Errors that the ports share.
var (
	// ErrFenced says that another owner has raised the partition's epoch: nothing was saved, and nothing
	// that the caller still does with the partition counts.
	ErrFenced = errors.New("stream: fenced by a newer owner")
	// ErrOffsetOutOfRange says that the log no longer holds the offset asked for (or does not hold it yet).
	ErrOffsetOutOfRange = errors.New("stream: offset outside the log")
)

// OffsetError says what the log holds instead of the offset asked for; it is an ErrOffsetOutOfRange.
type OffsetError struct {
	Topic      string
	Partition  int32
	Offset     int64
	First, End int64 // the log holds the offsets from First up to but without End
}

func (e *OffsetError) Error() string {
	return fmt.Sprintf("%v: %s/%d holds %d to %d, not %d", ErrOffsetOutOfRange, e.Topic, e.Partition, e.First, e.End, e.Offset)
}

// Is makes it an ErrOffsetOutOfRange.
func (e *OffsetError) Is(target error) bool { return target == ErrOffsetOutOfRange }

// ClaimError says that a site of the batch belongs to another partition; nothing was saved.
type ClaimError struct {
	Site      string
	Partition int32
}

func (e *ClaimError) Error() string {
	return fmt.Sprintf("stream: site %s belongs to partition %d", e.Site, e.Partition)
}

// Source hands out the partitions of drumbeat.events.
type Source interface {
	// Run joins the consumer group and calls own once for every partition assigned, each call in a
	// goroutine of its own. The context of a call ends when the generation does; Run waits for all calls
	// to return before it joins the next generation. It blocks until ctx ends (nil) or until own returns
	// an error that is not the context's, which it returns.
	Run(ctx context.Context, own func(ctx context.Context, p Partition) error) error
}

// Partition is one partition of drumbeat.events for the length of one generation.
type Partition interface {
	ID() int32
	// Alive asks the group coordinator whether this generation still lives; nil if it does.
	Alive(ctx context.Context) error
	// Fetch returns the records from offset on, at most about maxBytes of them but at least one if there
	// is any. It waits a short while (at most half a second) at the end of the log and then returns an
	// empty Fetched. It returns an *OffsetError when the log does not reach to offset.
	Fetch(ctx context.Context, offset int64, maxBytes int) (Fetched, error)
	// Commit stores the group offset, for lag monitors only.
	Commit(ctx context.Context, next int64) error
}

// Fetched is an answer to Fetch. Next is where the following Fetch starts: it passes over control
// records and compacted gaps. End is the offset after the last record of the log, as far as known.
type Fetched struct {
	Records []Record
	Newest  time.Time // when the last of Records was written to the log; zero: unknown
	First   int64     // first offset that the log still holds
	Next    int64
	End     int64
}

// Publisher writes messages.
type Publisher interface {
	// Publish writes the messages, those of one key in order, and returns when all of them are
	// acknowledged by all in-sync replicas. After an error any part of them may have been written; the
	// caller publishes them again.
	Publish(ctx context.Context, messages []Message) error
}

// PlanLog reads drumbeat.plans back.
type PlanLog interface {
	// Follow calls fn for every record of the plan partition that holds site, from offset on (-1: from
	// the first), in order, and blocks until ctx ends or fn fails. It calls fn with Record.Offset < 0 and
	// nothing else set whenever it has reached the end of the log.
	Follow(ctx context.Context, site string, offset int64, fn func(Record) error) error
}

// Store is the truth: state, plans and what is still to be published.
type Store interface {
	// Load makes the caller the owner of the partition: it raises the epoch, which fences every earlier
	// owner, and returns what was saved last. It waits at most a second for an earlier owner's open
	// transaction and then ends that owner's connection.
	Load(ctx context.Context, partition int32) (*Snapshot, error)
	// Recall calls fn for the saved models of the partition's sites (pages of the kind ModelPage, which Load
	// leaves out), in any order. A page is fn's to keep. It may miss what is saved meanwhile. An error of fn ends it.
	Recall(ctx context.Context, partition int32, fn func(Page) error) error
	// Epoch returns the partition's epoch as it is stored now.
	Epoch(ctx context.Context, partition int32) (int64, error)
	// Save writes the batch in one transaction, only while epoch is still the partition's: else
	// ErrFenced. A site that another partition has claimed: *ClaimError. After any other error the batch
	// may or may not have been written; saving the same batch again is safe.
	Save(ctx context.Context, partition int32, epoch int64, b *Batch) error
	// Unsent returns the oldest unsent outbox entries after seq, in their order, with their messages:
	// whole entries, as many as fit into about maxBytes, at least one if there is any.
	Unsent(ctx context.Context, partition int32, after int64, maxBytes int) ([]Unsent, error)
	// Sent deletes the outbox entries up to and including seq and stores how far the plan topic has been
	// read back, while epoch is still the partition's: else ErrFenced.
	Sent(ctx context.Context, partition int32, epoch int64, seq int64, readBack []ReadBack) error
	// Current returns the newest messages of the site: of the SKUs named (a tombstone for one that has
	// left the plan) and, last, the head. Entries that the site never published are left out.
	Current(ctx context.Context, site string, skus []string) ([]Message, error)
}

// ReadBack says up to which offset of its plan partition a site has been read back, and the newest
// revision whose head was found there.
type ReadBack struct {
	Site     string
	Next     int64
	Revision int64
}

// Unsent is one outbox entry: a revision of a site's plan, or a dead letter.
type Unsent struct {
	Seq      int64
	Site     string
	Revision int64 // 0 for a dead letter
	Messages []Message
}

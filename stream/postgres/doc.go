// Package postgres keeps a stream's state, plans and outbox in PostgreSQL.
//
// The database is the truth: whatever a process forgets when it dies is either stored here or can be
// read again from the log, from the offset that is stored with the state.
//
// # One save
//
// A batch is one transaction. Its statements have an order, and each stands where it does for a reason:
//
//	(before)  days       history partitions of new days, in a transaction of their own: creating one
//	                     locks out other creators, and a save may be long
//	BEGIN
//	  1 copy             all rows into temporary tables of the session. Most of the time goes here, and
//	                     nothing that others see is locked yet
//	  2 own              UPDATE partitions … WHERE epoch = mine: proves that we own the partition, and
//	                     holds its row until the end, so that nobody becomes owner in between.
//	                     No row: rollback, stream.ErrFenced
//	  3 claim            sites, in order of name so that two partitions cannot wait for each other;
//	                     a site of another partition: rollback, *stream.ClaimError
//	  4 merge            INSERT … SELECT … ON CONFLICT DO UPDATE, all statements in one round trip;
//	                     among them pg_notify('drumbeat_plan', 'site:revision')
//	COMMIT               waits for the disk, whatever the server's default
//
// Every merge replaces rows by key, so saving a batch again changes nothing: counters are absolute, a
// revision never replaces a newer one, and an entry of the outbox that has been sent (partitions.sent_seq)
// is left out.
//
// # One owner
//
//	            Load: epoch 7                       Load: epoch 8
//	owner A ──────●── Save ── Save ── (paused) ─────────┼────────── Save → ErrFenced
//	owner B                                             ●── Save ── Save ──►
//
// Load raises the epoch in the row that every save must lock. If a save of the older owner holds that row,
// Load waits a second and then ends its connection: a process that was stopped in the middle of a
// transaction holds its locks for as long as it is stopped, and no timeout of the server ends it.
//
// # What is stored
//
// Tables and views are listed in DESIGN.md. Published bytes are kept verbatim (type json keeps its text), so
// what is published again, or checked against a head's checksum, is the same to the byte.
package postgres

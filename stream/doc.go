// Package stream turns a log of events into plans. It has two parts that never mix: the [Processor], which
// decides and does no I/O, and the [Runner], which does the I/O and decides nothing.
//
// # The data's way
//
// A record of drumbeat.events goes through these files, in this order. What knows of neither sites nor records has a
// package of its own: repair/, outlier/, and internal/codec/, which writes the values of the saved state.
//
//	processor.go   whose record it is, whether intake has sent it before, what it decodes to
//	breaker.go     whether its site is held, because too many of its records were bad
//	fact.go        what its fields mean, after repair (repair/: field.go, date.go)
//	clock.go       whether its day moves the site's clock (event time), or lies ahead of it
//	sale.go        whether it has been seen (identity.go), is of a product (codes.go), and who takes it
//	document.go    the document line it names (lineindex.go): corrections, cancellations before and after the sale
//	define.go      all other events: items, counts, orders, calendars, policies …
//
// A sale, a return or a cancellation becomes a booking among those of its SKU and day:
//
//	booking.go     what it says, and the order in which bookings are read
//	book.go        the short way, of a sale on the newest day; any other makes the window be read again
//	resolve.go     the window, and which sale of it a return or a cancellation takes back
//	outlier/       whether a day's size is an error: the rule, with learn.go and event.go (yearly events);
//	               revise.go, once later sales are known; prior.go, by what the site sells; usual.go and
//	               document.go, by the document and the price
//	hold.go        what is shown of a day as kept and as held; reviews; what is dated ahead of the clock
//	settle.go      days that leave the window, facts that come later still, a SKU's whole past judged anew
//
// What that comes to, by SKU and day, is what the models and the plan see:
//
//	history.go     demand, packed by history_packed.go
//	belief.go      stock on hand: a walk over days from a count (stock.go), with receipts (receipt.go, order.go)
//	activity.go    on which days the site was shut; closed.go what calendars close; event.go what they declare,
//	               and the holidays of the site's country
//	life.go        from when to when a SKU is sold; censor.go when it was out of stock
//	change.go      whether what happened matters, and since when a plan is pending
//
// The window is the last 15 days, the open one with them: a fact may come 7 days late, a return looks for its sale
// 7 days back, and there is the day itself. Its bookings are kept one by one and sorted by what they say, so all
// that is made of them is a function of their set, however they came. A day before the window is settled: what the
// SKU and the site usually sell has learnt it, and what comes for it still is added to its history alone.
//
// A pending change that is due becomes a Job:
//
//	draft.go       the state of the site as a problem: models (demand.go), what they share (share.go) and expect
//	               (expect.go), or did before they failed (stale.go), netting (net.go)
//	pose.go        one SKU of the Problem; load.go and capacity.go the resources
//	solve.go       the pool of solvers, beside the Processor; the service has one whose solvers are processes
//	plan.go        the outcome: a plan, the former one as degraded, or why there is none
//	present.go     lines and head as they are published
//
// What was published is compared with demand once that has settled:
//
//	accuracy.go        windows of a published forecast; accuracy_model.go: what its model consists of
//	accuracy_close.go  the demand of a window; accuracy_tally.go: sums by SKU and horizon
//	accuracy_rows.go   as rows of the batch, and by class of SKU for the metrics
//
// Every count, flag and rejection on this way ends in audit.go, and all that has changed in the [Batch] of
// ready.go.
//
// # The Processor
//
// It is a state machine of plain calls on plain values, by one goroutine. Time is an argument.
//
//	p, _ := stream.New(config, snapshot)
//	p.Tick(now)                 // the wall clock; not in event time
//	p.Step(record)              // false: plan first, then step the same record again (event time)
//	for job := p.Job(); job != nil; job = p.Job() {
//		p.Planned(job, solve(job)) // or Withdraw
//	}
//	if b := p.Ready(); b != nil {
//		save(b)                 // BEFORE anything of it is published
//		p.Advance(b)
//	}
//
// The same calls in the same order give the same batches, byte for byte, and a Processor made from what was
// saved goes on as the one that saved it would have: nothing that a later decision looks at lives outside
// the saved state. Refits run on several goroutines, one SKU each, with results by index.
//
// A change stays pending in the saved state until the batch with its plan is saved, also while a Job is out:
// a crash solves again. [Replay] drives a Processor over a file in event time. A [Cleaner] (clean.go) leads the rows of a
// file the same way into the books, and reads the verdicts when every day has settled.
//
// # The Runner
//
//	1 decide    2 save, in one transaction, while our epoch owns the partition    3 publish from the outbox
//	4 read back    5 commit the group offset, for lag monitors only
//
// The states of a partition, and what moves it (runner.go take and load, owner.go run):
//
//	         assigned: the generation lives, Load raises the epoch, it still lives
//	away ──────────────────────────────────────────────────────────────────────────► owned
//	 ▲ ▲                                                                              │ │
//	 │ └──── ErrFenced: a newer owner; drop the state, leave the group, join ─────────┘ │
//	 └────── generation ends: withdraw jobs, save what is left; kept if nobody else ◄───┘
//	                          raises the epoch before it comes back
//
// An owner has one goroutine for the Processor, one that fetches ahead by one answer, one for the save that
// runs, one for each Job that is out, and one for the outbox with a reader of every plan partition that
// holds one of its sites. When its run ends, all of them have ended.
//
// What fails for a while is tried again with growing pauses, and memory stays bounded meanwhile: reading waits
// for a save or an outbox that is behind, planning too; and the fetch waits for reading. What cannot heal by itself blocks the partition:
// an offset outside the log, stored state of another release, an event of a newer one. A metric and the log
// say so until the partition is assigned anew.
//
// The outbox (outbox.go) publishes the lines of a revision, then its head, and deletes the entry when the head
// has been read back from the topic (readback.go). An older revision that someone has written after ours is
// overwritten.
package stream

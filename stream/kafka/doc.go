// Package kafka connects the stream to Apache Kafka through segmentio/kafka-go.
//
//	input topics ──Intake──► drumbeat.events ──Source──► the owner of each partition
//	                    └──► drumbeat.dead-letters           │
//	                                  ▲──────────Publisher───┤
//	                         drumbeat.plans ◄────Publisher───┘
//	                                  └──────────PlanLog─────► read back by the owner
//
// A [Client] holds the connections to one cluster. [Intake] finds the site of every input record and
// forwards it. [Source], [Publisher] and [PlanLog] are the ports of package stream. [Producer] feeds input
// topics. [Client.CreateTopics] and [Client.CheckTopics] look after the topics.
//
// # What holds
//
// Order: records for one partition are sent one batch after the other, the next only after all in-sync
// replicas have acknowledged the one before; so what arrives is in order, with repetitions of a tail
// where an acknowledgement was lost. Whoever reads must be able to drop repetitions: the events by their
// origin offset, the plans by their revision.
//
// Partitions: a site, or else the key, chooses by murmur2 as Java clients do; kafka-go's own default
// differs. Topics are never created by writing to them or reading from them.
//
// Reading: only committed records of transactions, never markers, any gap that compaction leaves.
// An offset outside the log is stream.ErrOffsetOutOfRange and never a silent jump.
//
// Faults: what may heal is tried again with growing, random delays, for ever when reading and for a
// limited time when publishing; [Client.Unreachable] says for how long nothing has been answered. What
// cannot heal (no permission, a wrong password, a topic that does not fit) is returned.
//
// # Life of a partition
//
//	joined ──own(ctx)──► working ──rebalance, eviction or shutdown: ctx ends──► flushing ──own returns──► joined
//
// All calls of own of one generation return before the member joins the next. While flushing, Commit still
// works. A member that the group has thrown out learns of it late, by its own heartbeat or by
// Partition.Alive; another member may own the partition by then, and only the store's epoch tells the two
// apart.
//
// DESIGN.md beside this file has the reasons, and what was verified against which broker.
package kafka

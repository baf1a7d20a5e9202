package kafka

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"sync"

	kafkago "github.com/segmentio/kafka-go"
)

// balancer assigns partitions evenly and leaves them where they are as far as that allows. Every
// member sends what it holds, with the generation it holds it from; the leader of the group keeps
// those claims (the newest, where two contradict), hands out what is free, and then moves single
// partitions from the fullest to the emptiest member until no two differ by more than one.
//
// A rebalance still ends every generation, but an owner that gets its partition back goes on without
// loading its state again.
type balancer struct {
	mu   sync.Mutex
	held claim
}

// claim is the user data of a member.
type claim struct {
	Generation int32            `json:"generation"`
	Held       map[string][]int `json:"held"`
}

// hold notes what this member was assigned.
func (b *balancer) hold(gen *kafkago.Generation) {
	held := map[string][]int{}
	for topic, assignments := range gen.Assignments {
		for _, a := range assignments {
			held[topic] = append(held[topic], a.ID)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = claim{Generation: gen.ID, Held: held}
}

// ProtocolName makes members that balance differently refuse each other.
func (b *balancer) ProtocolName() string { return "drumbeat-sticky" }

// UserData is what this member holds.
func (b *balancer) UserData() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return json.Marshal(b.held)
}

type topicPartition struct {
	topic string
	id    int
}

// AssignGroups assigns every partition to one member that subscribes to its topic.
func (b *balancer) AssignGroups(members []kafkago.GroupMember, partitions []kafkago.Partition) kafkago.GroupMemberAssignments {
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b kafkago.GroupMember) int { return cmp.Compare(a.ID, b.ID) })
	owner := claimed(members)

	all := make([]topicPartition, 0, len(partitions))
	for _, p := range partitions {
		all = append(all, topicPartition{p.Topic, p.ID})
	}
	slices.SortFunc(all, func(a, b topicPartition) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.id, b.id))
	})

	load := make([]int, len(members))
	at := make([]int, len(all)) // member by partition, -1: nobody subscribes
	for i, p := range all {
		at[i] = -1
		if m, ok := owner[p]; ok {
			at[i] = m
			load[m]++
		}
	}
	for i, p := range all {
		if at[i] >= 0 {
			continue
		}
		if m := emptiest(members, load, p.topic); m >= 0 {
			at[i] = m
			load[m]++
		}
	}
	// Each move lowers the sum of the squares of the loads, so the moves come to an end.
	for moved := true; moved; {
		moved = false
		for i := len(all) - 1; i >= 0; i-- {
			if at[i] < 0 {
				continue
			}
			if m := emptiest(members, load, all[i].topic); load[at[i]]-load[m] > 1 && load[at[i]] == slices.Max(load) {
				load[at[i]]--
				load[m]++
				at[i] = m
				moved = true
			}
		}
	}

	out := kafkago.GroupMemberAssignments{}
	for _, m := range members {
		out[m.ID] = map[string][]int{}
	}
	for i, p := range all {
		if at[i] >= 0 {
			topics := out[members[at[i]].ID]
			topics[p.topic] = append(topics[p.topic], p.id)
		}
	}
	return out
}

// claimed returns the member that holds each partition, by its newest claim. Claims that cannot be
// read, of a later release perhaps, are none.
func claimed(members []kafkago.GroupMember) map[topicPartition]int {
	owner := map[topicPartition]int{}
	since := map[topicPartition]int32{}
	for m, member := range members {
		var c claim
		if json.Unmarshal(member.UserData, &c) != nil {
			continue
		}
		for _, topic := range slices.Sorted(maps.Keys(c.Held)) {
			if !slices.Contains(member.Topics, topic) {
				continue
			}
			for _, id := range c.Held[topic] {
				p := topicPartition{topic, id}
				if _, ok := owner[p]; !ok || c.Generation > since[p] {
					owner[p], since[p] = m, c.Generation
				}
			}
		}
	}
	return owner
}

// emptiest returns the subscriber of topic with the least load, the first of equals; -1 if there is none.
func emptiest(members []kafkago.GroupMember, load []int, topic string) int {
	best := -1
	for m, member := range members {
		if slices.Contains(member.Topics, topic) && (best < 0 || load[m] < load[best]) {
			best = m
		}
	}
	return best
}

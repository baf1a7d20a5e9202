package kafka

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"pgregory.net/rapid"
)

// TestBalancerSharesEvenlyAndMovesLittle lets members come and go and looks at each assignment.
func TestBalancerSharesEvenlyAndMovesLittle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		partitions := rapid.IntRange(1, 40).Draw(t, "partitions")
		var all []kafkago.Partition
		for p := range partitions {
			all = append(all, kafkago.Partition{Topic: "events", ID: p})
		}
		held := map[string][]int{} // by member, of the last generation
		since := map[string]int32{}
		joined := 0
		for gen := int32(1); gen <= 8; gen++ {
			leaves := []string{}
			for _, id := range slices.Sorted(maps.Keys(held)) {
				if rapid.IntRange(0, 4).Draw(t, "leaves") == 0 {
					leaves = append(leaves, id)
				}
			}
			for _, id := range leaves {
				delete(held, id)
				delete(since, id)
			}
			for range rapid.IntRange(0, 3).Draw(t, "join") {
				joined++
				held[fmt.Sprint("m", joined)] = nil
			}
			if len(held) == 0 {
				continue
			}
			var members []kafkago.GroupMember
			for id, ids := range held {
				data, err := json.Marshal(claim{Generation: since[id], Held: map[string][]int{"events": ids}})
				if err != nil {
					t.Fatal(err)
				}
				members = append(members, kafkago.GroupMember{ID: id, Topics: []string{"events"}, UserData: data})
			}
			out := (&balancer{}).AssignGroups(members, all)

			least, most := partitions, 0
			var seen []int
			kept, could := 0, 0
			for id, before := range held {
				ids := out[id]["events"]
				least, most = min(least, len(ids)), max(most, len(ids))
				seen = append(seen, ids...)
				for _, p := range before {
					if slices.Contains(ids, p) {
						kept++
					}
				}
				could += min(len(before), partitions/len(held))
			}
			slices.Sort(seen)
			if len(seen) != partitions || !slices.Equal(slices.Compact(seen), seen) {
				t.Fatalf("%d partitions are assigned as %v", partitions, out)
			}
			if most-least > 1 {
				t.Fatalf("%d partitions are assigned unevenly: %v", partitions, out)
			}
			if kept < could {
				t.Fatalf("%d partitions stay where they were, %d could: %v before, %v after", kept, could, held, out)
			}
			for id := range held {
				held[id], since[id] = out[id]["events"], gen
			}
		}
	})
}

func TestBalancerBelievesTheNewestClaim(t *testing.T) {
	member := func(id, data string) kafkago.GroupMember {
		return kafkago.GroupMember{ID: id, Topics: []string{"a"}, UserData: []byte(data)}
	}
	partitions := []kafkago.Partition{{Topic: "a", ID: 0}, {Topic: "a", ID: 1}, {Topic: "a", ID: 2}, {Topic: "b", ID: 0}}
	out := (&balancer{}).AssignGroups([]kafkago.GroupMember{
		member("1", `{"generation":3,"held":{"a":[0,1],"b":[0]}}`),
		member("2", `{"generation":5,"held":{"a":[1],"gone":[7]}}`),
		member("3", `no claim`),
	}, partitions)
	for id, want := range map[string][]int{"1": {0}, "2": {1}, "3": {2}} {
		if got := out[id]["a"]; !slices.Equal(got, want) {
			t.Errorf("member %s has %v, want %v", id, got, want)
		}
		if out[id]["b"] != nil {
			t.Errorf("member %s has a topic that it does not subscribe to", id)
		}
	}
}

func TestBalancerOfDifferentSubscriptions(t *testing.T) {
	partitions := []kafkago.Partition{{Topic: "a", ID: 0}, {Topic: "a", ID: 1}, {Topic: "b", ID: 0}, {Topic: "b", ID: 1}}
	out := (&balancer{}).AssignGroups([]kafkago.GroupMember{
		{ID: "both", Topics: []string{"a", "b"}, UserData: []byte(`{"generation":1,"held":{"a":[0,1],"b":[0,1]}}`)},
		{ID: "only", Topics: []string{"b"}},
	}, partitions)
	if len(out["both"]["a"]) != 2 || len(out["only"]["b"]) != 2 {
		t.Errorf("assigned %v", out)
	}
}

// FuzzClaims has a member of another release, or an impostor, send anything as what it holds: the leader still gives
// each partition to exactly one member.
func FuzzClaims(f *testing.F) {
	f.Add([]byte(`{"generation":3,"held":{"events":[0,1,-7,99999999999]}}`), []byte(`{"held":null}`))
	f.Add([]byte(nil), []byte(`{"generation":-1,"held":{"other":[1],"events":[1,1,1]}}`))
	f.Fuzz(func(t *testing.T, one, other []byte) {
		var all []kafkago.Partition
		for p := range 5 {
			all = append(all, kafkago.Partition{Topic: "events", ID: p})
		}
		topics := []string{"events"}
		assigned := new(balancer).AssignGroups([]kafkago.GroupMember{{ID: "a", Topics: topics, UserData: one}, {ID: "b", Topics: topics, UserData: other}}, all)
		var ids []int
		for _, member := range []string{"a", "b"} {
			held := assigned[member]["events"]
			if len(held) < 2 || len(held) > 3 {
				t.Errorf("%s is given %v", member, held)
			}
			ids = append(ids, held...)
		}
		slices.Sort(ids)
		if !slices.Equal(ids, []int{0, 1, 2, 3, 4}) {
			t.Errorf("given out: %v", ids)
		}
	})
}

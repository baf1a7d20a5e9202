package kafka

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	kafkago "github.com/segmentio/kafka-go"

	"drumbeat/schemas"
)

// atLeast are the settings of which more is no problem. -1 is without limit.
var atLeast = map[string]bool{
	"retention.ms": true, "retention.bytes": true, "max.message.bytes": true,
	"delete.retention.ms": true, "min.compaction.lag.ms": true,
}

// compare lists what is wrong about one of our topics.
func compare(want schemas.Topic, t kafkago.Topic, config map[string]string) []Problem {
	var problems []Problem
	if have := len(t.Partitions); want.Fixed && have != want.Partitions {
		problems = append(problems, Problem{
			Topic: want.Name, Setting: "partitions", Have: strconv.Itoa(have), Want: strconv.Itoa(want.Partitions),
			Do: "name the number it was created with, or move to a new topic: the partition of a site depends on the number",
		})
	}
	for _, name := range slices.Sorted(maps.Keys(want.Config)) {
		have, ok := config[name]
		if !ok || fits(name, have, want.Config[name]) {
			continue // a broker that does not know a setting has no way to act against it
		}
		problems = append(problems, Problem{
			Topic: want.Name, Setting: name, Have: strconv.Quote(have), Want: want.Config[name],
			Do: fmt.Sprintf("kafka-configs --alter --entity-type topics --entity-name %s --add-config %s=%s", want.Name, name, want.Config[name]),
		})
	}
	return append(problems, compareReplicas(want.Name, t, config)...)
}

// compareReplicas looks at how many copies an acknowledged record has.
func compareReplicas(name string, t kafkago.Topic, config map[string]string) []Problem {
	replicas := 0
	for _, p := range t.Partitions {
		if replicas == 0 || len(p.Replicas) < replicas {
			replicas = len(p.Replicas)
		}
	}
	insync, err := strconv.Atoi(config["min.insync.replicas"])
	switch {
	case err == nil && insync > replicas:
		return []Problem{{
			Topic: name, Setting: "min.insync.replicas", Have: strconv.Itoa(insync), Want: "at most " + strconv.Itoa(replicas),
			Do: "lower it, or add replicas: nothing can be written",
		}}
	case replicas < 2:
		return []Problem{{
			Topic: name, Setting: "replication", Have: strconv.Itoa(replicas), Want: "3",
			Do: "fine on one machine; elsewhere a lost broker is lost data", Advice: true,
		}}
	case replicas > 2 && err == nil && insync < 2:
		return []Problem{{
			Topic: name, Setting: "min.insync.replicas", Have: strconv.Itoa(insync), Want: "2",
			Do: "raise it, or an acknowledged record may be on one broker only", Advice: true,
		}}
	}
	return nil
}

// fits says whether a setting does what it has to.
func fits(name, have, want string) bool {
	if have == want {
		return true
	}
	if !atLeast[name] {
		return false
	}
	h, errHave := strconv.ParseInt(have, 10, 64)
	w, errWant := strconv.ParseInt(want, 10, 64)
	if errHave != nil || errWant != nil {
		return false
	}
	unlimited := name == "retention.ms" || name == "retention.bytes"
	if unlimited && (h < 0 || w < 0) {
		return h < 0
	}
	return h >= w
}

package schemas

import "testing"

// The vectors of Apache Kafka's own test, org.apache.kafka.common.utils.UtilsTest.testMurmur2
// (clients/src/test/java, Apache-2.0).
func TestMurmur2AsKafkaTestsIt(t *testing.T) {
	for _, c := range []struct {
		key  string
		want int32
	}{
		{"21", -973932308},
		{"foobar", -790332482},
		{"a-little-bit-long-string", -985981536},
		{"a-little-bit-longer-string", -1486304829},
		{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
		{"abc", 479470107},
	} {
		if got := int32(murmur2([]byte(c.key))); got != c.want {
			t.Errorf("murmur2(%q) = %d, want %d", c.key, got, c.want)
		}
	}
}

func TestPartitionOf(t *testing.T) {
	for _, c := range []struct {
		key     string
		n, want int
	}{
		// The sign bit is cleared, not negated: -973932308 & 0x7fffffff = 1173551340.
		{"21", 16, 1173551340 % 16},
		{"abc", 16, 479470107 % 16},
		{"abc", 1, 0},
		{"abc", 0, 0},
	} {
		if got := PartitionOf([]byte(c.key), c.n); got != c.want {
			t.Errorf("PartitionOf(%q, %d) = %d, want %d", c.key, c.n, got, c.want)
		}
	}
	key := []byte("hall-2")
	if n := testing.AllocsPerRun(100, func() { PartitionOf(key, EventsPartitions) }); n != 0 {
		t.Errorf("PartitionOf costs %v allocations", n)
	}
}

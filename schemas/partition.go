package schemas

// PartitionOf is the partition of a record with this key among n, as Java clients choose it:
// Kafka's murmur2 without its sign bit, modulo n (org.apache.kafka.clients.producer.internals.
// BuiltInPartitioner.partitionForKey, formerly DefaultPartitioner). It is 0 for n < 2.
func PartitionOf(key []byte, n int) int {
	if n < 2 {
		return 0
	}
	return int(murmur2(key)&0x7fffffff) % n
}

// murmur2 is Austin Appleby's MurmurHash2 of 32 bits with Kafka's seed, the result of
// org.apache.kafka.common.utils.Utils.murmur2 as an unsigned number.
func murmur2(data []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	h := uint32(seed) ^ uint32(len(data))
	for ; len(data) >= 4; data = data[4:] {
		k := uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16 | uint32(data[3])<<24
		k *= m
		k ^= k >> r
		k *= m
		h = h*m ^ k
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h ^= uint32(data[0])
		h *= m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}

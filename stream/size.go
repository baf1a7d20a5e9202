package stream

import "drumbeat/stream/internal/codec"

// HistoryBytes is how many bytes of the saved state of a SKU are its daily history.
func HistoryBytes(state []byte) (int, error) {
	r := codec.Reader{Rest: state}
	version := r.Byte()
	if r.Err == nil && (version < oldestSKUVersion || version > skuVersion) {
		return 0, &codec.VersionError{What: "a SKU", Version: int(version)}
	}
	r.Uvarint()
	var i item
	i.decode(&r, "")
	if r.Err != nil {
		return 0, r.Err
	}
	_, rest, err := decodeHistory(r.Rest, version >= markedSKUVersion)
	return len(r.Rest) - len(rest), err
}

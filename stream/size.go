package stream

// HistoryBytes is how many bytes of the saved state of a SKU are its daily history.
func HistoryBytes(state []byte) (int, error) {
	r := reader{b: state}
	version := r.byte()
	if r.err == nil && (version < oldestSKUVersion || version > skuVersion) {
		return 0, &versionError{What: "a SKU", Version: int(version)}
	}
	r.uvarint()
	var i item
	i.decode(&r, "")
	if r.err != nil {
		return 0, r.err
	}
	_, rest, err := decodeHistory(r.b, version >= markedSKUVersion)
	return len(r.b) - len(rest), err
}

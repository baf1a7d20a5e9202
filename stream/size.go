package stream

// HistoryBytes is how many bytes of the saved state of a SKU are its daily history.
func HistoryBytes(state []byte) (int, error) {
	r := reader{b: state}
	if v := r.byte(); r.err == nil && (v < oldestSKUVersion || v > skuVersion) {
		return 0, &versionError{What: "a SKU", Version: int(v)}
	}
	r.uvarint()
	var i item
	i.decode(&r, "")
	if r.err != nil {
		return 0, r.err
	}
	_, rest, err := decodeHistory(r.b, nil)
	return len(r.b) - len(rest), err
}

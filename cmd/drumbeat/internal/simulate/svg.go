package simulate

// SVG is the page of charts.
func (r *Report) SVG() []byte { return nil }

package optimize

// unique says whether face, the optimal face of the LP at basis, is a single point: no column or row outside the basis
// can move on it. It may say no although it is one.
func unique(face *LP, basis *Basis) bool {
	if basis == nil {
		return false
	}
	for j, place := range basis.Columns {
		if place != Basic && face.Lower[j] < face.Upper[j] {
			return false
		}
	}
	for i, place := range basis.Rows {
		if place != Basic && face.RowLower[i] < face.RowUpper[i] {
			return false
		}
	}
	return true
}

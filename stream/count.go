package stream

// note counts a reason that goes with a kept record.
func (a *audit) note(o origin, reason string) { a.of(o).reasons[reason]++ }

// unflag turns a record that was held into a rejected one.
func (a *audit) unflag(o origin, was, reason string) {
	t := a.of(o)
	t.flagged--
	t.rejected++
	t.reasons[was]--
	t.reasons[reason]++
}

// all returns the rows of every origin.
func (a *audit) all(site string) []AuditRow {
	var rows []AuditRow
	for _, o := range a.sorted() {
		rows = append(rows, a.origins[o].row(site, o))
	}
	return rows
}

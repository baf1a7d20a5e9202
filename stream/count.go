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

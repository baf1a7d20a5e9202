package forecast

// Series is the demand history of one series of a site.
type Series struct {
	Y      []float64 // one value a bucket, oldest first; NaN: missing
	First  int       // bucket of Y[0], by which its events are found
	Events Events    // nil: none
}

// Fitted is what a series has taught.
type Fitted struct {
	Model   *Model
	Effects Effects
}

// FitSite fits the series of a site: twice, for what all of them together say of the experts goes into the second fit.
// A series with a negative value is Real.
//
// run calls f for every index below n, in any order and at the same time if it likes, and returns when all calls have;
// its error ends the fit.
func FitSite(c Config, all []Series, run func(n int, f func(i int)) error) ([]Fitted, error) {
	c.Prior = nil
	fitted := make([]Fitted, len(all))
	fit := func(i int) {
		c, s := c, &all[i]
		for _, v := range s.Y {
			c.Real = c.Real || v < 0
		}
		fitted[i].Model, fitted[i].Effects = FitEvents(c, s.Y, s.First, s.Events)
	}
	if err := run(len(all), fit); err != nil {
		return nil, err
	}
	models := make([]*Model, len(all))
	for i := range fitted {
		models[i] = fitted[i].Model
	}
	if c.Prior = NewPrior(c, models); c.Prior == nil {
		return fitted, nil
	}
	return fitted, run(len(all), fit)
}

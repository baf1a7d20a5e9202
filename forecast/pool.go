package forecast

// pool lists the experts of a series: every model of the package stands here and nowhere else. The first is the plain
// mean, which stands in for an expert that has no forecast.
//
// The grids are geometric in the smoothing factor: the loss of a level as a function of log a is flat near its
// optimum, so neighbours a factor of two apart lose little against an optimiser and weights interpolate between them.
func pool(c Config, r *lags, y *year, fits []regression) []entry {
	var p []entry
	add := func(g grade, e expert) { p = append(p, entry{g, e}) }
	m := c.Season
	// Counted days know their weekdays from the site, so a level without them only adds noise to the choice.
	weekdays := m == 7 && !c.Real
	for _, a := range []float64{0, .02, .05, .1, .2, .4} {
		g := forAll
		if weekdays && a > 0 {
			g = forContinuous
		}
		add(g, &level{a: a})
	}
	for _, a := range []float64{.7, 1} {
		add(forContinuous, &level{a: a})
	}
	if !c.Real {
		if !weekdays {
			add(forSparse, &tsb{a: .1, b: .1})
			add(forSparse, &tsb{a: .03, b: .1})
		}
		if m > 1 {
			for _, a := range []float64{0, .02, .05, .1, .2} {
				add(forAll, &level{a: a, seasonal: true})
			}
			add(forContinuous, &level{a: .4, seasonal: true})
		}
		if m == 7 {
			for _, a := range []float64{.02, .05, .2, .5} {
				add(forAll, &yearly{a: a, year: y})
			}
		}
	}
	for i := range fits {
		r := &fits[i]
		for k := range 2 * len(yearWaves) {
			add(holtGrade(r.log), &waves{of: r, fit: k})
		}
	}
	logs := []bool{false, true}
	if c.Real {
		logs = logs[:1]
	}
	if m <= 1 || m > 7 {
		for _, log := range logs {
			for _, a := range []float64{.2, .5, .9} {
				add(holtGrade(log), &smooth{season: 1, log: log, a: a, beta: .15, phi: .9})
			}
		}
	}
	if m <= 1 {
		return p
	}
	if m <= 7 && !c.Real { // weekday factors above are the season; here only the additive alternative
		for _, a := range []float64{.05, .2} {
			add(forContinuous, &smooth{season: int32(m), a: a, phi: 1, gamma: .1})
			add(forContinuous, &smooth{season: int32(m), a: a, beta: .1, phi: .97, gamma: .1})
		}
		return p
	}
	for _, log := range logs {
		for _, a := range []float64{.05, .2, .5} {
			add(holtGrade(log), &smooth{season: int32(m), log: log, a: a, beta: .1, phi: .97, gamma: .35})
			add(holtGrade(log), &smooth{season: int32(m), log: log, a: a, phi: 1, gamma: .35, trend: new(slope)})
		}
		for _, a := range []float64{.05, .5} {
			add(holtGrade(log), &naive{lags: r, a: a, log: log})
			if m >= 24 {
				add(holtGrade(log), &naive{lags: r, a: a, log: log, smoothed: true})
			}
		}
	}
	return p
}

func holtGrade(log bool) grade {
	if log {
		return forPositive
	}
	return forContinuous
}

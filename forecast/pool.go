package forecast

import "fmt"

// pool lists the experts of a series: every model of the package stands here and nowhere else. The first is the plain
// mean, which stands in for an expert that has no forecast.
//
// The grids are geometric in the smoothing factor: the loss of a level as a function of log a is flat near its
// optimum, so neighbours a factor of two apart lose little against an optimiser and weights interpolate between them.
func pool(c Config, r *lags, y *year) []entry {
	var p []entry
	add := func(g grade, e expert, format string, args ...any) {
		p = append(p, entry{fmt.Sprintf(format, args...), g, e})
	}
	m := c.Season
	for _, a := range []float64{0, .02, .05, .1, .2, .4} {
		add(forAll, &level{a: a}, "level(%g)", a)
	}
	for _, a := range []float64{.7, 1} {
		add(forContinuous, &level{a: a}, "level(%g)", a)
	}
	if !c.Real {
		add(forSparse, &tsb{a: .1, b: .1}, "tsb(0.1,0.1)")
		add(forSparse, &tsb{a: .03, b: .1}, "tsb(0.03,0.1)")
		if m > 1 {
			for _, a := range []float64{0, .02, .05, .1, .2} {
				add(forAll, &level{a: a, seasonal: true}, "season*level(%g)", a)
			}
			add(forContinuous, &level{a: .4, seasonal: true}, "season*level(0.4)")
		}
		if m == 7 {
			for _, a := range []float64{.02, .05, .2, .5} {
				add(forAll, &yearly{a: a, year: y}, "year*season*level(%g)", a)
			}
		}
	}
	logs := []bool{false, true}
	if c.Real {
		logs = logs[:1]
	}
	if m <= 1 || m > 7 {
		for _, log := range logs {
			for _, a := range []float64{.2, .5, .9} {
				add(holtGrade(log), &smooth{season: 1, log: log, a: a, beta: .15, phi: .9}, "%sholt(%g,0.15,0.9)", prefix(log), a)
			}
		}
	}
	if m <= 1 {
		return p
	}
	if m <= 7 && !c.Real { // weekday factors above are the season; here only the additive alternative
		for _, a := range []float64{.05, .2} {
			add(forContinuous, &smooth{season: m, a: a, phi: 1, gamma: .1}, "additive(%g,0.1)", a)
			add(forContinuous, &smooth{season: m, a: a, beta: .1, phi: .97, gamma: .1}, "additive damped(%g,0.1,0.97,0.1)", a)
		}
		return p
	}
	for _, log := range logs {
		for _, a := range []float64{.05, .2, .5, .9} {
			g := .2
			add(holtGrade(log), &smooth{season: m, log: log, a: a, phi: 1, gamma: g}, "%sseasonal(%g,%g)", prefix(log), a, g)
			add(holtGrade(log), &smooth{season: m, log: log, a: a, beta: .1, phi: .97, gamma: g}, "%sseasonal damped(%g,0.1,0.97,%g)", prefix(log), a, g)
			if a < .9 {
				add(holtGrade(log), &smooth{season: m, log: log, a: a, phi: 1, gamma: g, straight: true}, "%sseasonal line(%g,%g)", prefix(log), a, g)
			}
		}
		for _, a := range []float64{0, .05, .2, .5} {
			add(holtGrade(log), &naive{lags: r, a: a, log: log}, "%sseasonal naive(%g)", prefix(log), a)
			if m >= 24 {
				add(holtGrade(log), &naive{lags: r, a: a, log: log, smoothed: true}, "%sseasonal naive 121(%g)", prefix(log), a)
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

func prefix(log bool) string {
	if log {
		return "log "
	}
	return ""
}

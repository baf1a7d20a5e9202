package cases

import (
	"errors"
	"fmt"

	"drumbeat/forecast"
)

// Score forecasts every window by way of forecast.FitSite, all windows of an origin as one site, and judges the forecasts.
// c may change what the models are made of; season and horizon are the set's.
func (s *Set) Score(c forecast.Config, run forecast.Runner) (Scores, error) {
	c.Season, c.Horizon = s.Season, s.Horizon
	losses := make([]loss, len(s.Windows))
	for from := 0; from < len(s.Windows); {
		to := from
		for to < len(s.Windows) && s.Windows[to].Origin == s.Windows[from].Origin {
			to++
		}
		windows := s.Windows[from:to]
		site := make([]forecast.Series, len(windows))
		for i, w := range windows {
			x := &s.Series[w.Series]
			site[i] = forecast.Series{Y: x.Y[:w.Known], First: x.First}
		}
		models, err := forecast.FitSite(c, site, run)
		if err != nil {
			return Scores{}, err
		}
		err = run(len(windows), func(i int) {
			var path forecast.Path
			m := models[i]
			m.Forecast(&path, s.Horizon)
			sum := m.Sum(0, windows[i].Lead)
			losses[from+i] = s.judge(windows[i], &path, sum.Mean, sum.Quantile(.95))
		})
		if err != nil {
			return Scores{}, err
		}
		from = to
	}
	return s.total(losses)
}

// total joins the losses of all windows.
func (s *Set) total(losses []loss) (Scores, error) {
	var t tally
	for i := range losses {
		if losses[i].bad {
			return Scores{}, fmt.Errorf("cases: %s: a forecast of series %s is not finite", s.Name, s.Series[s.Windows[i].Series].ID)
		}
		t.add(&losses[i])
	}
	return t.scores(), nil
}

// ScoreAll scores the sets names of the folder dir.
func ScoreAll(dir string, names []string, c forecast.Config, run forecast.Runner) ([]Result, error) {
	results := make([]Result, len(names))
	failed := make([]error, len(names)+1)
	failed[len(names)] = run(len(names), func(i int) {
		set, err := Read(dir, names[i])
		if err != nil {
			failed[i] = err
			return
		}
		scores, err := set.Score(c, run)
		results[i], failed[i] = set.Compare(scores), err
	})
	return results, errors.Join(failed...)
}

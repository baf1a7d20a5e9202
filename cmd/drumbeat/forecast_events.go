package main

import (
	"errors"
	"fmt"
	"strings"

	"drumbeat/forecast"
)

// readEvents enters the events of the file and the country into the series.
func (c *forecastCmd) readEvents(all []*demandSeries, freq forecast.Freq) error {
	shared := forecast.Events{}
	if c.Country != "" {
		first, last := all[0].first, all[0].last
		for _, s := range all {
			first, last = min(first, s.first), max(last, s.last)
		}
		if err := shared.AddHolidays(c.Country, freq, first, last+c.Horizon); err != nil {
			return badInput(fmt.Errorf("--country: %w", err))
		}
	}
	type event struct {
		at   int
		name string
	}
	single := map[string][]event{} // by series
	if c.Events != "" {
		err := readTable(c.Events, nil, []string{"name", "ds"}, []string{"unique_id"}, func(row []string, bad func(string, error) error) error {
			if row[0] == "" {
				return bad("name", errors.New("is empty"))
			}
			at, err := freq.Containing(row[1])
			if err != nil {
				return bad("ds", err)
			}
			name := strings.Clone(row[0])
			if row[2] == "" {
				shared.Add(at, name)
			} else {
				single[row[2]] = append(single[row[2]], event{at, name})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, s := range all {
		s.events = shared
		if own := single[s.id]; len(own) > 0 {
			s.events = shared.Clone()
			for _, e := range own {
				s.events.Add(e.at, e.name)
			}
		}
	}
	return nil
}

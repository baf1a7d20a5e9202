package bench

import (
	"errors"
	"io"
	"testing"

	"drumbeat/forecast"
)

// Every case is of the kind that its name says, and has an answer for every question.
func TestForecastCases(t *testing.T) {
	cases, err := forecastCases(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kinds := []string{"sparse", "count", "continuous", "continuous", "continuous"}
	if len(cases) != len(kinds) {
		t.Fatalf("%d cases", len(cases))
	}
	for i := range cases {
		c := &cases[i]
		for _, y := range c.series {
			m := forecast.Fit(c.config, y)
			if kind := m.Explain().Kind; kind != kinds[i] {
				t.Errorf("%s: a series is %s", c.name, kind)
			}
			var q question
			q.ask(m, c)
			if !(q.answers > 0) {
				t.Errorf("%s: answers %v", c.name, q.answers)
			}
		}
	}
}

func TestPeersThatAreNotInstalled(t *testing.T) {
	if _, err := StartPeers(t.Context(), t.TempDir(), io.Discard); !errors.Is(err, ErrNoPeers) {
		t.Fatalf("%v, want %v", err, ErrNoPeers)
	}
}

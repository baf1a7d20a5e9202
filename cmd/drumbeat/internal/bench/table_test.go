package bench

import (
	"context"
	"errors"
	"strings"
	"testing"

	"drumbeat/cmd/drumbeat/internal/terminal"
)

func TestTable(t *testing.T) {
	got := Table([]Row{
		{"plan", "100x12x1", "objective", 2128139.4, "1"},
		{"plan", "100x12x1", "cold_seconds", 0.0123456, "s"},
		{"plan", "10000x52x10", "objective", 17, "1"},
		{"decode", "binary", "events_per_second", 1234567, "1/s"},
		{"plan", "10000x52x10", "cold_seconds", 12.34, "s"},
	}, terminal.Style{})
	want := strings.Join([]string{
		"plan         objective  cold seconds",
		"                                   s",
		"100x12x1     2,128,139       0.01235",
		"10000x52x10       17.0          12.3",
		"",
		"decode  events per second",
		"                      1/s",
		"binary          1,234,567",
		""}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDecode(t *testing.T) {
	got := map[string]float64{}
	err := decode(t.Context(), func(r Row) { got[r.Case+" "+r.Metric] = r.Value }, 100, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 8 {
		t.Errorf("%d figures, want 8: %v", len(got), got)
	}
	for _, mode := range []string{"structured", "binary"} {
		rate, ns := got[mode+" events_per_second"], got[mode+" ns_per_event"]
		if rate <= 0 || rate*ns < 0.999e9 || rate*ns > 1.001e9 {
			t.Errorf("%s: %v events a second, %v ns an event", mode, rate, ns)
		}
	}
	if got["structured bytes_per_event"] <= got["binary bytes_per_event"] {
		t.Errorf("structured records carry the envelope: %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := decode(ctx, func(Row) {}, 10, decodeTime); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run returned %v", err)
	}
}

package forecast

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Buckets and labels are one to one, and every day of a bucket finds it.
func TestFreqLabels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"D", "W", "W-MON", "W-FRI", "W-SUN", "MS", "1"}).Draw(t, "freq")
		f, err := ParseFreq(name)
		if err != nil {
			t.Fatal(err)
		}
		i := rapid.IntRange(12*1900, 12*2100).Draw(t, "i") // as months, years 1900 to 2100
		if f.unit == byWeek || f.unit == byDay {
			i -= 24_000
		}
		if got, err := f.Index(f.Label(i)); err != nil || got != i {
			t.Fatalf("%s: bucket %d is %s is bucket %d (%v)", name, i, f.Label(i), got, err)
		}
		if f.unit != byWeek {
			return
		}
		end, err := time.Parse(time.DateOnly, f.Label(i))
		if err != nil {
			t.Fatal(err)
		}
		for back := range 8 {
			want := i - back/7
			if got, err := f.Containing(end.AddDate(0, 0, -back).Format(time.DateOnly)); err != nil || got != want {
				t.Fatalf("%s: %d days before %s is bucket %d, want %d (%v)", name, back, f.Label(i), got, want, err)
			}
		}
	})
}

func TestParseFreqRefuses(t *testing.T) {
	for _, s := range []string{"", "H", "W-", "W-fri", "W-FRIDAY", "M", "2"} {
		if f, err := ParseFreq(s); err == nil {
			t.Errorf("%q is taken for %v", s, f)
		}
	}
}

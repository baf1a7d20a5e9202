package schemas

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time. It is written as Go does ("2s", "1h30m") and read so or in the
// part of ISO 8601 that has a fixed length ("PT2S", "P7D", "P1DT12H").
type Duration time.Duration

// ErrDuration says that text is no duration.
var ErrDuration = errors.New(`schemas: not a duration such as "2s", "1h" or "PT2S"`)

// ParseDuration reads a duration that is not negative.
func ParseDuration(s string) (Duration, error) {
	if strings.HasPrefix(s, "P") {
		return parseISODuration(s)
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, ErrDuration
	}
	return Duration(d), nil
}

// parseISODuration reads P[nW][nD][T[nH][nM][nS]]. Years and months have no fixed length and are refused.
func parseISODuration(s string) (Duration, error) {
	units, total, any := "WD", time.Duration(0), false
	for rest := s[1:]; rest != ""; {
		if rest[0] == 'T' && units != "HMS" && len(rest) > 1 {
			units, rest = "HMS", rest[1:]
			continue
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if end <= 0 {
			return 0, ErrDuration
		}
		n, err := strconv.ParseFloat(rest[:end], 64)
		if err != nil || !strings.Contains(units, rest[end:end+1]) {
			return 0, ErrDuration
		}
		var unit time.Duration
		switch rest[end] {
		case 'W':
			unit = 7 * 24 * time.Hour
		case 'D':
			unit = 24 * time.Hour
		case 'H':
			unit = time.Hour
		case 'M':
			unit = time.Minute
		case 'S':
			unit = time.Second
		}
		if n*float64(unit) > float64(100*365*24*time.Hour) {
			return 0, ErrDuration
		}
		total += time.Duration(n * float64(unit))
		any, rest = true, rest[end+1:]
	}
	if !any {
		return 0, ErrDuration
	}
	return Duration(total), nil
}

// String is the shortest Go form: "1h", not "1h0m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalJSON writes the duration as JSON text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads a duration from JSON text.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	v, err := ParseDuration(s)
	if err != nil {
		return err
	}
	*d = v
	return nil
}

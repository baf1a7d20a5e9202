package forecast

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/ar"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/bg"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/gr"
	"github.com/rickar/cal/v2/hr"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/lt"
	"github.com/rickar/cal/v2/lv"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/ro"
	"github.com/rickar/cal/v2/ru"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/si"
	"github.com/rickar/cal/v2/sk"
	"github.com/rickar/cal/v2/ua"
	"github.com/rickar/cal/v2/us"
	"github.com/rickar/cal/v2/za"
)

// countries are the national holidays by ISO 3166 code (UK is taken for GB).
var countries = map[string][]*cal.Holiday{
	"AR": ar.Holidays,
	"AT": at.Holidays,
	"BE": be.Holidays,
	"BG": bg.Holidays,
	"BR": br.Holidays,
	"CA": ca.Holidays,
	"CH": ch.Holidays,
	"CZ": cz.Holidays,
	"DE": de.Holidays,
	"DK": dk.Holidays,
	"ES": es.Holidays,
	"FR": fr.Holidays,
	"GB": gb.Holidays,
	"GR": gr.Holidays,
	"HR": hr.Holidays,
	"IE": ie.Holidays,
	"IT": it.Holidays,
	"JP": jp.Holidays,
	"LT": lt.Holidays,
	"LV": lv.Holidays,
	"NL": nl.Holidays,
	"NO": no.Holidays,
	"NZ": nz.Holidays,
	"PL": pl.Holidays,
	"RO": ro.Holidays,
	"RU": ru.Holidays,
	"SE": se.Holidays,
	"SI": si.Holidays,
	"SK": sk.Holidays,
	"UA": ua.Holidays,
	"US": us.Holidays,
	"ZA": za.Holidays,
}

// Countries lists the codes of which holidays are known.
func Countries() []string { return slices.Sorted(maps.Keys(countries)) }

// holidayKind begins the names of national holidays: one that a site has not met yet has the effect of the others.
const holidayKind = "holiday: "

// AddHolidays enters the national holidays of a country, on the day they fall on, into the buckets from … to.
//
// In months only the movable ones count: a holiday of the same month every year is a part of the season.
func (e Events) AddHolidays(country string, f Freq, from, to int) error {
	code := strings.ToUpper(country)
	if code == "UK" {
		code = "GB"
	}
	holidays, ok := countries[code]
	if !ok {
		return fmt.Errorf("forecast: no holidays known for country %q (known: %s)", country, strings.Join(Countries(), " "))
	}
	if !f.Dated() {
		return fmt.Errorf("forecast: holidays need dates, frequency %s has none", f.name)
	}
	first, last := f.year(from)-1, f.year(to)+1
	for _, h := range holidays {
		if f.unit == byMonth && h.Month != 0 {
			continue
		}
		for year := first; year <= last; year++ {
			t, _ := h.Calc(year)
			if t.IsZero() {
				continue
			}
			day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
			if i := f.bucket(day); from <= i && i <= to {
				e.Add(i, holidayKind+h.Name)
			}
		}
	}
	return nil
}

// year is the calendar year in which bucket i lies.
func (f Freq) year(i int) int {
	if f.unit == byMonth {
		return floorDiv(i, 12)
	}
	day := i
	if f.unit == byWeek {
		day = i*7 + f.weekOrigin()
	}
	return time.Unix(int64(day)*secondsPerDay, 0).UTC().Year()
}

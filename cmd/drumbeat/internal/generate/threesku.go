package generate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// First and Last are the first and the last day of ThreeSKU.
var (
	First = time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	Last  = time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)
)

// spoiled says how many rows are spoiled in which way: 164, five per cent of 3,288.
var spoiled = []struct {
	dirt  Dirt
	count int
}{
	{Times50, 51},
	{MissingQuantity, 41},
	{BrokenDate, 32},
	{MissingDate, 24},
	{Negative, 16},
}

// ThreeSKU returns the demo's 3 x 1,096 rows in the order of their true dates:
//
//	SKU-001  200 + N(0, 30), three times that on 22-28 November, at least 1
//	SKU-002  zero on 70 % of the days, else Poisson(2), at least 1
//	SKU-003  250 (1 + sin(2π (day of year - 80)/365)) N(1, 0.15), at least 0
//
// rounded to whole units; 164 rows drawn without replacement are spoiled.
func ThreeSKU(seed uint64) []Row {
	r := rand.New(rand.NewPCG(seed, 1))
	var rows []Row
	for day := First; !day.After(Last); day = day.AddDate(0, 0, 1) {
		rows = append(rows,
			row("SKU-001", day, blackFriday(r, day)),
			row("SKU-002", day, sparse(r)),
			row("SKU-003", day, seasonal(r, day)),
		)
	}
	spoil(r, rows)
	return rows
}

func blackFriday(r *rand.Rand, day time.Time) int64 {
	q := 200 + 30*r.NormFloat64()
	if friday(day) {
		q *= 3
	}
	return max(1, int64(math.Round(q)))
}

// friday says whether the day belongs to the week of Black Friday.
func friday(day time.Time) bool {
	return day.Month() == time.November && day.Day() >= 22 && day.Day() <= 28
}

func sparse(r *rand.Rand) int64 {
	if r.Float64() < 0.7 {
		return 0
	}
	return max(1, poisson(r, 2))
}

func seasonal(r *rand.Rand, day time.Time) int64 {
	return max(0, int64(math.Round(250*season(day)*(1+0.15*r.NormFloat64()))))
}

// season is SKU-003's share of its mean demand on a day.
func season(day time.Time) float64 {
	return 1 + math.Sin(2*math.Pi*float64(day.YearDay()-80)/365)
}

// spoil spoils the rows of a random sample.
func spoil(r *rand.Rand, rows []Row) {
	sample := r.Perm(len(rows))
	for _, kind := range spoiled {
		for n := range kind.count {
			x := &rows[sample[n]]
			x.Dirt = kind.dirt
			switch kind.dirt {
			case Times50:
				x.GivenQuantity = fmt.Sprint(50 * x.Quantity)
			case MissingQuantity:
				x.GivenQuantity = ""
			case BrokenDate:
				x.GivenDate = brokenDate(x.Date, n)
			case MissingDate:
				x.GivenDate = ""
			case Negative:
				x.GivenQuantity = "-100"
			}
		}
		sample = sample[kind.count:]
	}
}

// brokenDate writes a date in the n-th of five formats, in turn.
func brokenDate(day time.Time, n int) string {
	switch n % 5 {
	case 0:
		return day.Format("02/01/2006")
	case 1:
		return day.Format("2006.01.02")
	case 2:
		return day.Format("Jan ") + ordinal(day.Day()) + day.Format(" 06")
	case 3:
		return day.Format("20060102")
	default:
		return day.Format("02/01/06")
	}
}

// ordinal writes 1st, 2nd, 3rd, 4th … 31st.
func ordinal(n int) string {
	suffix := "th"
	if n < 11 || n > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}

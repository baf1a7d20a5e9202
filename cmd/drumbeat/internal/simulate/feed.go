package simulate

import (
	"math/rand/v2"
	"slices"

	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/schemas"
)

// Row is one line of the feed: what a SKU sold on a day, as the feed says it.
type Row struct {
	SKU           int
	Day           schemas.Date     // the true one
	Quantity      schemas.Quantity // the true one
	Given, Amount string           // what the feed says; "" where it says nothing
}

// Dirt spoils and delays rows of a feed at random, in the ways and the shares of the generator of the three SKUs:
// a twentieth is spoiled, and as many are late by up to four days. The same seed spoils the same rows, whatever they say.
type Dirt struct{ Seed uint64 }

// shares are those of the rows that are spoiled in a way.
var shares = []struct {
	dirt  generate.Dirt
	share float64
}{
	{generate.Times50, .0155}, {generate.MissingQuantity, .0125}, {generate.BrokenDate, .0097},
	{generate.MissingDate, .0073}, {generate.Negative, .0049},
}

const (
	lateShare = .05
	latest    = 4 // days
)

// feed makes rows of what is sold. Days without a sale have none.
type feed struct {
	set  *Set
	late map[schemas.Date][]Row
}

// day is what the feed says at the end of a day.
func (f *feed) day(d schemas.Date, sold [][]schemas.Quantity) []Row {
	rows := slices.Clone(f.late[d])
	delete(f.late, d)
	for i := range sold {
		q := sold[i][d-f.set.First]
		if q == 0 {
			continue
		}
		row := Row{SKU: i, Day: d, Quantity: q, Given: d.String(), Amount: q.String()}
		if f.set.Dirt == nil {
			rows = append(rows, row)
			continue
		}
		if after := f.set.Dirt.spoil(&row); after > 0 {
			if f.late == nil {
				f.late = map[schemas.Date][]Row{}
			}
			f.late[d.AddDays(after)] = append(f.late[d.AddDays(after)], row)
			continue
		}
		rows = append(rows, row)
	}
	return rows
}

// spoil returns how many days late a row comes.
func (d *Dirt) spoil(row *Row) (late int) {
	r := rand.New(rand.NewPCG(d.Seed, uint64(row.SKU)<<32|uint64(uint32(row.Day))))
	at := r.Float64()
	for _, s := range shares {
		if at -= s.share; at >= 0 {
			continue
		}
		switch s.dirt {
		case generate.Times50:
			row.Amount = (50 * row.Quantity).String()
		case generate.MissingQuantity:
			row.Amount = ""
		case generate.BrokenDate:
			row.Given = row.Day.Time(nil).Format([]string{"2006.01.02", "20060102", "02/01/2006"}[r.IntN(3)])
		case generate.MissingDate:
			row.Given = ""
		case generate.Negative:
			row.Amount = "-100"
		}
		return 0
	}
	if r.Float64() < lateShare {
		return 1 + r.IntN(latest)
	}
	return 0
}

package stream

import (
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"drumbeat/schemas"
)

// retailFile is half a year of a web shop: see the README of ../shared/data.
const retailFile = "../../shared/data/online_retail_2010-12_2011-06.csv.gz"

// retailEvents reads the file's rows as sales events, one each, named by their line.
func retailEvents(t testing.TB) []told {
	file, err := os.Open(retailFile)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("%s is not here: the data set is no part of the repository", retailFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(unzipped)
	r.ReuseRecord = true
	if _, err := r.Read(); err != nil {
		t.Fatal(err)
	}
	var facts []told
	for n := 2; ; n++ {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return facts
		}
		if err != nil {
			t.Fatal(err)
		}
		row = slices.Clone(row)
		for i := range row {
			row[i] = strings.Clone(row[i])
		}
		s := schemas.Sale{
			Document: schemas.TextField(row[0]), SKU: schemas.TextField(row[1]), Quantity: schemas.Field{Raw: row[3], Kind: schemas.Number},
			Time: schemas.TextField(row[4]), UnitPrice: schemas.Field{Raw: row[5], Kind: schemas.Number},
		}
		if row[6] != "" {
			s.Customer = schemas.TextField(row[6])
		}
		day, err := schemas.ParseDate(row[4][:10])
		if err != nil {
			t.Fatal(err)
		}
		facts = append(facts, told{day, schemas.Event{Type: schemas.TypeSale, ID: strconv.Itoa(n), Source: "/shop", Sale: s}})
	}
}

// The whole file, shuffled within a week and with every twentieth row twice, gives the same history,
// verdicts and books as in order.
func TestOnlineRetailInAnyOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the whole file twice")
	}
	facts := retailEvents(t)
	rng := rand.New(rand.NewPCG(11, 6))
	type late struct {
		at float64 // days
		told
	}
	var shuffled []late
	for _, f := range facts {
		clock := f.ev.Sale.Time.Raw
		hours, err := strconv.Atoi(clock[11:13])
		if err != nil {
			t.Fatal(err)
		}
		at := float64(f.day) + float64(hours)/24 + 7*rng.Float64()
		shuffled = append(shuffled, late{at, f})
		if rng.IntN(20) == 0 {
			shuffled = append(shuffled, late{at + rng.Float64()/10, f})
		}
	}
	slices.SortStableFunc(shuffled, func(a, b late) int { return cmp.Compare(a.at, b.at) })
	other := make([]told, len(shuffled))
	for i := range shuffled {
		other[i] = shuffled[i].told
	}
	a, b := booksOf(foldFacts(t, facts)), booksOf(foldFacts(t, other))
	if a != b {
		t.Errorf("in order, then shuffled:\n%s", firstDifference(a, b))
	}
	t.Logf("%d rows in order, %d shuffled, %d bytes of books", len(facts), len(other), len(a))
}

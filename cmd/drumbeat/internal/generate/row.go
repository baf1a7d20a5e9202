package generate

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// Dirt is the way in which a row was spoiled.
type Dirt string

// The kinds of dirt.
const (
	Clean           Dirt = ""
	Times50         Dirt = "times 50"         // the quantity is fifty times what was sold
	MissingQuantity Dirt = "missing quantity" // no quantity
	BrokenDate      Dirt = "broken date"      // the right day in a format that is not ISO 8601
	MissingDate     Dirt = "missing date"     // no date
	Negative        Dirt = "negative"         // the quantity is -100
)

// Row is one sale: what was sold, and what the feed says about it.
type Row struct {
	SKU      string
	Date     time.Time // the day of the sale, at midnight UTC
	Quantity int64     // what was sold, in base units

	Dirt          Dirt
	GivenDate     string // "" when the feed has none
	GivenQuantity string // "" when the feed has none
}

// row returns a clean row.
func row(sku string, date time.Time, quantity int64) Row {
	return Row{
		SKU: sku, Date: date, Quantity: quantity,
		GivenDate: date.Format(time.DateOnly), GivenQuantity: strconv.FormatInt(quantity, 10),
	}
}

// Unspoiled is the row as a feed without errors would have it.
func (r *Row) Unspoiled() Row { return row(r.SKU, r.Date, r.Quantity) }

// Shuffle puts rows into a random order that follows from seed.
func Shuffle(rows []Row, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 2))
	r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
}

// WriteCSV writes what the feed says, as date,sku,quantity with a header: row i is line i+2.
func WriteCSV(w io.Writer, rows []Row) error {
	b := bufio.NewWriter(w)
	c := csv.NewWriter(b)
	records := func() error {
		if err := c.Write([]string{"date", "sku", "quantity"}); err != nil {
			return err
		}
		for i := range rows {
			if err := c.Write([]string{rows[i].GivenDate, rows[i].SKU, rows[i].GivenQuantity}); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	}
	if err := records(); err != nil {
		return fmt.Errorf("generate: writing CSV: %w", err)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("generate: writing CSV: %w", err)
	}
	return nil
}

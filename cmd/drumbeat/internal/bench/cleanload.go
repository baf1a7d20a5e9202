package bench

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/schemas"
)

// Deciles of the 1,000 products with most sale days of Online Retail, half a year of a web shop that is closed on
// Saturdays: sale days of all days, the median of a sale day's units, and the standard deviation of their
// logarithm.
var (
	retailDensity = [11]float64{.246, .270, .299, .322, .355, .389, .441, .498, .555, .635, .791}
	retailUnits   = [11]float64{1, 2, 3, 4, 5.5, 6, 9, 12, 13, 24, 100}
	retailSpread  = [11]float64{.34, .81, .94, 1.03, 1.09, 1.14, 1.19, 1.24, 1.30, 1.38, 1.92}
)

// quantile interpolates deciles.
func quantile(deciles *[11]float64, p float64) float64 {
	at := p * 10
	i := min(int(at), 9)
	return deciles[i] + (at-float64(i))*(deciles[i+1]-deciles[i])
}

// saleLoad is made-up demand of document lines with customers and prices.
type saleLoad struct {
	skus, days int
	monthly    bool // one sale in 30 days; else the densities of a web shop
	steady     bool // quantities near their median, so that none is doubtful
}

// each yields the sales in the order of their days. An event is valid until the next call.
func (l saleLoad) each(ctx context.Context, yield func(*schemas.Event) error) error {
	random := rand.New(rand.NewPCG(uint64(l.skus), uint64(l.days)))
	first := schemas.DateOf(generate.First)
	type product struct {
		name                  string
		share, median, spread float64
		price                 string
	}
	products := make([]product, l.skus)
	for i := range products {
		p := &products[i]
		place := func(step int) float64 { return float64(i*step%l.skus) / float64(l.skus) }
		p.name, p.price = generate.LoadSKU(i), strconv.FormatFloat(math.Round(100*math.Exp(random.NormFloat64()))/100+.01, 'f', 2, 64)
		p.share = quantile(&retailDensity, place(1)) * 7 / 6 // of the days but Saturdays
		if l.monthly {
			p.share = 7. / 6 / 30
		}
		p.median, p.spread = max(3, quantile(&retailUnits, place(617))), quantile(&retailSpread, place(353))
		if l.steady {
			p.spread = .15
		}
	}
	n := 0
	for d := range l.days {
		day := first.AddDays(d)
		if day.Weekday() == time.Saturday {
			continue
		}
		date := day.String()
		for i := range products {
			p := &products[i]
			if random.Float64() >= p.share {
				continue
			}
			if n&1023 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			units := max(1, math.Round(p.median*math.Exp(p.spread*random.NormFloat64())))
			ev := schemas.Event{ID: strconv.Itoa(n), Source: "bench", Type: schemas.TypeSale, Site: benchSite, Sale: schemas.Sale{
				SKU: schemas.TextField(p.name), Quantity: schemas.Field{Raw: strconv.FormatFloat(units, 'f', 0, 64), Kind: schemas.Number},
				Date: schemas.TextField(date), Document: schemas.TextField("D" + strconv.Itoa(n/7)), Line: schemas.TextField(strconv.Itoa(n%7 + 1)),
				Customer: schemas.TextField("C" + strconv.Itoa(random.IntN(500))), UnitPrice: schemas.Field{Raw: p.price, Kind: schemas.Number},
			}}
			if err := yield(&ev); err != nil {
				return err
			}
			n++
		}
	}
	return nil
}

// sizes are numbers of bytes; rows reports their mean, median, 95 % and largest.
type sizes []float64

func (s sizes) rows(name string) []Row {
	slices.Sort(s)
	sum := 0.0
	for _, v := range s {
		sum += v
	}
	at := func(p float64) float64 { return s[min(len(s)-1, int(p*float64(len(s))))] }
	return []Row{
		{Metric: name + "_mean", Value: sum / float64(len(s)), Unit: "B"},
		{Metric: name + "_median", Value: at(.5), Unit: "B"},
		{Metric: name + "_p95", Value: at(.95), Unit: "B"},
		{Metric: name + "_max", Value: s[len(s)-1], Unit: "B"},
	}
}

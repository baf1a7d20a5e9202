package outlier

import (
	"math"
	"math/rand/v2"

	"drumbeat/schemas"
)

// generatedSale is a day of the published data set's generator (golden figures, "The sales
// generator"), as it is after the repair of dates and without what the cleaner rejects.
type generatedSale struct {
	sku    int
	date   schemas.Date
	units  float64
	error  bool // the quantity was multiplied by 50 and was not 0
	friday bool // a genuine day of the Black Friday promotion
}

// generatedSales makes three SKUs over 2023 to 2025 with 5 % of the rows spoiled, in the order of
// dates.
func generatedSales(seed uint64) []generatedSale {
	rng := rand.New(rand.NewPCG(seed, 50))
	first, _ := schemas.NewDate(2023, 1, 1)
	const days, skus = 1096, 3
	rows := make([]generatedSale, 0, days*skus)
	for t := range days {
		d := first.AddDays(t)
		year, month, day := d.Civil()
		newYear, _ := schemas.NewDate(year, 1, 1)
		friday := month == 11 && day >= 22 && day <= 28

		steady := 200 + 30*rng.NormFloat64()
		if friday {
			steady *= 3
		}
		rows = append(rows, generatedSale{sku: 0, date: d, units: math.Max(1, math.Trunc(steady)), friday: friday})

		rare := 0.0
		if rng.Float64() >= 0.7 {
			rare = math.Max(1, poisson(rng, 2))
		}
		rows = append(rows, generatedSale{sku: 1, date: d, units: rare})

		season := 250 * (1 + math.Sin(2*math.Pi*float64(int(d-newYear)+1-80)/365))
		rows = append(rows, generatedSale{sku: 2, date: d, units: math.Max(0, math.Trunc(season*(1+.15*rng.NormFloat64())))})
	}
	// 51 sizes times 50; 41 + 24 + 16 + 12 rows that never reach the rule as a sale.
	spoiled := rng.Perm(len(rows))[:51+41+24+16+12]
	for i, row := range spoiled {
		if i < 51 {
			rows[row].error = rows[row].units > 0
			rows[row].units *= 50
		} else {
			rows[row].units = 0
		}
		rows[row].friday = false
	}
	return rows
}

// poisson draws by multiplication (D. Knuth, The Art of Computer Programming 2, 3.4.1 Q).
func poisson(rng *rand.Rand, mean float64) float64 {
	limit, product := math.Exp(-mean), rng.Float64()
	n := 0.0
	for product > limit {
		n++
		product *= rng.Float64()
	}
	return n
}

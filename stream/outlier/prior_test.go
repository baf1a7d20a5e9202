package outlier

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

func saved(t rapid.TB, p *Priors) string {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The SKUs of a day come in any order, days without sales are closed or not, and a restart comes between
// any two days: the site learns the same, bit for bit.
func TestSitePriorsDependOnTheDaysAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const skus = 12
		var a, b Priors
		var rulesA, rulesB [skus]Rule
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		day := schemas.Date(rapid.IntRange(-20_000, 20_000).Draw(t, "first"))
		for range rapid.IntRange(1, 40).Draw(t, "days") {
			type sale struct {
				sku   int
				units float64
			}
			var sales []sale
			for sku := range skus {
				if rng.IntN(3) > 0 {
					sales = append(sales, sale{sku, math.Ceil(math.Exp(3 + 2*rng.NormFloat64()))})
				}
			}
			for _, s := range sales {
				rulesA[s.sku].Learn(Day{Day: day, Units: s.units}, a.At(day), a.Learning(), nil)
			}
			rng.Shuffle(len(sales), func(i, j int) { sales[i], sales[j] = sales[j], sales[i] })
			for _, s := range sales {
				rulesB[s.sku].Learn(Day{Day: day, Units: s.units}, b.At(day), b.Learning(), nil)
			}
			a.Close(day)
			b.Close(day)
			gap := rapid.SampledFrom([]int{1, 1, 2, 6, 30}).Draw(t, "gap")
			for i := range gap - 1 {
				b.Learning()
				b.Close(day.AddDays(i + 1))
			}
			day = day.AddDays(gap)
			if saved(t, &a) != saved(t, &b) {
				t.Fatalf("%s\n%s", saved(t, &a), saved(t, &b))
			}
			text := saved(t, &b)
			b = Priors{}
			if err := json.Unmarshal([]byte(text), &b); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A prior knows what is settled by the time that any fact of its week can come, and nothing else: the days
// from the last settled one to a day ahead of today all have theirs, the same whenever they ask.
func TestSitePriorIsAlwaysSettled(t *testing.T) {
	var p Priors
	first := map[schemas.Date]Prior{}
	start := schemas.Date(20_000)
	for settled := start; settled < start+120; settled++ {
		l := p.Learning()
		l.sku()
		l.size(float64(settled-start) + 1)
		p.Close(settled)
		for day := settled; day <= settled+PriorLag; day++ {
			prior := p.At(day)
			asOf := priorDay(day)
			if asOf > settled || asOf < day-PriorLag-6 || asOf.Weekday() != 6 {
				t.Fatalf("%v is judged by %v while %v is settled", day, asOf, settled)
			}
			var got Prior
			if prior != nil {
				got = *prior
			}
			if want := max(0, int64(asOf-start)+1); got.SKUs != want || got.Sizes != want || got.knowsSizes() != (want >= siteSizes) {
				t.Fatalf("%v is judged by %+v, want the %d days up to %v", day, got, want, asOf)
			}
			if before, ok := first[day]; ok && before != got {
				t.Fatalf("%v was judged by %+v, then by %+v", day, before, got)
			}
			first[day] = got
		}
	}
}

// Mean and deviation are those of the log sizes; an absurd one counts as four deviations.
func TestSitePriorsFigures(t *testing.T) {
	var p Priors
	rng := rand.New(rand.NewPCG(2, 2))
	var sum, squares float64
	const days, sizes = 50, 40
	for day := range schemas.Date(days) {
		l := p.Learning()
		for range sizes {
			v := 2 + .5*rng.NormFloat64()
			sum += v
			squares += v * v
			l.size(math.Exp(v))
		}
		l.sku()
		p.Close(day)
	}
	const n = days * sizes
	mean := sum / n
	deviation := math.Sqrt(squares/n - mean*mean)
	got := p.At(1000)
	if got.Sizes != n || math.Abs(got.Mean-mean) > 1e-3 || math.Abs(got.Deviation-deviation) > 2e-3 {
		t.Errorf("%+v, want a mean of %.4f and a deviation of %.4f", got, mean, deviation)
	}
	p.Learning().size(1e12)
	p.Close(days)
	if off := p.At(1000).Mean - got.Mean; off <= 0 || off > 4*deviation/n*1.01 {
		t.Errorf("an absurd size has moved the mean by %v", off)
	}
	if new(Priors).At(5).dispersion() != firstPhi || (*Prior)(nil).knowsSizes() {
		t.Error("a site without sales knows something")
	}
}

// A SKU starts with the dispersion of those that the site knows.
func TestSitePriorsStartDispersions(t *testing.T) {
	var p Priors
	for sku := range 6 {
		var r Rule
		rng := rand.New(rand.NewPCG(uint64(sku), 4))
		for i := range 100 {
			r.Learn(Day{Day: schemas.Date(100 + i), Units: math.Ceil(math.Exp(4 + rng.NormFloat64()))}, nil, p.Learning(), nil)
		}
	}
	p.Close(200)
	if phi := p.At(300).dispersion(); p.Phis != 6 || phi < .6 || phi > 1.5 {
		t.Errorf("%d SKUs with a log-variance of 1 start a new one at %.2f", p.Phis, phi)
	}
}

package forecast

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// capsBatch is the rule of sizes read off its formula, every mean taken anew over the whole history.
func capsBatch(y []float64, site sizePrior) []float64 {
	var logs, before, out []float64
	for _, v := range y {
		x := math.Log(v)
		if float64(len(logs))+site.meanN >= sizeMinimum {
			n, sum := site.meanN, site.meanN*site.mean
			for i, l := range logs {
				w := math.Pow(sizeDiscount, float64(len(logs)-1-i))
				n += w
				sum += w * l
			}
			mean := sum / n
			variance := site.sigmaN * site.sigma * site.sigma
			for _, d := range before {
				variance += d * d
			}
			x = min(x, mean+sizeWidth*math.Sqrt(variance/(float64(len(logs))+site.sigmaN)))
			before = append(before, x-mean)
		}
		logs = append(logs, x)
		out = append(out, math.Exp(x))
	}
	return out
}

func TestSizesEqualTheirFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SliceOfN(rapid.Float64Range(.01, 1e6), 1, 60).Draw(t, "y")
		site := sizesAlone
		if rapid.Bool().Draw(t, "site") {
			site = sizePrior{mean: rapid.Float64Range(-2, 5).Draw(t, "mean"), meanN: siteMeanN, sigma: rapid.Float64Range(.1, 2).Draw(t, "sigma"), sigmaN: siteSigmaN}
		}
		s := sizes{site: site}
		for i, want := range capsBatch(y, site) {
			if got := s.observe(y[i]); math.Abs(got-want) > 1e-9*want {
				t.Fatalf("order %d of %v counts as %v, want %v", i+1, y[i], got, want)
			}
		}
	})
}

// One order of a thousand among tens counts like a large ten, a lasting change of size gets through.
func TestSizesForgetOneOrderAndLearnMany(t *testing.T) {
	s := sizes{site: sizesAlone}
	for range 30 {
		s.observe(10)
	}
	if y := s.observe(1000); y > 40 {
		t.Errorf("a single order of 1000 counts as %.1f", y)
	}
	y := 0.0
	for range 60 {
		y = s.observe(1000)
	}
	if y < 999 {
		t.Errorf("the sixtieth order of 1000 counts as %.1f", y)
	}
}

package stream

import (
	"math"

	"drumbeat/schemas"
)

// AccuracyRow is how accurate the published forecasts of one SKU were over one horizon.
type AccuracyRow struct {
	Site, SKU string
	Class     string       // of the SKU's demand: "none", "count", "sparse" or "continuous"
	Horizon   string       // "1d", "7d", "28d" or "cover"
	Days      int          // of a window
	Through   schemas.Date // last day of the newest window
	Windows   int64        // closed so far; the sums below are discounted
	AccuracySums
}

// AccuracySums are sums over closed windows, of which each weighs 1-1/26 of the next. They add up over SKUs; the
// ratios are NaN where nothing is known.
type AccuracySums struct {
	Weight           float64 // of the windows
	Demand, Forecast float64 // of the known days
	AbsError         float64
	SquaredError     float64
	NaiveError       float64 // absolute, of the mean of the 28 days before
	Whole            float64 // weight of the windows without an unknown day; the rest is of these
	Covered80        float64 // weight of those within the 80 % interval
	Covered95        float64 // weight of those not above the .95 quantile
	Pinball95        float64 // loss of the .95 quantile
}

// Add joins the sums of others.
func (a *AccuracySums) Add(o AccuracySums) {
	a.Weight += o.Weight
	a.Demand += o.Demand
	a.Forecast += o.Forecast
	a.AbsError += o.AbsError
	a.SquaredError += o.SquaredError
	a.NaiveError += o.NaiveError
	a.Whole += o.Whole
	a.Covered80 += o.Covered80
	a.Covered95 += o.Covered95
	a.Pinball95 += o.Pinball95
}

// WAPE is the absolute error as a share of demand.
func (a *AccuracySums) WAPE() float64 { return ratio(a.AbsError, a.Demand) }

// NaiveWAPE is the same of the naive forecast.
func (a *AccuracySums) NaiveWAPE() float64 { return ratio(a.NaiveError, a.Demand) }

// Bias is what was forecast too much, as a share of demand; negative: too little.
func (a *AccuracySums) Bias() float64 { return ratio(a.Forecast-a.Demand, a.Demand) }

// Coverage80 is the share of windows within the 80 % interval.
func (a *AccuracySums) Coverage80() float64 { return ratio(a.Covered80, a.Whole) }

// Coverage95 is the share of windows whose demand was not above the .95 quantile.
func (a *AccuracySums) Coverage95() float64 { return ratio(a.Covered95, a.Whole) }

func ratio(part, of float64) float64 {
	if of == 0 {
		return math.NaN()
	}
	return part / of
}

func (t *tallySums) sums() AccuracySums {
	return AccuracySums{
		Weight: float64(t.weight), Demand: float64(t.demand), Forecast: float64(t.forecast), AbsError: float64(t.absolute),
		SquaredError: float64(t.squared), NaiveError: float64(t.naive), Whole: float64(t.whole),
		Covered80: float64(t.covered80), Covered95: float64(t.covered95), Pinball95: float64(t.pinball),
	}
}

func (t *spanTally) row(site, name string, class seriesClass, span spanKind) AccuracyRow {
	return AccuracyRow{
		Site: site, SKU: name, Class: class.String(), Horizon: span.String(), Days: t.days, Through: t.through,
		Windows: int64(t.windows), AccuracySums: t.sums(),
	}
}

// AccuracyClass is a class of SKUs and a horizon.
type AccuracyClass struct{ Class, Horizon string }

// Accuracy sums up the closed windows of a site by class and horizon.
func (p *Processor) Accuracy(name string) map[AccuracyClass]AccuracySums {
	list := map[AccuracyClass]AccuracySums{}
	s := p.sites[name]
	if s == nil {
		return list
	}
	for _, k := range s.skus {
		a := k.accuracy.tallies()
		for span := range a.spans {
			if t := &a.spans[span]; t.windows > 0 {
				key := AccuracyClass{a.class.String(), spanKind(span).String()}
				sums := list[key]
				sums.Add(t.sums())
				list[key] = sums
			}
		}
	}
	return list
}

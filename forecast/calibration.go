package forecast

import "math"

// pastSums are the newest complete horizons of a model that do not overlap: what was sold (winsorised) and what the
// combination, before its calibration, had forecast. They are what a site's calibration is made from.
type pastSums struct {
	actual, forecast [calibrationWindows]float64 // newest first
	n                int
}

const (
	calibrationWindows  = 6
	calibrationWarmUp   = 2   // horizons at the start of a series that only tell how it starts
	calibrationDiscount = .8  // per horizon back
	calibrationNoise    = .04 // variance of the logarithm of a site's demand over its forecast (20 %), worth two horizons
	calibrationSureness = 2   // standard errors
	productNoise        = .3  // variance of the logarithm of one product's demand over its forecast, which it repeats
	maxCalibration      = 2
)

// settle books an origin whose horizon is complete, if it does not overlap the one before. A product that had not sold
// yet at the origin was not forecast at all.
func (p *pastSums) settle(m *Model, o *origin) {
	if m.made%m.leads != 0 || m.t < calibrationWarmUp*m.config.Horizon || !m.isCount() || !(o.forecast > 0) {
		return
	}
	copy(p.actual[1:], p.actual[:])
	copy(p.forecast[1:], p.forecast[:])
	p.actual[0], p.forecast[0] = o.actual, o.forecast/o.level
	p.n = min(p.n+1, calibrationWindows)
}

// siteCalibration is the factor that the mean forecasts of counts of a site deserve. Parts of a model that is phased out
// sell less every year, all of them, and none sells enough to show it: every level lags behind, and a trend fitted to one
// part is noise. The site shows it: over every past horizon i all products together sold a share x_i of what had been
// forecast. With μ the discounted mean of log x_i and s its standard error, the factor is
//
//	exp( μ max(0, 1 - 4 s²/μ²) )
//
// the positive-part shrinkage of James and Stein (1961), at two standard errors: a decline that repeats itself horizon
// after horizon counts nearly in full, a season or one bad month not at all, since it makes the x_i differ.
func siteCalibration(models []*Model) float64 {
	var actual, forecast, squared, n [calibrationWindows]float64
	for _, m := range models {
		p := &m.calibrated
		for i := range p.n {
			actual[i] += p.actual[i]
			forecast[i] += p.forecast[i]
			squared[i] += p.forecast[i] * p.forecast[i]
			n[i]++
		}
	}
	sum, squares, weight, weight2, w, products := 0.0, 0.0, 0.0, 0.0, 1.0, math.Inf(1)
	for i := range n {
		// Older horizons of a few old products say nothing of the rest.
		if n[i] < 2 || n[i] < n[0]/2 || actual[i] <= 0 || forecast[i] <= 0 {
			break
		}
		x := math.Log(actual[i] / forecast[i])
		products = min(products, forecast[i]*forecast[i]/squared[i])
		sum += w * x
		squares += w * x * x
		weight += w
		weight2 += w * w
		w *= calibrationDiscount
	}
	if sum == 0 {
		return 1
	}
	windows := weight * weight / weight2
	if windows < 1.5 {
		return 1
	}
	mean := sum / weight
	variance := (windows*(squares/weight-mean*mean)+2*calibrationNoise)/(windows+1) + productNoise/products
	sure := max(0, 1-calibrationSureness*calibrationSureness*variance/windows/(mean*mean))
	return min(max(math.Exp(mean*sure), 1./maxCalibration), maxCalibration)
}

// excessShare is the part of the demand cut off by winsorising that goes back into the mean, as a share of the demand
// left. All of it makes the mean unbiased and its errors larger: the few orders behind it come from few products. A fifth
// keeps the mean within 10 % on every panel.
func excessShare(models []*Model) float64 {
	excess, kept := 0.0, 0.0
	for _, m := range models {
		excess += m.sizes.excess
		kept += m.sizes.kept
	}
	return excessReturned * min(ratio(excess, kept), 1)
}

const excessReturned = .2

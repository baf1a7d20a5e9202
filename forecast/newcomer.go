package forecast

// birth is how a series begins: a product is heard of when it first sells, so that the first bucket of its series is a
// sale by construction and its mean too high, by the share of the sale that is one.
type birth struct {
	sale  float64 // the first bucket; 0: the series began otherwise
	after float64 // demand over the horizon that followed
	n     int     // buckets of it that were observed
}

// observe books the demand of an observed bucket, the first of which is the seen-th = 1.
func (b *birth) observe(y float64, seen, horizon int) {
	if seen == 1 {
		b.sale = y
	} else if b.n < horizon {
		b.after += y
		b.n++
	}
}

const (
	birthSeries = 5 // series that "as much as the first sale, every day" is worth
	birthFades  = 2 // horizons, like the warm-up of the calibration
	minBirth    = .01
)

// siteBirth is φ, the mean demand of the buckets after a first sale over that sale; the largest and the smallest products
// have the same say.
func siteBirth(models []*Model) float64 {
	sum, n := float64(birthSeries), float64(birthSeries)
	for _, m := range models {
		b := &m.birth
		if b.sale > 0 && b.n == m.config.Horizon {
			sum += min(b.after/float64(b.n)/b.sale, 1)
			n++
		}
	}
	return max(sum/n, minBirth)
}

// level is what the mean forecast of a product is multiplied by, given φ. After n buckets that began with a sale s, the
// plain mean is expected to be μ + (s-μ)/n with μ = φ s, so
//
//	g = 1 / (1 + (1/φ - 1)/n)
//
// takes the mean to μ. It fades over birthFades horizons: by then, what is known of the product weighs more.
func (b *birth) level(share float64, seen, horizon int) float64 {
	left := 1 - float64(seen)/float64(birthFades*horizon)
	if b.sale <= 0 || left <= 0 {
		return 1
	}
	g := 1 / (1 + (1/share-1)/float64(seen))
	return 1 - (1-g)*left
}

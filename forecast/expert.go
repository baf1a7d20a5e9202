package forecast

// bucket is what the experts are told of a closed bucket.
type bucket struct {
	y                 float64 // what was observed, winsorised for counts; NaN: missing
	log               float64 // log(max(y, 5 % of the running mean)); NaN: missing, or y is not positive and there is no mean yet
	filled, filledLog float64 // the same, but what was forecast of a missing bucket
	factor            float64 // the season factor that applied, known before the bucket
	year              float64 // days: the factor of the same week a year ago; NaN: not known yet
}

// future is what the experts may know of the buckets to come.
type future struct {
	factor []float64 // season factors of the steps 1, 2, …
	year   []float64 // days: factors of the same weeks a year ago, NaN: not known yet
}

// expert is one model with fixed parameters.
//
// An expert is a pure function of the buckets that it has observed, in bounded memory. A forecast that it cannot make
// yet (too little data), or that went wrong, is a NaN at the step: the model replaces the path by that of the plain
// mean, which costs the expert weight and the series nothing.
type expert interface {
	// observe closes a bucket, also a missing one.
	observe(b *bucket)
	// forecast writes the expected demand of the next len(dst) buckets.
	forecast(dst []float64, ahead future)
	// name tells the model and its parameters.
	name() string
	// code writes or reads the state.
	code(c *coder)
}

// multiple is an expert whose forecast is one number times a profile that others share: its sums are the number times the
// profile's, and many of them are combined by adding their numbers.
type multiple interface {
	expert
	// multiple is the number, NaN if there is no forecast yet.
	multiple() (p profile, by float64)
}

// profile is a path that experts multiply.
type profile uint8

const (
	flat     profile = iota // 1
	ofSeason                // the season factors
	ofYear                  // season factors times those of the same weeks a year ago
	profiles
)

// grade says for which series an expert may be asked.
type grade uint8

const (
	forAll        grade = iota
	forSparse           // counts with at least sparseShare of zeros
	forContinuous       // not for counts: trends and fast levels follow their noise
	forPositive         // continuous, in logarithms: zeros at most maxLogZeros of the buckets
	grades
)

// entry is one line of the pool.
type entry struct {
	for_ grade
	expert
}

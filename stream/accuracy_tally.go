package stream

import (
	"math"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

// tallyMemory is the number of windows that the figures of a span remember: half a year of days and weeks, two
// years of months. With fewer, the figures of one SKU would tell more of chance than of its forecasts.
const tallyMemory = 26

// spanTally sums up the closed windows of a span. A closed window makes what was before weigh 1-1/26 of what it did.
type spanTally struct {
	windows uint32       // all, not discounted; 0: nothing of the rest is known
	days    int          // of a window
	through schemas.Date // last day of the newest window
	tallySums
}

// tallySums are discounted sums. Coverage and pinball loss are of whole windows only: the quantiles that were
// published are not those of a part.
type tallySums struct {
	weight                        float32 // of the windows
	demand, forecast              float32
	absolute, squared, naive      float32 // errors of the forecast; absolute one of the naive forecast
	whole                         float32 // weight of the whole windows
	covered80, covered95, pinball float32 // of these: within the 80 % interval, not above the .95 quantile, loss there
}

func (t *tallySums) all() [10]*float32 {
	return [...]*float32{
		&t.weight, &t.demand, &t.forecast, &t.absolute, &t.squared, &t.naive, &t.whole, &t.covered80, &t.covered95, &t.pinball,
	}
}

// add enters a closed window with the demand of the part of it that is known. Windows of another length, of a
// cover that has changed, begin anew.
func (t *spanTally) add(w *window, last schemas.Date, demand, part float64) {
	if t.days != w.days {
		*t = spanTally{days: w.days}
	}
	t.windows++
	t.through = last
	mean, naive := part*float64(w.mean), part*float64(w.naive)
	t.weight = discounted(t.weight, 1)
	t.demand = discounted(t.demand, demand)
	t.forecast = discounted(t.forecast, mean)
	t.absolute = discounted(t.absolute, math.Abs(demand-mean))
	t.squared = discounted(t.squared, (demand-mean)*(demand-mean))
	t.naive = discounted(t.naive, math.Abs(demand-naive))
	if part < 1 {
		return
	}
	low, high, top := float64(w.low), float64(w.high), float64(w.top)
	t.whole = discounted(t.whole, 1)
	t.covered80 = discounted(t.covered80, oneIf(low <= demand && demand <= high))
	t.covered95 = discounted(t.covered95, oneIf(demand <= top))
	t.pinball = discounted(t.pinball, max(0.95*(demand-top), 0.05*(top-demand)))
}

// discounted adds x to a sum; what a float32 cannot hold becomes the largest that it can.
func discounted(sum float32, x float64) float32 {
	const keep = 1 - 1.0/tallyMemory
	return float32(min(keep*float64(sum)+x, math.MaxFloat32))
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func (t *spanTally) append(dst []byte) []byte {
	dst = codec.AppendUvarint(dst, uint64(t.windows))
	if t.windows == 0 {
		return dst
	}
	dst = codec.AppendUvarint(dst, uint64(t.days))
	dst = codec.AppendVarint(dst, int64(t.through))
	for _, v := range t.all() {
		dst = codec.AppendFloat32(dst, *v)
	}
	return dst
}

func (t *spanTally) decode(r *codec.Reader) {
	if t.windows = uint32(r.UpTo(math.MaxUint32)); t.windows == 0 {
		return
	}
	t.days = int(r.UpTo(longestSpan))
	t.through = schemas.Date(r.Int32())
	for _, v := range t.all() {
		*v = r.Finite()
	}
}

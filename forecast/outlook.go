package forecast

import "math"

// Outlook is what a model says, at the moment when it is asked, of the buckets to come: for whoever wants the path and the
// sums of many windows, since what these have in common (weights, widths, shapes) is worked out once. It owns its
// memory, which the next question reuses; a goroutine needs one, whatever the number of its models.
type Outlook struct {
	mean   []float64
	spread spread
}

// Outlook asks the model for the next h buckets. The answer holds until the model goes on.
func (m *Model) Outlook(o *Outlook, h int) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	m.outlook(o, s, h)
}

func (m *Model) outlook(o *Outlook, s *scratch, h int) {
	h = max(h, 0)
	o.mean = grow(o.mean, h)
	m.experts(o.mean, s, nil)
	o.spread.of(m, h)
}

// pathProbabilities are those of Lo95, Lo80, Median, Hi80 and Hi95 of a Path.
var pathProbabilities = [5]float64{.025, .1, .5, .9, .975}

// Path writes the forecast of the first h buckets, as far as the outlook reaches, into dst, whose slices are reused.
func (o *Outlook) Path(dst *Path, h int) {
	h = min(max(h, 0), len(o.mean))
	for _, x := range []*[]float64{&dst.Mean, &dst.Median, &dst.Lo80, &dst.Hi80, &dst.Lo95, &dst.Hi95} {
		*x = grow(*x, h)
	}
	copy(dst.Mean, o.mean[:h])
	o.spread.path(dst)
}

// path writes the quantiles of every bucket, whose means stand in dst.
func (s *spread) path(dst *Path) {
	if s.m.seen == 0 {
		for _, x := range [][]float64{dst.Median, dst.Lo80, dst.Hi80, dst.Lo95, dst.Hi95} {
			copy(x, dst.Mean)
		}
		return
	}
	d := Dist{law: law{kind: counts, quantum: s.counted.quantum}}
	var z [5]float64
	for i, p := range pathProbabilities {
		z[i] = s.one.at(normalQuantile(p))
	}
	var q [5]float64
	for k, mean := range dst.Mean {
		switch {
		case k > 0 && mean == dst.Mean[k-1] && s.steps[k] == s.steps[k-1]:
			// Neighbouring steps of a flat forecast share their quantiles.
		case s.count:
			d.Mean, d.law.scale = mean, s.steps[k]*mean
			q = pathProbabilities
			d.quantiles(q[:])
		default:
			scale := math.Sqrt(s.steps[k] * math.Abs(mean))
			for i := range q {
				q[i] = mean + scale*z[i]
				if !s.m.config.Real {
					q[i] = max(q[i], 0)
				}
			}
		}
		dst.Lo95[k], dst.Lo80[k], dst.Median[k], dst.Hi80[k], dst.Hi95[k] = q[0], q[1], q[2], q[3], q[4]
	}
}

// Sum is the distribution of the demand summed over the steps from+1 … to, 0 <= from < to, as far as the outlook reaches.
// An empty window is 0.
func (o *Outlook) Sum(from, to int) Dist {
	from, to = max(from, 0), min(to, len(o.mean))
	if to <= from {
		return Dist{}
	}
	d := Dist{law: o.spread.window(o.mean, from, to)}
	for _, x := range o.mean[from:to] {
		d.Mean += x
	}
	return d
}

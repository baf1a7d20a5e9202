// Package cases judges the forecast package on rolling-origin cases: sets of series that are known up to an origin, the
// demand that followed, and what reference models scored there.
//
// A set is a folder:
//
//	meta.json     freq, m (season), m_scale (lag of the MASE scale), h (steps), intermittent, nonneg
//	data.csv.gz   unique_id,ds,y: no gaps within a series
//	windows.csv   origin,unique_id,cutoff,cum_h: at the origin the series is known up to cutoff; the next h buckets
//	              are judged, and the demand summed over the first cum_h of them
//	peers.csv     the same scores of the reference models
//
// At every origin all series of the set are one site, so that they may teach each other, as they do in the service.
package cases

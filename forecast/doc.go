// Package forecast turns the demand history of one series into the distribution of its future demand: numbers in,
// numbers out, no clock, no I/O.
//
// A [Model] is fed one closed bucket (day, week, month) after the other and can be asked at any time for a path of
// single buckets ([Model.Forecast]) or for the distribution of demand summed over a window ([Model.Sum]), which is
// what safety stock and netting rest on.
//
//	y ─► factors (season profile) ─► experts (level, Holt, Holt-Winters, TSB, …) ─► weights by past losses ─► mean
//	                                                                        └► errors of the mean ─► quantiles
//
// # How it works
//
// A pool of experts, each a filter with fixed parameters, sees every bucket; nothing is ever optimised, so an update
// costs O(pool) and a model that was fed bucket by bucket is, bit for bit, the model that was fitted from scratch.
// Buckets are worked off in blocks (of a week for days). When a block closes, every expert is charged with the error of
// its steps in the block and of its sum over the lead time that has just completed; discounted losses make the weights
// of the combination (see weights.go). The combination's own path is then kept until reality has caught up with it, and
// its errors, one lead at a time, are the material of the intervals (see errors.go).
//
// # Missing buckets
//
// NaN, and anything else that is not a finite number, says that nothing is known of the bucket: it was closed,
// sold out, flagged, rejected. Time passes (the season moves on), nothing is learnt. A zero is an observation.
//
// # Events
//
// A bucket with a named event ([Config].Events) is missing to all experts, to the season and to the errors. Its demand
// against what was expected of it teaches the effect of the event (effects.go), shrunk to what other series have seen of it
// (effects_site.go, carried by [Prior]), and the forecasts of buckets to come are multiplied by the effects of theirs. An
// event of several buckets has an effect of its own for each, near that of the whole; events of one kind ("holiday: …")
// take after each other.
//
// # Kinds of series
//
// Whole non-negative numbers that are small or often zero are counts: only level-type experts may speak, losses are
// squared (a median forecast of a slow mover is zero and useless), rare large orders are winsorised before the
// experts see them, and quantiles come from a negative binomial with the variance of the past errors. Everything else
// is continuous: all experts, absolute losses, quantiles from the ring of past standardised errors. The kind is
// decided from what has been seen so far, so it may change as a series grows.
//
// # Files
//
// One expert a file, each with its formula and source; pool.go is the list of them. DESIGN.md has the reasons and
// the measured figures.
package forecast

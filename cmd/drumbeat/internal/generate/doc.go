// Package generate makes sales whose truth is known.
//
// ThreeSKU is the demo's data set: three products, every day of three years, five per cent of the rows
// spoiled in five ways. Each Row carries both what was really sold (Date, Quantity) and what the feed
// says (GivenDate, GivenQuantity), so that a test can count which errors a cleaner found, which it missed
// and which ordinary rows it took for errors.
//
// Load is the data set of benchmarks: any number of SKUs whose demand is dense, seasonal or intermittent,
// one sale a SKU and day of demand, streamed day by day.
//
// Everything follows from a seed: the same seed gives the same rows on every machine.
package generate

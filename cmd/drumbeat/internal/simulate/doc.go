// Package simulate closes the loop: real demand, day by day, under a policy that decides what is made, with
// every euro counted.
//
//	        ┌──────────────────────────── world ────────────────────────────┐
//	demand ─┤ morning: orders start   day: arrivals, then sales or lost     ├─► ledger ─► measures
//	        └──▲──────────────────────────────────┬─────────────────────────┘
//	           │ orders                           │ rows of the feed: sales, never demand
//	           └──────────── policy ◄─────────────┘
//
// A [Set] is the world's data: SKUs with costs, lead times, lots and demand, resources with capacity. A [Policy] learns
// at the end of each day what the feed says, and starts orders; it sees stock and what is on order, and it sees only the
// past. What it starts loads its resource evenly over the days of the order and arrives a lead time later, evenly as
// well, as the plan of package stream has it. What does not fit the capacity is not made; so where capacity changes within
// a period, some of a plan that fits the period may be cut. An order pays the order cost of its SKU once for each period
// in which it starts.
//
// All policies pay the same: production, holding by the stock at the end of each day, overtime, order costs, and for each
// lost unit its shortage cost, else the production cost / 0.6. What lies there or is on its way when the run ends, less
// what lay there when it began, is credited at its production cost: a policy neither gains by running dry at the end nor
// pays for more than it used.
//
// Regret is the cost above that of the clairvoyant, who may lose more than a policy was asked to. So it is told a second
// time, above the least cost of losing no more units, as well as the clairvoyants of the report tell: one with goodwill serves
// more than pays.
package simulate

// Package outlier judges the size of a sale: the units of a SKU on a day on which it sold at all. It
// flags what is both surprising, by a negative-binomial residual against a robust level that follows
// demand, and grossly larger; days without a sale are never judged and do not move the level.
//
// The variance of a sale of mean m is m + phi m². The residual
//
//	z = 2/sqrt(phi) (asinh sqrt(phi y) - asinh sqrt(phi m))
//
// stabilises it (F. Anscombe, "The transformation of Poisson, binomial and negative-binomial data",
// 1948): a square-root scale for small counts, a log scale for dense demand, one rule for both. phi
// is the SKU's dispersion plus the variance of its log level, so a new or long-silent SKU is judged
// mildly without being a special case.
//
// A site has a [Rule] for each SKU. It asks the rule about a day ([Rule.Judge]) and teaches it the days in their order
// ([Rule.Learn]), after which earlier days may be judged otherwise. What a rule alone cannot tell comes from
//
//	[Priors]              what the site sells, for a SKU without a past
//	[Usual], [Documents]  the usual line of the SKU, and the other lines of the document: the [Context] of a size
//	[Review]              a person
//
// What the site and the usual line say of a day is as of days that had settled before its first fact could come
// ([PriorLag]), so a verdict does not depend on when facts come. Nothing here knows of records or the clock.
package outlier

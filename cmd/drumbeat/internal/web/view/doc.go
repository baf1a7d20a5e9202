// Package view is what the console and the HTTP API show: one reading port, [Reader], and plain values. [Stored]
// reads them from the database that the service writes, so a process of the role web needs nothing else and
// can run apart.
//
// Quantities are in base units of each SKU, money in the site's currency. Slices of JSON members are never nil.
package view

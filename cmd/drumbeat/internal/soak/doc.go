// Package soak holds the service to its promises while things break around it: a [Feed] sends sales and keeps
// the sums of what was acknowledged, a [Judge] compares them with what the service has counted, saved and
// published, and a [Server] is a real broker or database that can be killed. The tests with faults use the
// three one fault at a time, `drumbeat bench soak` for as long as it is told.
package soak

// Package api is the HTTP API of the service: plans, SKUs, what-if questions, decisions and dead letters, on the
// same reads as the console.
//
// The library huma reads parameters and bodies, checks them against the schemas that it makes of the Go types,
// and writes errors as RFC 9457 problem details. [Document] is the OpenAPI 3.1 document of all routes: what huma
// makes of them, with the schemas of heads, lines and events in place from package schemas.
//
// Nothing here writes to the database but the mark on a dead letter that was sent again: what people decide
// becomes an event in the input topic, and the next plan shows its effect.
package api

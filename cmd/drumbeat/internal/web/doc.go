// Package web is the HTTP shell of the service: health, readiness, metrics, errors as problem details,
// time limits and a graceful stop, and who may ask: tokens with roles, writes from our own pages only. What is
// served beside is registered with [Server.Handle] and [Server.HandleFor].
//
// Liveness and readiness are different questions. /healthz says that the process answers at all; it
// depends on nothing, since a restart heals no database. /readyz runs the checks that were given and
// answers 503 with the failed ones while any fails.
package web

// Package solver solves in processes of its own. CLP is C++: it can abort, crash or hang, and a call of it cannot be
// stopped. So the service keeps it in children, and no answer of theirs leaves before it has been checked here.
//
//	Pool ── a Job ──► idle process, the site's own if it is free
//	 │                   │  request (message.go): the problem, where to begin, the limit
//	 │                   ▼
//	 │         drumbeat solve-worker: Serve, an Engine a site, kept warm between requests
//	 │                   │  answer: plan or error
//	 ▼                   ▼
//	Outcome ◄── check (check.go): certificate, costs and moves, by code that shares nothing with the solver
//
// How a solve goes wrong, and what follows:
//
//	crash   the process ended (signal, exit, out of memory): ErrSolver says how
//	hang    no answer within limit and grace: the process is killed
//	wrong   the answer cannot be read, or does not pass the check: the process is killed
//	stop    the caller gave up, and the process did not within the grace: it is killed
//
// A process that ended is replaced at the next request, whose solve is cold. The others go on.
//
// What goes through the pipes is a compact binary encoding of Problem, Plan and Start (problem.go, plan.go). Both ends
// are the same executable; a version byte refuses any other.
package solver

// Package optimize turns a planning [Problem] into a certified [Plan].
//
// The path of one solve:
//
//	Problem ──Check──► components ──► formulate ──► LP ──Solver──► stages ──► clean ──► Certify ──► Plan
//	                                                 ▲                                     │
//	                                                 └─ Start: last bases, or last prices ─┘
//
// SKUs that share no limited resource through any chain are separate problems, solved in parallel. An SKU
// that nothing limits is a flow on a path and solved exactly without a simplex step (path.go); what
// follows is about the others, but holds for it too: it is the same LP.
//
// A component of thousands of rows is solved by prices (guided.go). Its SKUs know of one another only through the prices
// of capacity, so the LP is taken apart there:
//
//	prices ──oracle──► every SKU's optimum ──exchange──► contested sources ──restricted──► small LP ──Solver──┐
//	   ▲                                                                                                      │
//	   └───────────────────────── its duals, until upper bound = lower bound ─────────────────────────────────┘
//
// coupled.go reads an LP as paths with shared rows, cut.go the arcs between two nodes as one curve; oracle.go finds a path's optimum at prices; bound.go adds them up to
// the Lagrangian bound; firstprices.go finds prices to begin with; exchange.go finds swaps near no loss, and the values
// of stock; restricted.go writes the LP of the contested decisions; rounds.go repeats (rounds_begin.go, rounds_end.go). All of it is a [Solver], so the
// stages, ties, whole units and the cost of stability need not know which one they use, and a warm start is prices alone.
//
// formulate writes the model as a sparse [LP]: a stock row for each SKU and period, a capacity row for
// each resource and period, and everything else as column bounds. An [Engine] keeps each LP loaded in a
// [Solver] (package optimize/clp, or [Dense] for small problems without cgo). When only numbers
// changed since the last solve they are changed in place and the solver goes on from its last basis.
//
// Shortages are lexicographic: least weighted loss, then least weighted shortfall of safety stock,
// then cost. One LP with large prices finds that optimum; two more prove that the prices were large
// enough. A last LP picks one plan among equally good ones, so that the way to the optimum (warm, cold,
// after a restart) cannot be seen in the plan.
//
// Packs, least lots and order costs are chosen after that LP, on requirements rounded up to packs: a search with an exact
// oracle per SKU, branch and bound where the problem is small, and a last LP for all that follows (lots.go). A [Sandbox]
// answers what-if questions beside the plan in force, and [ReasonOf] says why a line is as it is.
//
// Nothing leaves the package unchecked: [Certify] recomputes every row, bound and cost from the
// Problem and the Plan alone, and bounds the optimum from below with the plan's own prices. A strict
// problem without a plan is no error: its Plan has status [Infeasible] and says how much is missing,
// where, and what capacity would do.
package optimize

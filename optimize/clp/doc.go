// Package clp is the optimize.Solver on COIN-OR CLP, through github.com/lanl/clp and a small C++ shim.
// It is the only package of the tree that uses cgo; it needs libClp with its headers and pkg-config.
//
// The binding creates models and runs the simplex methods. It cannot change bounds, costs or a basis, so
// shim.cpp reaches the ClpSimplex behind it. CLP aborts the process on a NaN or a huge cost, and
// the binding frees memory by finalizer only. Hence: every number is screened first, an event handler in
// the shim ends a run at its next iteration when the context has ended, and Close frees the model at once.
package clp

//go:build race

package solver

// The race detector needs more memory than the limit that this package's tests set.
func init() { raced = true }

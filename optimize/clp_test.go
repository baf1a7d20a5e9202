//go:build cgo

package optimize_test

import (
	"drumbeat/optimize"
	"drumbeat/optimize/clp"
)

func init() { optimize.NewCLP = clp.New }

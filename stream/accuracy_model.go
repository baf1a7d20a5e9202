package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"

	"drumbeat/forecast"
	"drumbeat/schemas"
)

// seriesClass is the class of a SKU's demand that its model has found: accuracy is shown by class, for one figure
// over spare parts and daily sellers says nothing of either.
type seriesClass uint8

// The classes; classNone has sold nothing yet.
const (
	classNone seriesClass = iota
	classCount
	classSparse
	classContinuous
	seriesClasses
)

var classNames = [seriesClasses]string{classNone: "none", classCount: "count", classSparse: "sparse", classContinuous: "continuous"}

func (c seriesClass) String() string { return classNames[c] }

func classOf(kind string) seriesClass {
	if i := slices.Index(classNames[:], kind); i >= 0 {
		return seriesClass(i)
	}
	return classNone
}

// explained is what is stored of a SKU's model.
type explained struct {
	known bool // false: the model failed, and what is stored of it stands
	row   ModelRow
}

// The smallest weight and the number of experts that are stored: what is left out together says less than one of
// them.
const (
	leastWeight = 0.01
	mostModels  = 8
)

// explain tells which experts carry a model, with weights to the hundredth and errors to three digits.
func explain(m *forecast.Model) (e explained) {
	if m == nil {
		return e
	}
	x := m.Explain()
	body := []byte{'['}
	for i, part := range x.Models {
		if part.Weight < leastWeight || i == mostModels {
			break
		}
		if i > 0 {
			body = append(body, ',')
		}
		name, err := json.Marshal(part.Name)
		if err != nil {
			panic(err) // no text fails to
		}
		body = append(append(body, `{"name":`...), name...)
		body = strconv.AppendFloat(append(body, `,"weight":`...), math.Round(part.Weight*100)/100, 'g', -1, 64)
		body = appendError(append(body, `,"step_error":`...), part.Step)
		body = appendError(append(body, `,"sum_error":`...), part.Sum)
		body = append(body, '}')
	}
	e.known = true
	e.row = ModelRow{
		Kind: x.Kind, Models: append(body, ']'), StepError: threeDigits(x.StepError), SumError: threeDigits(x.SumError), Horizon: x.Horizon,
	}
	return e
}

// appendError writes a mean error, null where there is none.
func appendError(dst []byte, v float64) []byte {
	if v != v || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, v, 'g', 3, 64)
}

// threeDigits rounds to three significant digits; what is not finite is 0.
func threeDigits(v float64) float64 {
	if v != v || math.IsInf(v, 0) {
		return 0
	}
	v, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		panic(err) // it was written the moment before
	}
	return v
}

// storeModel puts what has changed of a SKU's model into the next batch.
func (s *site) storeModel(k *sku, a *accuracy, e *explained) {
	if !e.known {
		return
	}
	a.class = classOf(e.row.Kind)
	hash := fnv.New32a()
	fmt.Fprintf(hash, "%s %v %v %d ", e.row.Kind, e.row.StepError, e.row.SumError, e.row.Horizon)
	hash.Write(e.row.Models)
	sum := hash.Sum32()
	if sum == a.models {
		return
	}
	a.models = sum
	row := e.row
	row.Site, row.SKU, row.Models = s.name, k.name, bytes.Clone(row.Models)
	row.Through = k.through - 1
	s.p.models = append(s.p.models, row)
}

// ModelRow says which experts carry the forecast of a SKU, as of an origin of the accuracy.
type ModelRow struct {
	Site, SKU string
	Kind      string       // "none", "count", "sparse" or "continuous"
	Through   schemas.Date // last day that the model had learnt
	// Models is a JSON array of objects with name, weight, step_error and sum_error, the heaviest first; errors are those
	// of past forecasts, of a step and of the sum over Horizon steps, null where there is none yet.
	Models              []byte
	StepError, SumError float64 // mean absolute errors of the combination
	Horizon             int     // days
}

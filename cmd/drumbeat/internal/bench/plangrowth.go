package bench

import (
	"fmt"
	"math"
)

// growth collects processor seconds by the number of SKUs.
type growth struct {
	metrics []string
	points  map[string][]point
	skus    []int
}

// point is the logarithms of SKUs and of seconds.
type point struct{ x, y float64 }

// growthMetrics are fitted.
var growthMetrics = map[string]string{
	"cold_processor_seconds": "cold_exponent", "warm_1pct_processor_seconds": "warm_1pct_exponent", "warm_100pct_processor_seconds": "warm_100pct_exponent",
}

func (g *growth) add(skus int, r Row) {
	if n := len(g.skus); n == 0 || g.skus[n-1] != skus {
		g.skus = append(g.skus, skus)
	}
	metric, ok := growthMetrics[r.Metric]
	if !ok {
		return
	}
	if g.points == nil {
		g.points = map[string][]point{}
	}
	if g.points[metric] == nil {
		g.metrics = append(g.metrics, metric)
	}
	g.points[metric] = append(g.points[metric], point{math.Log(float64(skus)), math.Log(r.Value)})
}

// report reports the exponent of each metric.
func (g *growth) report(report func(Row)) {
	if len(g.skus) < 2 {
		return
	}
	name := fmt.Sprintf("growth from %d to %d SKUs", g.skus[0], g.skus[len(g.skus)-1])
	for _, metric := range g.metrics {
		report(Row{Bench: "plan", Case: name, Metric: metric, Value: slope(g.points[metric]), Unit: "1"})
	}
}

// slope is that of the least squares line.
func slope(points []point) float64 {
	n, x, y := float64(len(points)), 0.0, 0.0
	for _, p := range points {
		x, y = x+p.x/n, y+p.y/n
	}
	along, square := 0.0, 0.0
	for _, p := range points {
		along, square = along+(p.x-x)*(p.y-y), square+(p.x-x)*(p.x-x)
	}
	return along / square
}

package solver

import "github.com/prometheus/client_golang/prometheus"

// Metrics count what becomes of solves in processes of their own.
type Metrics struct {
	Solves   *prometheus.CounterVec // outcome: plan, error, or the cause of a restart
	Restarts *prometheus.CounterVec // cause
	Running  prometheus.Gauge
}

// NewMetrics makes the metrics and registers them; a nil registerer registers nothing.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		Solves: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "drumbeat_solver_process_solves_total", Help: "Solves in processes of their own, by outcome: plan, error, crash, hang, wrong, stop.",
		}, []string{"outcome"}),
		Restarts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "drumbeat_solver_process_restarts_total", Help: "Solver processes that were lost, by cause: crash, hang, wrong, stop.",
		}, []string{"cause"}),
		Running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "drumbeat_solver_processes", Help: "Solver processes that run."}),
	}
	for _, c := range []cause{causeCrash, causeHang, causeWrong, causeStop} {
		m.Restarts.WithLabelValues(string(c)) // a rate needs the zero
	}
	if r != nil {
		r.MustRegister(m.Solves, m.Restarts, m.Running)
	}
	return m
}

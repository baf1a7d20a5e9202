package stream

import (
	"github.com/prometheus/client_golang/prometheus"
)

// accuracyMetrics show how accurate the published forecasts were, by class of SKU and horizon: one figure over
// spare parts and daily sellers says nothing of either, and one for each SKU is for a table.
type accuracyMetrics struct {
	wape, naive, bias, coverage *prometheus.GaugeVec
}

func newAccuracyMetrics() accuracyMetrics {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "drumbeat_forecast_" + name, Help: help}, append([]string{"site", "class", "horizon"}, labels...))
	}
	return accuracyMetrics{
		wape:     gauge("wape_ratio", "Absolute error of published forecasts as a share of demand, over the newest windows of about half a year of weeks."),
		naive:    gauge("naive_wape_ratio", "The same of a naive forecast at the same time: the mean of the 28 days before."),
		bias:     gauge("bias_ratio", "Published forecast less demand as a share of demand: above 0 it was too high."),
		coverage: gauge("coverage_ratio", "Share of windows whose demand lay within the published 80 % interval (level 0.8) or not above the .95 quantile (level 0.95).", "level"),
	}
}

func (m *accuracyMetrics) all() []*prometheus.GaugeVec {
	return []*prometheus.GaugeVec{m.wape, m.naive, m.bias, m.coverage}
}

// show shows what a site's closed windows come to, in place of what was shown before.
func (m *accuracyMetrics) show(site string, classes map[AccuracyClass]AccuracySums) {
	m.drop(site)
	for of, sums := range classes {
		set := func(g *prometheus.GaugeVec, v float64, more ...string) {
			if v == v {
				g.WithLabelValues(append([]string{site, of.Class, of.Horizon}, more...)...).Set(v)
			}
		}
		set(m.wape, sums.WAPE())
		set(m.naive, sums.NaiveWAPE())
		set(m.bias, sums.Bias())
		set(m.coverage, sums.Coverage80(), "0.8")
		set(m.coverage, sums.Coverage95(), "0.95")
	}
}

func (m *accuracyMetrics) drop(site string) {
	for _, g := range m.all() {
		g.DeletePartialMatch(prometheus.Labels{"site": site})
	}
}

// saved shows the sites of which a batch has closed windows.
func (m *accuracyMetrics) saved(b *Batch, p *Processor) {
	shown := ""
	for i := range b.Accuracy {
		if site := b.Accuracy[i].Site; site != shown {
			m.show(site, p.Accuracy(site))
			shown = site
		}
	}
}

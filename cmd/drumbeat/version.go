package main

import (
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

// version is told by the linker where the source is no checkout: go build -ldflags '-X main.version=v1.2.3'.
var version string

// release is what this program was built from: the linker's version, else that of the checkout.
func release() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// newReleaseMetric shows the release, so that two at once can be seen.
func newReleaseMetric(r prometheus.Registerer) {
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "drumbeat_build_info", Help: "1, with the release of the process as its label.",
	}, []string{"version"})
	r.MustRegister(info)
	info.WithLabelValues(release()).Set(1)
}

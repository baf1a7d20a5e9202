package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// leastShown is the weight below which a model is left out of the explanation.
const leastShown = .005

// explainSeries prints the models behind every series, their errors in back-testing, and the events they know.
func explainSeries(out io.Writer, all []*demandSeries) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "series\tkind\tbuckets\tmissing\tmodel\tweight\tstep error\tsum error")
	events := 0
	for _, s := range all {
		x := s.model.Explain()
		events += len(x.Events)
		for i, m := range x.Models {
			if i > 0 && m.Weight < leastShown {
				break
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%.3f\t%.4g\t%.4g\n", s.id, x.Kind, x.Buckets, x.Missing, m.Name, m.Weight, m.Step, m.Sum)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\tall\t1\t%.4g\t%.4g\n", s.id, x.Kind, x.Buckets, x.Missing, x.StepError, x.SumError)
	}
	if err := w.Flush(); err != nil || events == 0 {
		return err
	}
	fmt.Fprintln(w, "\nseries\tevent\ttimes\tbuckets\tdemand / expected\tfactor")
	for _, s := range all {
		for _, e := range s.model.Explain().Events {
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%.3f\t%.3f\n", s.id, e.Name, e.Times, e.Buckets, e.Ratio, e.Factor)
		}
	}
	return w.Flush()
}

package chart

import "time"

// dates labels a horizontal scale of days: months, quarters or years, as fit.
func dates(d *drawing, f frame, x scale) {
	span := x.d1 - x.d0
	if span <= 0 {
		d.text("tick", "start", date(x.d0).Format(time.DateOnly), f.left, f.bottom+18)
		return
	}
	if span < 62 {
		for at, step := x.d0, max(1, float64(int(span/8))); at <= x.d1; at += step {
			d.text("tick", "middle", date(at).Format("2 Jan"), inside(f, x.at(at)), f.bottom+18)
		}
		return
	}
	months := 1
	for _, m := range []int{2, 3, 6, 12, 24, 60} {
		if span/30.4/float64(months) > 12 {
			months = m
		}
	}
	t := date(x.d0)
	for t = time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC); day(t) <= x.d1; t = t.AddDate(0, months, 0) {
		if day(t) < x.d0 {
			continue
		}
		d.line("grid", x.at(day(t)), f.bottom, x.at(day(t)), f.bottom+5)
		layout := "Jan 2006"
		if months >= 12 {
			layout = "2006"
		}
		d.text("tick", "middle", t.Format(layout), inside(f, x.at(day(t))), f.bottom+18)
	}
}

// inside keeps a label's middle away from the panel's right end, where it would leave the drawing.
func inside(f frame, x float64) float64 { return min(x, f.right-18) }

func date(day float64) time.Time { return time.Unix(int64(day*86400), 0).UTC() }

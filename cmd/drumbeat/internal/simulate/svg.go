package simulate

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/schemas"
)

// The page, in pixels.
const (
	pageWidth   = 960
	chartTop    = 78
	chartHeight = 380
	storyTop    = 534
	storyHeight = 240
	pageHeight  = storyTop + storyHeight + 60
	plotLeft    = 90
	plotRight   = 760 // what is to its right are names
)

// inks are the colours of families in the order of the report; the bound is grey.
var inks = []string{"#0b6e4f", "#d1495b", "#edae49", "#3066be", "#8d5a97", "#00798c", "#7a5c3e", "#e36414", "#5f0f40"}

const (
	boundInk = "#777777"
	textInk  = "#222222"
	gridInk  = "#dddddd"
)

// SVG is one page: cost against fill rate, policies of a family joined to a curve, and below the story of one SKU.
func (r *Report) SVG() []byte {
	p := &page{ink: map[string]string{}}
	for i := range r.Policies {
		family := r.Policies[i].Family
		if _, ok := p.ink[family]; ok {
			continue
		}
		p.ink[family] = inks[len(p.ink)%len(inks)]
		if family == "clairvoyant" {
			p.ink[family] = boundInk
		}
	}
	p.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="%s">`,
		pageWidth, pageHeight, pageWidth, pageHeight, textInk)
	p.printf(`<rect width="%d" height="%d" fill="white"/>`, pageWidth, pageHeight)
	p.text(plotLeft, 26, "start", 18, fmt.Sprintf("%s: what each policy cost, and how well it served", r.Set))
	p.text(plotLeft, 46, "start", 12, fmt.Sprintf("%s, %d days from %s; lost sales, holding and order costs counted, stock left over credited", terminal.Plural(r.SKUs, "SKU"), r.Days, r.From))
	p.curves(r)
	p.story(r.Story, r.Policies)
	p.printf("</svg>\n")
	return p.Bytes()
}

// page is an SVG being written.
type page struct {
	bytes.Buffer
	ink map[string]string
}

func (p *page) printf(format string, a ...any) { fmt.Fprintf(&p.Buffer, format+"\n", a...) }

func (p *page) text(x, y float64, anchor string, size int, s string) {
	p.printf(`<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d">%s</text>`, x, y, anchor, size, html.EscapeString(s))
}

// axis maps values to pixels.
type axis struct{ low, high, from, to float64 }

func (a axis) at(v float64) float64 { return a.from + (v-a.low)/(a.high-a.low)*(a.to-a.from) }

// ticks are about five round values.
func (a axis) ticks() (list []float64) {
	raw := (a.high - a.low) / 5
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, f := range []float64{1, 2, 5, 10} {
		if f*step >= raw {
			step *= f
			break
		}
	}
	for v := math.Ceil(a.low/step) * step; v <= a.high*(1+1e-9); v += step {
		list = append(list, v)
	}
	return list
}

// spread is an axis over values with a margin.
func spread(values []float64, from, to float64) axis {
	low, high := slices.Min(values), slices.Max(values)
	margin := max((high-low)*.08, 1e-9+1e-6*math.Abs(high))
	return axis{low - margin, high + margin, from, to}
}

// curves draws cost against fill rate.
func (p *page) curves(r *Report) {
	var fills, costs []float64
	for i := range r.Policies {
		fills, costs = append(fills, 100*r.Policies[i].Fill), append(costs, r.Policies[i].Total)
	}
	x, y := spread(fills, plotLeft, plotRight), spread(costs, chartTop+chartHeight, chartTop)
	for _, v := range x.ticks() {
		p.printf(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s"/>`, x.at(v), chartTop, x.at(v), chartTop+chartHeight, gridInk)
		p.text(x.at(v), chartTop+chartHeight+18, "middle", 12, fmt.Sprintf("%g %%", v))
	}
	for _, v := range y.ticks() {
		p.printf(`<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="%s"/>`, plotLeft, y.at(v), plotRight, y.at(v), gridInk)
		p.text(plotLeft-8, y.at(v)+4, "end", 12, terminal.Amount(v))
	}
	p.text((plotLeft+plotRight)/2, chartTop+chartHeight+36, "middle", 12, "fill rate: units served on the day, of those asked")
	p.text(plotLeft, chartTop-6, "start", 12, "total cost")
	points := slices.Clone(r.Policies)
	slices.SortStableFunc(points, func(a, b Measures) int { return cmp.Compare(setting(a.Policy), setting(b.Policy)) })
	var families []string
	for i := range r.Policies {
		if f := r.Policies[i].Family; !slices.Contains(families, f) {
			families = append(families, f)
		}
	}
	for n, family := range families {
		ink, line := p.ink[family], ""
		for i := range points {
			if m := &points[i]; m.Family == family {
				if m.Policy != "published" { // its safety stock is the SKU's own, no point of the curve
					line += fmt.Sprintf("%.1f,%.1f ", x.at(100*m.Fill), y.at(m.Total))
				}
				size := 4.0
				if isDefault(m.Policy) {
					size = 7
				}
				p.printf(`<circle cx="%.1f" cy="%.1f" r="%g" fill="%s"><title>%s: %s, %.2f %%</title></circle>`,
					x.at(100*m.Fill), y.at(m.Total), size, ink, html.EscapeString(m.Policy), terminal.Amount(m.Total), 100*m.Fill)
			}
		}
		p.printf(`<polyline points="%s" fill="none" stroke="%s" stroke-width="1.5" opacity="0.6"/>`, line, ink)
		at := float64(chartTop + 12 + 20*n)
		p.printf(`<circle cx="%d" cy="%.1f" r="5" fill="%s"/>`, plotRight+24, at-4, ink)
		p.text(plotRight+36, at, "start", 12, family)
	}
	p.text(plotRight+18, float64(chartTop+24+20*len(families)), "start", 11, "large: as set by default")
}

// setting is where a policy stands on its family's curve.
func setting(policy string) float64 {
	c, err := Parse(policy)
	if err != nil {
		return 0
	}
	return c.Weeks + c.get("level") + c.get("months")
}

// isDefault says that a policy runs as it is without anything set.
func isDefault(policy string) bool {
	c, err := Parse(policy)
	return err == nil && len(c.Set) == 0 && (c.Name != "coverage" || c.Weeks == 4)
}

// story draws demand by week, and the stock that the policies with their defaults held, with a mark where they lost sales.
func (p *page) story(s *Story, policies []Measures) {
	if s == nil {
		return
	}
	var weeks []float64
	for t, q := range s.Demand {
		if t%7 == 0 {
			weeks = append(weeks, 0)
		}
		weeks[len(weeks)-1] += q.Float()
	}
	top := append([]float64{0}, weeks...)
	for n, name := range s.Policies {
		if isDefault(name) {
			for _, q := range s.Stock[n] {
				top = append(top, q.Float())
			}
		}
	}
	days := float64(len(s.Demand))
	x, y := axis{0, days, plotLeft, plotRight}, axis{0, slices.Max(top)*1.05 + 1, storyTop + storyHeight, storyTop}
	p.text(plotLeft, storyTop-14, "start", 14, fmt.Sprintf("%s: demand by week (bars) and stock at the end of each day; crosses are lost sales", s.SKU))
	for w, v := range weeks {
		p.printf(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#cfd8dc"/>`,
			x.at(float64(7*w)), y.at(v), max(1, x.at(7)-x.at(0)-1), y.at(0)-y.at(v))
	}
	for _, v := range y.ticks() {
		p.text(plotLeft-8, y.at(v)+4, "end", 12, terminal.Number(v, 0))
	}
	for t := range s.Demand {
		if d := s.From.AddDays(t); d == d.StartOfMonth() {
			p.text(x.at(float64(t)), storyTop+storyHeight+18, "middle", 11, d.String()[:7])
		}
	}
	drawn := 0
	for n, name := range s.Policies {
		if !isDefault(name) || drawn == 4 {
			continue
		}
		drawn++
		ink := p.ink[policies[slices.IndexFunc(policies, func(m Measures) bool { return m.Policy == name })].Family]
		line := ""
		for t, q := range s.Stock[n] {
			line += fmt.Sprintf("%.1f,%.1f ", x.at(float64(t+1)), y.at(q.Float()))
		}
		p.printf(`<polyline points="%s" fill="none" stroke="%s" stroke-width="1.5"/>`, line, ink)
		p.losses(s.Lost[n], x, y.at(0)+float64(4*drawn)-10, ink)
		p.text(plotRight+36, float64(storyTop+20*drawn), "start", 12, name)
		p.printf(`<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="2"/>`, plotRight+14, storyTop+20*drawn-4, plotRight+32, storyTop+20*drawn-4, ink)
	}
}

// losses marks the days of lost sales.
func (p *page) losses(lost []schemas.Quantity, x axis, y float64, ink string) {
	for t, q := range lost {
		if q > 0 {
			c := x.at(float64(t) + .5)
			p.printf(`<path d="M%.1f %.1fl5 5m0 -5l-5 5" stroke="%s" fill="none"/>`, c-2.5, y-2.5, ink)
		}
	}
}

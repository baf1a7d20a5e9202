package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Progress tells how far a long job is: one line that is rewritten on a terminal, a line every five
// seconds elsewhere. It is used by one goroutine.
type Progress struct {
	w       io.Writer
	live    bool
	style   Style
	label   string
	columns func() int
	start   time.Time
	last    time.Time
	shown   bool
}

// NewProgress starts a job called label at the time now.
func NewProgress(w io.Writer, style Style, label string, now time.Time) *Progress {
	return &Progress{
		w: w, live: IsTerminal(w), style: style, label: label, start: now, last: now,
		columns: func() int { c, _ := size(w); return c },
	}
}

// Update says that a share of the job (0 to 1; negative: not known) is done, with a text such as
// "140,221 events". Most updates draw nothing, so it may be called often.
func (p *Progress) Update(now time.Time, share float64, text string) {
	every := 5 * time.Second
	if p.live {
		every = 100 * time.Millisecond
	}
	if now.Sub(p.last) < every {
		return
	}
	p.last = now
	p.draw(now, share, text)
}

func (p *Progress) draw(now time.Time, share float64, text string) {
	elapsed := now.Sub(p.start)
	parts := []string{p.label}
	if share >= 0 {
		share = min(share, 1)
		if p.live {
			parts = append(parts, p.style.Ink(Accent, p.style.Bar(share, 1, 24)))
		}
		parts = append(parts, fmt.Sprintf("%5s", Percent(share)))
	}
	parts = append(parts, text)
	if share > 0.02 && share < 1 && elapsed > 2*time.Second {
		left := time.Duration(float64(elapsed) * (1 - share) / share)
		parts = append(parts, Duration(left.Round(time.Second))+" left")
	}
	line := strings.Join(parts, "  ")
	if p.live {
		p.shown = true
		fmt.Fprint(p.w, "\r"+p.style.cut(line, p.columns()-1)+clearLine)
		return
	}
	fmt.Fprintln(p.w, line)
}

// Done ends the job with a last line.
func (p *Progress) Done(text string) {
	if p.shown {
		fmt.Fprint(p.w, "\r"+clearLine)
	}
	fmt.Fprintln(p.w, p.label+"  "+text)
}

// Clear takes the line away, for an error message to follow.
func (p *Progress) Clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r"+clearLine)
		p.shown = false
	}
}

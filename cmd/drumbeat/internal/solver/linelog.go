package solver

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

// mostLines is the number of lines that are logged of one request; a crash may print thousands.
const mostLines = 40

// mostLine is the length at which a line is cut.
const mostLine = 4 << 10

// lineLog logs what a process prints, line by line, with the site that it solved.
type lineLog struct {
	log *slog.Logger

	mu   sync.Mutex
	site string
	left int
	rest []byte // of a line without an end
	last string // words of a process that dies
}

// lastWords are what a Go program begins a line with that it ends with.
var lastWords = [...]string{"SIG", "panic: ", "fatal error: ", "drumbeat: "}

// begin says which site the process solves from here on.
func (l *lineLog) begin(site string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.site, l.left, l.last = site, mostLines, ""
}

// Write takes all of b.
func (l *lineLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(b)
	for len(b) > 0 {
		line, after, ended := bytes.Cut(b, []byte{'\n'})
		l.rest = append(l.rest, line[:min(len(line), mostLine-min(mostLine, len(l.rest)))]...)
		if b = after; !ended {
			break
		}
		l.print()
	}
	return n, nil
}

// words returns the last words of the process, "" if there were none.
func (l *lineLog) words() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// print logs the line that has ended.
func (l *lineLog) print() {
	for _, begin := range lastWords {
		if l.last == "" && bytes.HasPrefix(l.rest, []byte(begin)) {
			l.last = strings.ToValidUTF8(string(l.rest), "\uFFFD")
		}
	}
	if l.left > 0 && len(l.rest) > 0 {
		l.log.Warn("solver process", "site", l.site, "line", string(l.rest))
		if l.left--; l.left == 0 {
			l.log.Warn("solver process: what else it says of this solve is left out", "site", l.site)
		}
	}
	l.rest = l.rest[:0]
}

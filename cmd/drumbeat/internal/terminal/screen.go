package terminal

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Control sequences (ECMA-48, and the private modes of xterm).
const (
	hideCursor  = "\x1b[?25l"
	showCursor  = "\x1b[?25h"
	clearToEnd  = "\x1b[J"
	clearLine   = "\x1b[K"
	beginUpdate = "\x1b[?2026h" // terminals that know synchronized updates do not flicker; others ignore it
	endUpdate   = "\x1b[?2026l"
)

// Screen shows frames: redrawn in place on a terminal (in the ordinary screen, so that the last frame
// stays), as a line now and then elsewhere. It may be used by several goroutines.
type Screen struct {
	mu     sync.Mutex
	w      io.Writer
	live   bool
	size   func() (columns, rows int)
	every  time.Duration // least time between two lines where the output is no terminal
	drawn  int           // lines of the frame that stands on the terminal
	frame  []string
	last   time.Time
	said   string
	closed bool
}

// NewScreen returns a screen on w.
func NewScreen(w io.Writer) *Screen {
	return &Screen{w: w, live: IsTerminal(w), size: func() (int, int) { return size(w) }, every: 2 * time.Second}
}

// Live says whether frames are redrawn in place.
func (s *Screen) Live() bool { return s.live }

// Size is the room for a frame: the columns of the terminal, within 60 and 120, and its rows.
func (s *Screen) Size() (columns, rows int) {
	columns, rows = s.size()
	return min(max(columns, 60), 120), max(rows-2, 1)
}

// Draw shows a frame, or where the output is no terminal its summary: one line, at most every two
// seconds, and only when it differs from the last.
func (s *Screen) Draw(now time.Time, frame []string, summary string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	if !s.live {
		if summary == s.said || now.Sub(s.last) < s.every && !s.last.IsZero() {
			return nil
		}
		s.said, s.last = summary, now
		_, err := fmt.Fprintln(s.w, summary)
		return err
	}
	s.frame = frame
	return s.paint("")
}

// Print writes text, which may be several lines, above the frame.
func (s *Screen) Print(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	text = strings.TrimRight(text, "\n")
	if !s.live || s.closed {
		_, err := fmt.Fprintln(s.w, text)
		return err
	}
	return s.paint(text)
}

// Close ends drawing: the cursor comes back, and the last frame is replaced by final, in full length.
// On other outputs final is printed as it is. A second Close does nothing.
func (s *Screen) Close(final []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var b strings.Builder
	if s.live {
		b.WriteString(s.home() + clearToEnd)
	}
	for _, line := range final {
		b.WriteString(line + "\n")
	}
	if s.live {
		b.WriteString(showCursor)
	}
	_, err := io.WriteString(s.w, b.String())
	return err
}

// home moves the cursor to the beginning of the frame that stands.
func (s *Screen) home() string {
	if s.drawn == 0 {
		return "\r"
	}
	return fmt.Sprintf("\r\x1b[%dA", s.drawn)
}

// paint replaces the frame in one write, with text above it. A frame that is higher than the terminal
// is cut, since what has scrolled away cannot be redrawn.
func (s *Screen) paint(text string) error {
	columns, rows := s.size()
	frame := s.frame
	if limit := max(rows-2, 1); len(frame) > limit {
		frame = append(append([]string(nil), frame[:limit]...), fmt.Sprintf("(%d more lines; make the window taller)", len(frame)-limit))
	}
	var b strings.Builder
	b.WriteString(beginUpdate + hideCursor + s.home())
	if text != "" {
		for line := range strings.SplitSeq(text, "\n") {
			b.WriteString(clearLine + line + "\n")
		}
	}
	for _, line := range frame {
		// Cleared before it is written: after a line that fills the window, the cursor stands on its last
		// character.
		b.WriteString(clearLine + Style{Unicode: true}.cut(line, columns) + "\n")
	}
	b.WriteString(clearToEnd + endUpdate)
	s.drawn = len(frame)
	_, err := io.WriteString(s.w, b.String())
	return err
}

package terminal

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Style says what the reader's terminal can show. The zero value is plain ASCII.
type Style struct {
	Color   bool
	Unicode bool
}

// Ink is a way to write a word.
type Ink int

// The inks.
const (
	Plain Ink = iota
	Bold
	Dim
	Good
	Warn
	Bad
	Accent
)

var codes = [...]string{Plain: "", Bold: "1", Dim: "2", Good: "32", Warn: "33", Bad: "1;31", Accent: "36"}

// Ink writes s in an ink, if there is colour.
func (s Style) Ink(ink Ink, text string) string {
	if !s.Color || ink == Plain || text == "" {
		return text
	}
	return "\x1b[" + codes[ink] + "m" + text + "\x1b[0m"
}

// pick returns the first form where Unicode can be shown, else the second.
func (s Style) pick(unicode, ascii string) string {
	if s.Unicode {
		return unicode
	}
	return ascii
}

// Detect finds the style for w: colour on a terminal unless NO_COLOR is set or TERM is dumb, Unicode
// where the locale says UTF-8.
func Detect(w io.Writer, getenv func(string) string) Style {
	locale := getenv("LC_ALL")
	for _, name := range []string{"LC_CTYPE", "LANG"} {
		if locale == "" {
			locale = getenv(name)
		}
	}
	locale = strings.ToLower(locale)
	unicode := strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
	return Style{
		Color:   IsTerminal(w) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb",
		Unicode: unicode,
	}
}

// IsTerminal says whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// size is the terminal's columns and rows; 100 x 40 where w is none.
func size(w io.Writer) (columns, rows int) {
	if f, ok := w.(*os.File); ok {
		if c, r, err := term.GetSize(int(f.Fd())); err == nil && c > 0 && r > 0 {
			return c, r
		}
	}
	return 100, 40
}

// Width is the number of columns to draw for w: the terminal's, but within 60 and 120.
func Width(w io.Writer) int {
	c, _ := size(w)
	return min(max(c, 60), 120)
}

// width counts the characters of s as they are seen: without colour codes. Wide characters count as one.
func width(s string) int {
	n := 0
	for len(s) > 0 {
		if s[0] == '\x1b' {
			end := strings.IndexByte(s, 'm')
			if end < 0 {
				return n
			}
			s = s[end+1:]
			continue
		}
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		n++
	}
	return n
}

// cut shortens s to at most n visible characters, the last of them an ellipsis. Control characters,
// which would move the cursor, become blanks; colour codes stay.
func (s Style) cut(text string, n int) string {
	if width(text) <= n && !hasControl(text) {
		return text
	}
	var b strings.Builder
	seen, colored, over := 0, false, width(text) > n
	for len(text) > 0 {
		if end := strings.IndexByte(text, 'm'); text[0] == '\x1b' && end > 0 {
			b.WriteString(text[:end+1])
			colored = text[:end+1] != "\x1b[0m"
			text = text[end+1:]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		if r < ' ' || r == 0x7f {
			r = ' '
		}
		if over && seen >= n-1 {
			if n > 0 {
				b.WriteString(s.pick("…", "~"))
			}
			if colored {
				b.WriteString("\x1b[0m")
			}
			return b.String()
		}
		b.WriteRune(r)
		seen++
	}
	return b.String()
}

func hasControl(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\x1b' || r == 0x7f }) >= 0
}

// pad fills text with blanks to n visible characters, on the left where right is set.
func pad(text string, n int, right bool) string {
	fill := strings.Repeat(" ", max(0, n-width(text)))
	if right {
		return fill + text
	}
	return text + fill
}

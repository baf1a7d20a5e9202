package csvfeed

import (
	"errors"
	"fmt"
	"strings"
)

// Error is bad input: it names the file and, where they are known, the line and the field.
type Error struct {
	File  string
	Line  int    // 0: the file as a whole
	Field string // a field of the event or a column; may be empty
	Err   error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	if e.Field != "" {
		fmt.Fprintf(&b, "%s: ", e.Field)
	}
	b.WriteString(e.Err.Error())
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

var (
	errEmpty    = errors.New("the file is empty; a header is needed")
	errNotUTF8  = errors.New("not UTF-8 text (convert the file, for example with iconv)")
	errUTF16    = errors.New("UTF-16 text; UTF-8 is needed (convert the file, for example with iconv)")
	errTooLong  = errors.New("line longer than 1 MiB")
	errQuotes   = errors.New(`a quote (") in the wrong place, or one that is never closed`)
	errNotGzip  = errors.New("the name ends in .gz but the content is not gzip")
	errCutShort = errors.New("the compressed file is cut short")
)

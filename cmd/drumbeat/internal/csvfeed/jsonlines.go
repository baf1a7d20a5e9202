package csvfeed

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"drumbeat/schemas"
)

const maxLine = 1 << 20

// startJSON reads lines of events; blank lines are passed over.
func (f *Feed) startJSON(o Options) error {
	switch {
	case len(o.Map) > 0:
		return &Error{File: f.name, Err: errors.New("--map is for CSV; lines of JSON are events already")}
	case o.Type != schemas.TypeUnknown && o.Type != schemas.TypeSale:
		return &Error{File: f.name, Err: errors.New("--type is for CSV; lines of JSON name their types")}
	case o.Site != "":
		return &Error{File: f.name, Err: errors.New("--site is for CSV; lines of JSON name their sites")}
	}
	lines := bufio.NewScanner(f.input)
	lines.Buffer(make([]byte, 0, 1<<16), maxLine)
	line := 0
	f.next = func(r *Record) error {
		for lines.Scan() {
			line++
			if text := bytes.TrimSpace(lines.Bytes()); len(text) > 0 {
				*r = Record{Line: line, Raw: text}
				return nil
			}
		}
		switch err := lines.Err(); {
		case err == nil:
			return io.EOF
		case errors.Is(err, bufio.ErrTooLong):
			return &Error{File: f.name, Line: line + 1, Err: errTooLong}
		default:
			return f.wrap(line+1, err)
		}
	}
	return nil
}

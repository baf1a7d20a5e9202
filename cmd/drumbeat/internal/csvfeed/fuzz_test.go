package csvfeed

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"drumbeat/schemas"
)

// FuzzFeed reads any file, as each type of event: every row becomes an event that can be encoded or an error that
// names the line, and reading ends.
func FuzzFeed(f *testing.F) {
	for _, text := range []string{
		"sku,quantity,date\nA,1,2026-01-31\n", "sku,quantity,date\r\n\"A\nB\",-1e308,31/01/2026\r\n", "\xef\xbb\xbfsku;quantity;date\nA;1,5;2026-01-31\n",
		"{\"specversion\":\"1.0\"}\n", "\x1f\x8b", "sku,quantity,date\n\"A", "sku,production_cost,holding_cost\nA,NaN,1\n", "\xff\xfes\x00",
		"order,sku,quantity,date\nP1,A,5,2026-01-31\n", "resource,capacity,per\nfactory,1e400,week\n", "quiet,ceiling\n-1s,9999999h\n",
	} {
		for kind := range schemas.Types() {
			f.Add(byte(kind), []byte(text))
		}
	}
	types := schemas.Types()
	f.Fuzz(func(t *testing.T, kind byte, text []byte) {
		feed, err := Open("-", Options{Type: types[int(kind)%len(types)], Stdin: bytes.NewReader(text), Source: "fuzz"})
		if err != nil {
			return
		}
		defer feed.Close()
		rows := bytes.Count(text, []byte("\n")) + 2
		var r Record
		for n := 0; ; n++ {
			err := feed.Next(&r)
			var bad *Error
			switch {
			case errors.Is(err, io.EOF):
				return
			case errors.As(err, &bad):
				return
			case err != nil:
				t.Fatalf("an error without file and line: %v", err)
			case n > rows && !bytes.HasPrefix(text, []byte{0x1f, 0x8b}):
				t.Fatalf("%d rows of %d", n, rows)
			case r.Raw == nil:
				if _, err := schemas.Encode(&r.Event); err != nil {
					t.Fatalf("line %d: %+v: %v", r.Line, r.Event, err)
				}
			}
		}
	})
}

package csvfeed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"

	"drumbeat/schemas"
)

// Options say how a file is read. The zero value reads sales whose columns have the fields' names.
type Options struct {
	Type schemas.Type      // of a CSV's events; zero: TypeSale
	Map  map[string]string // field → column; an empty column leaves the field out
	Site string            // of a CSV's events; "" leaves it to the reader's default
	// Source of the events; "": "csv:" and the file's base name. Standard input and named pipes without
	// one get a source of their own each time, since two pipes need not carry the same lines.
	Source string
	Stdin  io.Reader // what the path "-" reads; nil: os.Stdin
}

// Record is one event of a feed. It holds until the next call of Next.
type Record struct {
	Line  int           // where it begins in the file, from 1
	Event schemas.Event // of a CSV's row; zero where Raw is a line of JSON
	Raw   []byte        // a line of JSON as it stands in the file; nil for CSV
}

// Feed is an open file. It is used by one goroutine, except for Progress.
type Feed struct {
	name  string
	site  string
	next  func(*Record) error
	file  io.Closer
	bytes counter
	total int64
	input *bufio.Reader
}

// Open opens a file, reads its header and finds the columns. The caller closes the feed.
func Open(path string, o Options) (*Feed, error) {
	f := &Feed{name: path}
	var modified time.Time
	if path == "-" {
		f.name = "standard input"
		f.bytes.r = o.Stdin
		if f.bytes.r == nil {
			f.bytes.r = os.Stdin
		}
		f.file = io.NopCloser(nil)
		modified = time.Now()
		if o.Source == "" {
			o.Source = pipeSource(modified)
		}
	} else {
		file, err := os.Open(path)
		if err != nil {
			return nil, &Error{File: path, Err: errors.Unwrap(err)}
		}
		stat, err := file.Stat()
		if err == nil && stat.IsDir() {
			err = errors.New("is a directory")
		}
		if err != nil {
			file.Close()
			return nil, &Error{File: path, Err: err}
		}
		f.file, f.bytes.r = file, file
		source := "csv:" + filepath.Base(path)
		if stat.Mode().IsRegular() {
			f.total, modified = stat.Size(), stat.ModTime()
		} else {
			modified = time.Now()
			source = pipeSource(modified)
		}
		if o.Source == "" {
			o.Source = source
		}
	}
	if err := f.start(path, o, modified); err != nil {
		f.file.Close()
		return nil, err
	}
	return f, nil
}

// pipeSource is a source that no other pipe has.
func pipeSource(now time.Time) string {
	return "csv:pipe/" + now.UTC().Format(time.RFC3339Nano)
}

// start unpacks and chooses the reader by the name.
func (f *Feed) start(path string, o Options, modified time.Time) error {
	plain := strings.ToLower(path)
	f.input = bufio.NewReaderSize(&f.bytes, 1<<16)
	magic, err := f.input.Peek(2)
	if err != nil && err != io.EOF {
		return &Error{File: f.name, Err: err}
	}
	compressed := bytes.Equal(magic, []byte{0x1f, 0x8b})
	switch {
	case compressed:
		z, err := gzip.NewReader(f.input)
		if err != nil {
			return f.wrap(0, err)
		}
		f.input = bufio.NewReaderSize(z, 1<<16)
	case strings.HasSuffix(plain, ".gz"):
		return &Error{File: f.name, Err: errNotGzip}
	}
	if err := f.skipMark(); err != nil {
		return err
	}
	plain = strings.TrimSuffix(plain, ".gz")
	if strings.HasSuffix(plain, ".jsonl") || strings.HasSuffix(plain, ".ndjson") || path == "-" && f.looksLikeJSON() {
		return f.startJSON(o)
	}
	if o.Site != "" && !schemas.ValidSite(o.Site) {
		return &Error{File: f.name, Field: "site", Err: fmt.Errorf("%q is not a site name", o.Site)}
	}
	return f.startCSV(o, modified)
}

// skipMark drops a byte order mark.
func (f *Feed) skipMark() error {
	mark, err := f.input.Peek(3)
	if err != nil && err != io.EOF {
		return f.wrap(1, err)
	}
	if bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, err = f.input.Discard(3)
		return err
	}
	if bytes.HasPrefix(mark, []byte{0xff, 0xfe}) || bytes.HasPrefix(mark, []byte{0xfe, 0xff}) {
		return &Error{File: f.name, Line: 1, Err: errUTF16}
	}
	return nil
}

func (f *Feed) looksLikeJSON() bool {
	first, err := f.input.Peek(1)
	return err == nil && first[0] == '{'
}

// Next reads the next event into r, or returns io.EOF. Other errors are *Error.
func (f *Feed) Next(r *Record) error { return f.next(r) }

// Name is the file as errors name it.
func (f *Feed) Name() string { return f.name }

// Progress is how much of the file has been read, in bytes as it is stored, and its size; the size is 0
// where it is not known. It may be called from any goroutine.
func (f *Feed) Progress() (read, total int64) { return f.bytes.n.Load(), f.total }

// Close closes the file.
func (f *Feed) Close() error { return f.file.Close() }

// wrap names file and line in an error of reading.
func (f *Feed) wrap(line int, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCutShort
	}
	return &Error{File: f.name, Line: line, Err: err}
}

// counter counts the bytes that are read through it.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"

	"drumbeat/cmd/drumbeat/internal/csvfeed"
	"drumbeat/schemas"
	"drumbeat/stream/postgres"
)

// maxLetterLine bounds a line of a file of letters: the largest record of a topic in base64, and its headers.
const maxLetterLine = 64 << 20

// fromFile calls fn for the letters of the file, each as the file has it. A line names its letter by origin
// and holds value or value_base64; its headers count where they were edited.
func (c *deadLettersReplayCmd) fromFile(ctx context.Context, store *postgres.Store, fn func(fix) error) error {
	file, err := os.Open(c.From)
	if err != nil {
		return badInput(err)
	}
	defer file.Close()
	lines := bufio.NewReaderSize(file, 1<<16)
	for number := 1; ; number++ {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return nil
		}
		wrong := func(field string, err error) error {
			return badInput(&csvfeed.Error{File: c.From, Line: number, Field: field, Err: err})
		}
		if err != nil {
			return wrong("", err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var given letterJSON
		if err := json.Unmarshal(line, &given); err != nil {
			var kind *json.UnmarshalTypeError
			if errors.As(err, &kind) {
				return wrong(kind.Field, errors.New("a JSON "+kind.Value+" cannot stand here"))
			}
			return wrong("", err)
		}
		o, err := parseOrigin(given.Origin)
		if err != nil || o.Offset < 0 {
			return wrong("origin", errors.New("not topic:partition:offset"))
		}
		l, err := store.Letter(ctx, o)
		switch {
		case err != nil:
			return err
		case l == nil:
			return wrong("origin", errors.New(given.Origin+": there is no such dead letter"))
		case given.Value == nil && given.Bytes == nil:
			return wrong("value", errors.New("missing"))
		case given.Value != nil && given.Bytes != nil:
			return wrong("value_base64", errors.New("stands beside value"))
		case l.ReplayedAt != nil && !c.Again:
			continue
		}
		f, err := edited(l, &given)
		if err != nil {
			return wrong("value", err)
		}
		if err := fn(f); err != nil {
			return err
		}
	}
}

// readLine returns the next line without its end; io.EOF after the last one.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLetterLine:
			return nil, errors.New("longer than 64 MiB")
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0, err == nil:
			return bytes.TrimSuffix(line, []byte("\n")), nil
		}
		return nil, err
	}
}

// edited is the stored letter as the file has it. One that was not edited is sent unchanged; an edited one
// gets an id of its own unless the edit gave it one.
func edited(l *postgres.Letter, given *letterJSON) (fix, error) {
	value := given.Bytes
	if given.Value != nil {
		value = []byte(*given.Value)
	}
	headers := l.Headers
	if !maps.Equal(headerTexts(l), given.Headers) {
		headers = nil
		for _, key := range slices.Sorted(maps.Keys(given.Headers)) {
			headers = append(headers, schemas.Header{Key: key, Value: []byte(given.Headers[key])})
		}
	} else if bytes.Equal(value, l.Value) {
		return fix{letter: l}, nil
	}
	record, err := readRecord(headers, value)
	if err != nil {
		return fix{}, err
	}
	id := record.id()
	before, err := readLetter(l)
	if err != nil || before.id() == id || id == "" { // a record that could not be read had no id
		id = fixedID(id, originOf(l))
	}
	out, id, err := fixed(l, record, id)
	return fix{letter: out, id: id}, err
}

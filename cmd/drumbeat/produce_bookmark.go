package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// bookmark remembers in the user's cache how far a file was acknowledged, so that an interrupted run can
// go on. It belongs to the file as it is (path, size, time of change) and to where and how it is sent; of
// a changed file nothing is remembered. Losing it costs time only: events that are sent again are
// duplicates. A nil bookmark remembers nothing.
type bookmark struct {
	path  string
	place int       // the line as it was moved last
	saved time.Time // when it was written last
}

// bookmarkEvery is how often a bookmark is written.
const bookmarkEvery = time.Second

// newBookmark finds the bookmark of a command; nil for a pipe and without a cache.
func newBookmark(cache string, c *produceCmd) *bookmark {
	path, err := filepath.Abs(c.From)
	if c.From == "-" || cache == "" || err != nil {
		return nil
	}
	stat, err := os.Stat(path)
	if err != nil || !stat.Mode().IsRegular() {
		return nil
	}
	// Encoded as JSON, maps have one order.
	identity, err := json.Marshal([]any{
		path, stat.Size(), stat.ModTime().UnixNano(), c.Kafka.Brokers, c.Topic, c.Type, c.Map, c.Site, c.Source,
	})
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(identity)
	return &bookmark{path: filepath.Join(cache, "drumbeat", "produce", hex.EncodeToString(sum[:12])+".json")}
}

// place is the content of the file.
type place struct {
	Line int `json:"line"` // all lines up to it are acknowledged
}

// line is the last line that an interrupted run had acknowledged; 0 when there was none.
func (b *bookmark) line() int {
	if b == nil {
		return 0
	}
	content, err := os.ReadFile(b.path)
	if err != nil {
		return 0
	}
	var p place
	if json.Unmarshal(content, &p) != nil || p.Line < 0 {
		return 0
	}
	return p.Line
}

// move notes that all lines up to one are acknowledged, and writes it down now and then. A cache that
// cannot be written is no reason to stop: save says so at the end.
func (b *bookmark) move(line int) {
	if b == nil {
		return
	}
	b.place = line
	if time.Since(b.saved) >= bookmarkEvery {
		_ = b.save()
	}
}

// save writes the place down.
func (b *bookmark) save() error {
	if b == nil || b.place == 0 {
		return nil
	}
	b.saved = time.Now()
	content, err := json.Marshal(place{b.place})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(b.path), 0o700); err != nil {
		return err
	}
	// A file that is replaced in one step is never read half written.
	temporary := fmt.Sprintf("%s.%d", b.path, os.Getpid())
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, b.path)
}

// forget removes the bookmark: the file is sent, or shall be sent anew.
func (b *bookmark) forget() {
	if b != nil {
		b.place = 0
		_ = os.Remove(b.path) // what is left costs nothing but a skip that --restart undoes
	}
}

package stream_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"drumbeat/stream"
	"drumbeat/stream/memory"
)

// update writes the golden files of a new version, v2, v3 …; a folder that is there already stays as it is.
var update = flag.String("update-upgrade", "", "version whose golden files are to be written")

const upgradeFiles = "testdata/upgrade"

// upgradeSaved is what a release left behind when it had folded a part of a log.
type upgradeSaved struct {
	Snapshot stream.Snapshot
	Models   []stream.Page
	Plans    []upgradeMessage // all that were published
	Solved   []upgradeSolved  // the newest revision of each site with a Problem
}

type upgradeMessage struct {
	Key      string
	Revision int64
	Value    []byte `json:",omitempty"` // none: a tombstone
}

type upgradeSolved struct {
	Site           string
	Head           []byte
	Problem, Start []byte
}

type upgradeLine struct {
	Site  string `json:"site"`
	Value string `json:"value"`
}

// upgradeVersions are the folders of all versions, the newest one last.
func upgradeVersions(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(upgradeFiles, "v*"))
	if err != nil || len(list) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) })
	return list
}

// writeUpgrade makes the golden files of a version.
func writeUpgrade(t *testing.T, version string) {
	t.Helper()
	dir := filepath.Join(upgradeFiles, version)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err) // a version that was released is never written again
	}
	records, saved := upgradeLog()
	store := memory.NewStore()
	first, err := store.Load(t.Context(), upgradePartition)
	if err != nil {
		t.Fatal(err)
	}
	r := newUpgradeRun(t, first)
	r.batches = func(b *stream.Batch) error { return store.Save(t.Context(), upgradePartition, first.Epoch, b) }
	r.take(records[:saved])
	out := upgradeSaved{Plans: r.plans}
	snapshot, err := store.Load(t.Context(), upgradePartition)
	if err != nil {
		t.Fatal(err)
	}
	out.Snapshot = *snapshot
	if err := store.Recall(t.Context(), upgradePartition, func(page stream.Page) error {
		out.Models = append(out.Models, page)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, site := range []string{upgradeSite, upgradeOther} {
		out.Solved = append(out.Solved, r.solved[site])
	}
	var log bytes.Buffer
	lines := json.NewEncoder(&log)
	for _, rec := range records {
		if err := lines.Encode(upgradeLine{string(rec.Key), string(rec.Value)}); err != nil {
			t.Fatal(err)
		}
	}
	body, err := json.Marshal(&out)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"log.jsonl.gz": log.Bytes(), "saved.json.gz": body} {
		var packed bytes.Buffer
		w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), packed.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// readUpgrade reads the golden files of a version: the log, and what was saved of its first part.
func readUpgrade(t *testing.T, dir string) (records []stream.Record, old upgradeSaved) {
	t.Helper()
	unzip := func(name string) *json.Decoder {
		packed, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		r, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		return json.NewDecoder(r)
	}
	if err := unzip("saved.json.gz").Decode(&old); err != nil {
		t.Fatal(err)
	}
	var f feed
	for lines := unzip("log.jsonl.gz"); lines.More(); {
		var l upgradeLine
		if err := lines.Decode(&l); err != nil {
			t.Fatal(err)
		}
		f.site = l.Site
		records = append(records, f.raw([]byte(l.Value)))
	}
	return records, old
}

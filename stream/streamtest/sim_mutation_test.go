package streamtest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// rule is something that keeps sales or plans from being lost, doubled or mixed up. It is switched off by an edit of the
// source, which the code knows nothing of. pattern has to match exactly once in file, so that the list cannot fall behind
// the code.
type rule struct {
	name    string
	file    string // in the module
	pattern string
	without string
	within  int // seeds, in which the simulation must fail without it
}

var rules = []rule{
	{"fencing of saves", "stream/memory/store.go", `p == nil \|\| p\.epoch != epoch`, `p == nil`, 100},
	{"an owner that is fenced drops its state", "stream/owner_work.go", `(?s)(func \(o \*owner\) save.*)case errors\.Is\(err, ErrFenced\):\n\t\t\treturn err`, `${1}case errors.Is(err, ErrFenced):
			return nil`, 500},
	{"fencing of the outbox", "stream/memory/store_outbox.go", `p == nil \|\| p\.epoch != epoch`, `p == nil`, 100},
	{"origin offsets", "stream/processor.go", `ok && from\.offset <= last`, `ok && from.offset < 0*last`, 100},
	{"origin offsets in the saved state", "stream/processor.go", `p\.origins\[o\] = r\.Varint\(\)`, `_, _ = o, r.Varint()`, 100},
	{"identities of events", "stream/identity.go", `_, ok := s\.set\.find\(e\)\n\treturn ok`, `_, ok := s.set.find(e)
	return ok && false`, 100},
	{"identities in the saved state", "stream/ready.go", `pages, drops = s\.ids\.dirtyPages\(s\.name\)`, `pages, drops = nil, nil`, 100},
	{"the offset is saved with the state", "stream/memory/store.go", `(\tif p == nil \|\| p\.epoch != epoch \{\n\t\treturn stream\.ErrFenced\n\t\}\n\tif err := s\.checkClaims)`,
		"\tif p != nil {\n\t\tp.next = max(p.next, b.Next)\n\t}\n$1", 100},
	{"the group offset is committed, and nothing read by it", "stream/ready.go", `b := &Batch\{Next: p\.next, Rank: p\.rank\}`, `b := &Batch{Next: p.savedNext, Rank: p.rank}`, 100},
	{"save before publish", "stream/owner_work.go", `(?s)(func \(o \*owner\) startSave.*)o\.saves = done\n`, `${1}o.saves = done
	for i := range b.Revisions {
		r := &b.Revisions[i]
		_ = o.r.c.Publisher.Publish(ctx, []Message{HeadMessage(r.Site, r.Revision, r.Head)})
	}
`, 100},
	{"changes stay pending while a job is out", "stream/ready.go", `s\.Pending\.join\(s\.covered\)`, ``, 200},
	{"a job that is cut off leaves its change pending", "stream/plan.go", `(?s)(func \(p \*Processor\) Withdraw.*)s\.uncover\(s\.covered\)`, `$1`, 500},
	{"a failed solve leaves its change pending", "stream/plan.go", `(?s)(func \(s \*site\) failed.*?)s\.uncover\(covered\)`, `$1`, 200},
	{"a batch whose save was cut off is saved again", "stream/owner_work.go", `(?s)(func \(o \*owner\) endSave.*?)o\.saves = nil\n`, `${1}o.saves = nil
	if err != nil {
		o.saving = nil
	}
`, 500},
	{"lines before the head", "stream/outbox.go", `e\.Messages\[:n-1\]\); err`, `e.Messages[n-1:]); err`, 100},
	{"revisions in their order", "stream/outbox.go", `for i := range entries \{\n\t\te := &entries\[i\]\n\t\tif e\.Revision == 0`, `for i := range entries {
		e := &entries[len(entries)-1-i]
		if e.Revision == 0`, 200},
	{"entries go when their head was read back", "stream/outbox.go", `(?s)(func \(b \*outbox\) publish.*?)if err := b\.send\(ctx, e\); err != nil \{`, `${1}if err := b.send(ctx, e); err != nil && false {`, 200},
	{"the owner overwrites older records", "stream/readback.go", `b\.schedule\(site, sku, overwritten\{line: line, first: rec\.Offset, last: rec\.Offset\}\)`, `_ = sku`, 200},
	{"a line that compaction took is written again", "stream/readback.go", `newest <= f\.confirms\[site\] \{`, `newest < 0*f.confirms[site] {`, 200},
	{"overwriting waits for what is unsent", "stream/readback.go", `err == nil && newerThan\(messages, confirmed\)`, `err == nil && newerThan(messages, confirmed) && false`, 500},
	{"no read-back position passes a record to be overwritten", "stream/readback.go", `next = min\(next, r\.first\)`, `_ = r.first`, 200},
	{"no read-back position lies inside a revision", "stream/readback.go", `next = min\(next, f\.holds\[site\]\)`, `_ = f.holds`, 200},
	{"a site is claimed by one partition", "stream/memory/store.go", `of != nil && of\.partition != id:`, `of != nil && of.partition != id && false:`, 100},
	{"a claim of another partition is learnt", "stream/processor.go", `partition, ok := p\.elsewhere\[name\]; ok \{`, `partition, ok := p.elsewhere[name]; ok && false {`, 100},
	{"dead letters are told once by origin", "stream/processor.go", `(?s)(func \(s \*site\) letter.*OriginOffset: )from\.offset`, `${1}from.offset + s.p.next`, 100},
	{"dead letters are published", "stream/outbox.go", `(?s)letters = append\(letters, e\.Messages\.\.\.\)`, `_ = letters`, 100},
	{"readers of the plan topic begin with their first plan", "stream/readback.go", `wake := b\.wake\n\t\tb\.mu\.Unlock\(\)\n\t\tselect`, `wake := make(chan struct{})
		b.mu.Unlock()
		select`, 100},
	{"a failed plan at the end of the input is made again", "stream/owner_work.go", `o\.ended, o\.retryAt = false,`, `_, o.retryAt = false,`, 500},
	{"in-line plans end with their generation", "stream/owner_work.go", `(?s)jobUntil\(ctx\)(\s+if job == nil \{\s+return ctx.*?)err != nil \{ // a save that was cut off is left to flush`, `Job()${1}err != nil && false {`, 200},
}

// apply writes the edited file and the overlay that puts it in the place of the true one.
func (r *rule) apply(t *testing.T, dir string) (overlay string) {
	t.Helper()
	from, err := filepath.Abs(filepath.Join("../..", r.file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	re := regexp.MustCompile(r.pattern)
	if n := len(re.FindAllIndex(text, -1)); n != 1 {
		t.Fatalf("%q matches %d times in %s, not once", r.pattern, n, r.file)
	}
	to, overlay := filepath.Join(dir, filepath.Base(r.file)), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {from: to}})
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string][]byte{to: re.ReplaceAll(text, []byte(r.without)), overlay: replace} {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return overlay
}

// TestRules switches off each rule, and wants the simulation to notice: DRUMBEAT_LONG=1 go test ./stream/streamtest -run
// 'TestRules$' -v; a name behind a slash chooses among the rules. Otherwise it tests that every rule can still be switched off.
func TestRules(t *testing.T) {
	long := os.Getenv("DRUMBEAT_LONG") != ""
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			overlay := r.apply(t, t.TempDir())
			if !long {
				return
			}
			out, err := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-run", "^TestSimulation$", "-vet=off", "-count", "1", "-timeout", "20m", ".",
				"-args", "-seeds", fmt.Sprint(r.within), "-shrink=false").CombinedOutput()
			m := regexp.MustCompile(`seed (\d+): (.*)`).FindSubmatch(out)
			switch {
			case err == nil, m == nil:
				t.Errorf("not noticed within %d seeds: %v\n%.2000s", r.within, err, out)
			default:
				t.Logf("| %s | %s | %.150s |", r.name, m[1], m[2])
			}
		})
	}
}

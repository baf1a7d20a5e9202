package stream

import (
	"testing"

	"drumbeat/schemas"
)

// savedParts are the parts of a state as a small site saves them, and the snapshot that they make.
func savedParts(t testing.TB) (parts [][]byte, whole func(part int, bytes []byte) *Snapshot) {
	t.Helper()
	p, err := New(Config{DefaultSite: "plant", Settings: DefaultSettings(), PlanEvery: "end"}, &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range saleRecords(1, 40) {
		if _, err := p.Step(r); err != nil {
			t.Fatal(err)
		}
	}
	b := p.Ready()
	if b == nil || len(b.Sites) != 1 || len(b.SKUs) != 1 || len(b.Pages) == 0 {
		t.Fatalf("a batch without state: %+v", b)
	}
	parts = [][]byte{b.State, b.Sites[0].State, b.SKUs[0].State, b.Pages[0].Data}
	return parts, func(part int, bytes []byte) *Snapshot {
		of := func(i int) []byte {
			if i == part {
				return bytes
			}
			return parts[i]
		}
		page := b.Pages[0]
		page.Data = of(3)
		return &Snapshot{Known: true, Next: b.Next, State: of(0), Sites: []SavedSite{{
			Name: b.Sites[0].Site, State: of(1), SKUs: []SKUState{{b.SKUs[0].Site, b.SKUs[0].SKU, of(2)}}, Pages: []Page{page},
		}}}
	}
}

// FuzzSavedState restores states of which one part is anything: the Processor refuses it with an error, or takes it
// and can save it again.
func FuzzSavedState(f *testing.F) {
	parts, whole := savedParts(f)
	for i, p := range parts {
		f.Add(byte(i), p)
		f.Add(byte(i), p[:len(p)/2])
	}
	f.Fuzz(func(t *testing.T, part byte, bytes []byte) {
		p, err := New(Config{DefaultSite: "plant", Settings: DefaultSettings(), PlanEvery: "end"}, whole(int(part)%len(parts), bytes))
		if err == nil && len(p.Dump()) == 0 {
			t.Error("a state that saves nothing")
		}
	})
}

// FuzzPlanRecord reads any record of the plans topic: it is refused with an error, or part of a plan whose
// checksum can be asked for.
func FuzzPlanRecord(f *testing.F) {
	head := []byte(`{"site":"plant","revision":2,"plan_id":"plant:2","status":"optimal","lines":1,"checksum":"00"}`)
	f.Add("plant", "2", head)
	f.Add("plant/A", "2", []byte(`{"site":"plant","sku":"A","revision":2,"periods":[]}`))
	f.Add("plant/A", "1", []byte(nil))
	f.Add("plant/", "x", []byte(`{"revision":-1}`))
	f.Fuzz(func(t *testing.T, key, revision string, value []byte) {
		var r schemas.PlanReader
		headers := []schemas.Header{{Key: schemas.HeaderRevision, Value: []byte(revision)}}
		_, err := r.Apply(headers, key, value)
		for _, name := range r.Sites() {
			if !schemas.ValidSite(name) {
				t.Errorf("site %q", name)
			}
			plan := r.Site(name)
			_, _ = plan.Lines(), plan.Complete()
		}
		if err != nil && len(r.Sites()) > 0 {
			t.Errorf("refused with %v, and taken", err)
		}
		if n := revisionOf(headers); n < 0 {
			t.Errorf("revision %d of %q", n, revision)
		}
	})
}

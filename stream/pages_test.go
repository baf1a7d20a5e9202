package stream

import (
	"errors"
	"slices"
	"testing"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"

	"pgregory.net/rapid"
)

// numbered is an entry whose keys collide on purpose: only every sixteenth has a slot of its own.
type numbered struct{ key, value uint64 }

func (n numbered) slot() uint64         { return n.key / 16 * 0x9e3779b97f4a7c15 >> 20 }
func (n numbered) same(o numbered) bool { return n.key == o.key }
func (n numbered) appendTo(dst []byte) []byte {
	return codec.AppendUint64(codec.AppendUint64(dst, n.key), n.value)
}

func readNumbered(r *codec.Reader) numbered { return numbered{r.Uint64(), r.Uint64()} }

// pageStore keeps what dirty hands out, as the store does.
type pageStore map[int64]Page

func (s pageStore) save(pages []Page, drops []DropPages) {
	for _, p := range pages {
		s[p.Number] = p
	}
	for _, d := range drops {
		for n := range s {
			if n < d.Before {
				delete(s, n)
			}
		}
	}
}

func (s pageStore) inOrder() []Page {
	pages := make([]Page, 0, len(s))
	for _, p := range s {
		pages = append(pages, p)
	}
	slices.SortFunc(pages, func(a, b Page) int { return int(a.Number - b.Number) })
	return pages
}

// A page set against the log it stands for, over saves and restarts.
func TestPageSetAgainstLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := new(pageSet[numbered])
		var log []numbered // the first entry of it is the first of a page
		store := pageStore{}
		dropped := int64(0)
		saved := 0 // entries of log that are saved
		value := uint64(0)
		keys := rapid.SampledFrom([]uint64{50, 5000, 1 << 40}).Draw(t, "keys")
		save := func() {
			pages, drops := set.dirty("s", LinePage)
			for _, p := range pages {
				if p.Number < dropped+int64(saved/pageSize) {
					t.Fatalf("page %d is written again", p.Number)
				}
			}
			store.save(pages, drops)
			saved = len(log)
		}
		checkAll := func(t *rapid.T) {
			newest := map[uint64]uint64{}
			for _, e := range log {
				newest[e.key] = e.value
			}
			if set.used != len(newest) {
				t.Fatalf("%d keys, want %d", set.used, len(newest))
			}
			for key, value := range newest {
				if e, ok := set.find(numbered{key: key}); !ok || e.value != value {
					t.Fatalf("key %d: got %v, %v, want %d", key, e, ok, value)
				}
			}
			absent := rapid.Uint64().Draw(t, "key")
			if _, want := newest[absent]; !want {
				if e, ok := set.find(numbered{key: absent}); ok {
					t.Fatalf("key %d is not there but found: %v", absent, e)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				start, stride := rapid.Uint64Range(0, keys-1).Draw(t, "first"), rapid.Uint64Range(1, 99).Draw(t, "stride")
				for i := range rapid.SampledFrom([]uint64{1, 10, 3000, pageSize}).Draw(t, "entries") {
					value++
					e := numbered{(start + i*stride) % keys, value}
					set.add(e, schemas.Date(value))
					log = append(log, e)
				}
			},
			"drop": func(t *rapid.T) {
				p := set.oldest()
				if p == nil != (len(log) <= pageSize) {
					t.Fatalf("oldest page %v of %d entries", p, len(log))
				}
				if p == nil {
					return
				}
				if p.newest != schemas.Date(log[pageSize-1].value) {
					t.Fatalf("newest day %d, want %d", p.newest, log[pageSize-1].value)
				}
				set.drop()
				log, dropped, saved = log[pageSize:], dropped+1, max(saved-pageSize, 0)
				checkAll(t)
			},
			"save": func(t *rapid.T) { save() },
			"restart": func(t *rapid.T) {
				save()
				set = new(pageSet[numbered])
				for _, p := range store.inOrder() {
					if err := set.restore(p, 16, readNumbered); err != nil {
						t.Fatal(err)
					}
				}
				checkAll(t)
			},
			"": func(t *rapid.T) {
				if set.len() != len(log) {
					t.Fatalf("len %d, want %d", set.len(), len(log))
				}
			},
		})
	})
}

func TestPageSetRefusesDamage(t *testing.T) {
	var set pageSet[numbered]
	for i := range uint64(pageSize + 5) {
		set.add(numbered{i, i}, 20000)
	}
	pages, _ := set.dirty("s", LinePage)
	full, short := pages[0], pages[1]
	change := func(p Page, f func(p *Page)) Page {
		p.Data = slices.Clone(p.Data)
		f(&p)
		return p
	}
	for name, pages := range map[string][]Page{
		"a gap":               {full, change(short, func(p *Page) { p.Number++ })},
		"a page twice":        {full, full},
		"a page behind short": {short, change(full, func(p *Page) { p.Number = short.Number + 1 })},
		"cut":                 {change(full, func(p *Page) { p.Data = p.Data[:len(p.Data)-1] })},
		"longer":              {change(full, func(p *Page) { p.Data = append(p.Data, 0) })},
		"empty":               {change(full, func(p *Page) { p.Data = nil })},
		"another version":     {change(full, func(p *Page) { p.Data[0]++ })},
		"a negative number":   {change(full, func(p *Page) { p.Number = -1 })},
	} {
		var restored pageSet[numbered]
		var err error
		for _, p := range pages {
			err = errors.Join(err, restored.restore(p, 16, readNumbered))
		}
		if err == nil {
			t.Errorf("%s: restored without an error", name)
		}
	}
}

func FuzzRestorePage(f *testing.F) {
	var x lineIndex
	x.put(5, lineEntry{SKU: 1, Day: 20000, Quantity: 7, Version: 2})
	pages, _ := x.dirtyPages("s")
	f.Add(pages[0].Data)
	var s identities
	seen(&s, "a", "b", 20000)
	pages, _ = s.dirtyPages("s")
	f.Add(pages[0].Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, restore := range []func(Page) error{new(lineIndex).restore, new(identities).restore} {
			if err := restore(Page{Site: "s", Data: data}); err != nil && err.Error() == "" {
				t.Fatal("an error without words")
			}
		}
	})
}

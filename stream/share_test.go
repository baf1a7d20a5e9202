package stream

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"

	"drumbeat/schemas"
)

// slowSite is a site of slow sellers on the days from first to its open day; after is told of every one of them.
func slowSite(t testing.TB, skus, days int, after func(s *site, d schemas.Date)) *site {
	t.Helper()
	p, err := New(benchConfig(), &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.site("plant")
	s.begin(storyStart + schemas.Date(days))
	r := rand.New(rand.NewPCG(uint64(skus), uint64(days)))
	for d := storyStart; d < s.Today; d++ {
		for i := range skus {
			if r.IntN(3) == 0 {
				s.sells(fmt.Sprintf("S%02d", i), d, float64(1+r.IntN(3)))
			}
		}
		if after != nil {
			after(s, d)
		}
	}
	s.note(triggerSale, "", true)
	return s
}

// sells adds units to the history of a SKU, as a late fact does.
func (s *site) sells(sku string, d schemas.Date, units float64) {
	k := s.learn(sku)
	s.amend(k, d, func(e *dayEntry) { e.Kept += quantity(units) })
	s.changedDay(k, d)
}

// forecasts are the daily means of all SKUs as a plan would publish them.
func (s *site) forecasts() map[string][]float32 {
	_, d := s.draw(context.Background())
	all := map[string][]float32{}
	for i := range d.skus {
		all[d.skus[i].k.name] = d.skus[i].forecast.Mean
	}
	return all
}

func sameForecasts(a, b map[string][]float32) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d and %d SKUs", len(a), len(b))
	}
	for name := range a {
		if !slices.Equal(a[name], b[name]) {
			return fmt.Errorf("%s: %v and %v", name, a[name][:7], b[name][:7])
		}
	}
	return nil
}

// reload is the site as its saved state makes it.
func reload(t testing.TB, s *site, spoil func(*SavedSite)) *site {
	t.Helper()
	saved := SavedSite{Name: s.name, State: s.encode()}
	for _, k := range s.skus {
		saved.SKUs = append(saved.SKUs, SKUState{Site: s.name, SKU: k.name, State: k.append(nil)})
	}
	all := s.shares
	all.unsaved = 0
	saved.Pages, _ = all.dirtyPages(s.name)
	if spoil != nil {
		spoil(&saved)
	}
	p, err := New(benchConfig(), &Snapshot{Sites: []SavedSite{saved}})
	if err != nil {
		t.Fatal(err)
	}
	return p.sites[s.name]
}

// Shares stand on a fixed grid of days, as far back as the history is kept; a restart takes them up as they are and
// goes on as the site would have, while late facts come.
func TestSharesOutliveARestart(t *testing.T) {
	s := slowSite(t, 6, historyDays+90, nil)
	check := func(s *site) {
		t.Helper()
		list := s.shares.list
		if len(list) == 0 || len(list) > (historyDays+31)/shareEvery+2 {
			t.Fatalf("%d shares", len(list))
		}
		for i, a := range list {
			if a.day%shareEvery != 0 || i > 0 && a.day != list[i-1].day+shareEvery || a.day > s.Today {
				t.Fatalf("share %d is of %v", i, a.day)
			}
			if i > 0 && a.day <= s.Trimmed {
				t.Errorf("the share of %v is kept although that of %v begins the history of %v", list[i-1].day, a.day, s.Trimmed)
			}
		}
		if last := list[len(list)-1].day; last <= s.Today-shareEvery {
			t.Errorf("the newest share is of %v, today is %v", last, s.Today)
		}
	}
	s.forecasts()
	check(s)
	if s.shares.list[len(s.shares.list)-1].prior == nil {
		t.Fatal("slow sellers share nothing")
	}
	again := reload(t, s, nil)
	for range 3 {
		if err := sameForecasts(s.forecasts(), again.forecasts()); err != nil {
			t.Fatalf("after a restart: %v", err)
		}
		check(again)
		for _, v := range []*site{s, again} {
			v.rollTo(v.Today + 20)
			v.sells("S00", v.Today-90, 2)
			v.sells("S03", v.Today-1, 1)
		}
	}
	first := s.shares.list[0].number()
	if _, drops := s.shares.dirtyPages("plant"); len(drops) != 1 || drops[0].Before != first {
		t.Errorf("the pages before %d are to go: %v", first, drops)
	}
}

// A share says what was known on its day: a fact that comes later changes the models, and no share.
func TestSharesAreNotRewritten(t *testing.T) {
	s := slowSite(t, 6, 300, nil)
	s.forecasts()
	before := slices.Clone(s.shares.list)
	s.sells("S00", storyStart+5, 40)
	s.forecasts()
	for i, a := range before {
		if !slices.Equal(a.saved, s.shares.list[i].saved) {
			t.Errorf("the share of %v has changed", a.day)
		}
	}
}

// A site whose history comes after its first plan forecasts in the end as one that had it all at once, but for the little
// that shares made of more than half of it have taught otherwise.
func TestSharesOfALoadedHistory(t *testing.T) {
	plans := 0
	loaded := slowSite(t, 6, 400, func(s *site, d schemas.Date) {
		if d == storyStart+3 || d == storyStart+90 {
			s.note(triggerSale, "", true)
			s.forecasts()
			plans++
		}
	})
	if plans != 2 || loaded.shares.list[0].known > 100 {
		t.Fatalf("the first share knows of %d", loaded.shares.list[0].known)
	}
	got, want := loaded.forecasts(), slowSite(t, 6, 400, nil).forecasts()
	for name := range want {
		for i, x := range want[name] {
			if y := got[name][i]; math.Abs(float64(y-x)) > 5e-3*float64(x) {
				t.Fatalf("%s, day %d: loaded %v, at once %v", name, i, y, x)
			}
		}
	}
}

// Shares of other models, damaged or left over, are made anew; a version of ours that is not known is an error.
func TestSharesOfAnotherRelease(t *testing.T) {
	s := slowSite(t, 6, 300, nil)
	want := s.forecasts()
	t.Logf("a share takes %d bytes", len(s.shares.list[5].saved))
	for name, spoil := range map[string]func(*SavedSite){
		"none, as in states of before": func(v *SavedSite) {
			v.Pages = nil
			if v.State = regexp.MustCompile(`"shared":\{[^}]*\},`).ReplaceAll(v.State, nil); bytes.Contains(v.State, []byte("shared")) {
				t.Fatal("the state still tells of shares")
			}
		},
		"of other models": func(v *SavedSite) { v.Pages[3].Data[3] ^= 1 },
		"damaged":         func(v *SavedSite) { v.Pages[5].Data = v.Pages[5].Data[:len(v.Pages[5].Data)-1] },
		"left over": func(v *SavedSite) {
			last := v.Pages[len(v.Pages)-1]
			a := shared{day: s.Shared.To + shareEvery, known: 9}
			left := shares{list: []shared{a}}
			pages, _ := left.dirtyPages("plant")
			v.Pages = append(v.Pages[:len(v.Pages)-1], last, pages[0])
		},
	} {
		if err := sameForecasts(reload(t, s, spoil).forecasts(), want); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	saved := SavedSite{Name: "plant", State: s.encode(), Pages: []Page{{Site: "plant", Kind: SharePage, Number: 1, Data: []byte{shareVersion + 1}}}}
	if _, err := New(benchConfig(), &Snapshot{Sites: []SavedSite{saved}}); err == nil {
		t.Error("a share of a version that is not known is read")
	}
}

package stream

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"drumbeat/schemas"
)

// weekdaySite is a site that sells on no Sunday, so that these are silent.
func weekdaySite(t testing.TB) *site {
	t.Helper()
	p, err := New(benchConfig(), &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.site("plant")
	s.begin(storyStart + 300)
	r := rand.New(rand.NewPCG(3, 4))
	for d := storyStart; d < s.Today; d++ {
		for i := range 6 {
			if d.Weekday() != 0 && r.IntN(2) == 0 {
				s.sells(fmt.Sprintf("S%02d", i), d, float64(1+r.IntN(3)))
			}
		}
	}
	s.note(triggerSale, "", true)
	return s
}

// restarted is the site as a restart makes it, with these models, and how many days its models have learnt since.
func restarted(t testing.TB, s *site, models []Page) (*site, *int) {
	t.Helper()
	anew := reload(t, s, nil)
	anew.p.config.Shards = 1
	for _, page := range models {
		anew.p.Recall(page)
	}
	learnt := new(int)
	anew.onLearn = func(*sku) { *learnt++ }
	return anew, learnt
}

// savedModels are the pages of all models of a site.
func savedModels(t testing.TB, s *site) []Page {
	t.Helper()
	s.forecasts()
	pages := s.modelPages()
	if len(pages) != len(s.skus) {
		t.Fatalf("%d of %d models are saved", len(pages), len(s.skus))
	}
	for i := range pages {
		if pages[i].Kind != ModelPage {
			t.Fatalf("page of kind %d", pages[i].Kind)
		}
	}
	return pages
}

// After a restart, saved models learn the days since they were saved, no others, and forecast what they would have.
func TestModelsAreTakenUp(t *testing.T) {
	s := weekdaySite(t)
	models := savedModels(t, s)
	for range 3 {
		want := s.forecasts()
		anew, learnt := restarted(t, s, models)
		if err := sameForecasts(anew.forecasts(), want); err != nil {
			t.Fatal(err)
		}
		if days := int(s.Today-storyStart-300) * len(s.skus); *learnt != days {
			t.Errorf("%d days were learnt, want %d", *learnt, days)
		}
		// Days of the week to come, with sales of today.
		for i, k := range s.skus {
			if i%2 == 0 {
				s.sells(k.name, s.Today, 2)
			}
		}
		s.rollTo(s.Today + 3)
	}
}

// A model that has learnt something else than a fit would learn now is fitted.
func TestModelsThatLearntElseAreFitted(t *testing.T) {
	const day, yesterday = storyStart + 200, storyStart + 299
	sunday := day
	for sunday.Weekday() != 0 {
		sunday++
	}
	declare := func(s *site, c schemas.Calendar) {
		if s.Entries == nil {
			s.Entries = map[string]entry{}
		}
		s.Entries[c.Name] = entry{Calendar: c}
		s.reconfigure()
	}
	for _, c := range []struct {
		name   string
		change func(s *site)
		fitted []string // nil: all
	}{
		{"a late sale", func(s *site) { s.sells("S01", day-1, 7) }, []string{"S01"}},
		{"a row that was rejected", func(s *site) {
			s.amend(s.known("S01"), sunday+1, func(e *dayEntry) { e.Kept, e.Missing = 0, true })
		}, []string{"S01"}},
		{"a day that is held", func(s *site) {
			s.amend(s.known("S02"), sunday+1, func(e *dayEntry) { e.Kept, e.Held = 0, quantity(5) })
		}, []string{"S02"}},
		{"a day out of stock", func(s *site) {
			k, d := s.known("S02"), sunday
			for k.history.at(d).Kept == 0 {
				d++
			}
			s.amend(k, d, func(e *dayEntry) { e.Censored = true })
		}, []string{"S02"}},
		{"a sale before the first", func(s *site) { s.sells("S03", storyStart-20, 1) }, nil},
		{"a gap in its life", func(s *site) {
			at := day.Time(nil).UnixNano()
			s.live(s.known("S04"), stamp{at, "a"}, true)
			s.live(s.known("S04"), stamp{at + int64(9*24*time.Hour), "b"}, false)
		}, []string{"S04"}},
		{"a Sunday that was no day of rest", func(s *site) { s.sells("S05", sunday, 1) }, nil},
		{"a day that was closed", func(s *site) {
			declare(s, schemas.Calendar{Name: "works", Dates: []schemas.Date{day}, Effect: schemas.EffectClosed})
		}, nil},
		{"an event", func(s *site) {
			declare(s, schemas.Calendar{Name: "fair", Dates: []schemas.Date{day, yesterday}, Effect: schemas.EffectEvent})
		}, nil},
		{"an event that makes one of yesterday longer", func(s *site) {
			declare(s, schemas.Calendar{Name: "fair", Dates: []schemas.Date{yesterday, yesterday + 1}, Effect: schemas.EffectEvent})
		}, nil},
		{"a calendar of its own", func(s *site) {
			declare(s, schemas.Calendar{Name: "own", SKUs: []string{"S00"}, Dates: []schemas.Date{s.Today + 50}, Effect: schemas.EffectEvent})
		}, []string{"S00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := weekdaySite(t)
			declare(s, schemas.Calendar{Name: "fair", Dates: []schemas.Date{yesterday}, Effect: schemas.EffectEvent})
			models := savedModels(t, s)
			c.change(s)
			without, all := restarted(t, s, nil)
			want := without.forecasts()
			anew, _ := restarted(t, s, models)
			fitted := map[string]bool{}
			anew.onLearn = func(k *sku) { fitted[k.name] = true }
			if err := sameForecasts(anew.forecasts(), want); err != nil {
				t.Fatal(err)
			}
			n := len(c.fitted)
			if c.fitted == nil {
				n = len(s.skus)
			}
			if len(fitted) != n || *all == 0 {
				t.Errorf("%d models were fitted, want %d", len(fitted), n)
			}
			for _, name := range c.fitted {
				if !fitted[name] {
					t.Errorf("%s was not fitted", name)
				}
			}
		})
	}
}

// A saved model that was of no use to the first plan is none to later ones: what the site has learnt since, it has not.
func TestSavedModelsAreForOnePlan(t *testing.T) {
	s := weekdaySite(t)
	models := savedModels(t, s)
	s.cutShares(0) // they are made anew from younger models than these
	anew, _ := restarted(t, s, models)
	if err := sameForecasts(anew.forecasts(), s.forecasts()); err != nil {
		t.Fatal(err)
	}
	for _, x := range []*site{s, anew} {
		for d := storyStart; d < storyStart+250; d++ {
			if d.Weekday() == 0 {
				x.sells("S00", d, 2)
			}
		}
	}
	if err := sameForecasts(anew.forecasts(), s.forecasts()); err != nil {
		t.Error(err)
	}
}

// A share that is another one than the models had taken up is learnt anew.
func TestModelsOfOtherSharesAreFitted(t *testing.T) {
	s := weekdaySite(t)
	models := savedModels(t, s)
	s.shares.list[3].saved = s.shares.list[2].saved
	s.shares.list[3].prior = s.shares.list[2].prior
	for _, k := range s.skus {
		k.forget()
	}
	want := s.forecasts()
	anew, learnt := restarted(t, s, models)
	if err := sameForecasts(anew.forecasts(), want); err != nil {
		t.Fatal(err)
	}
	if *learnt == 0 {
		t.Error("models with another share were taken up")
	}
}

// Models are saved once in storeEvery days, at most storeAtOnce in a batch, and none twice.
func TestModelsAreSavedInTurn(t *testing.T) {
	s := weekdaySite(t)
	savedModels(t, s)
	times := map[int64]int{}
	for range 2 * storeEvery {
		for _, k := range s.skus {
			if s.Today.Weekday() != 0 {
				s.sells(k.name, s.Today, 2)
			}
		}
		s.rollTo(s.Today + 1)
		s.forecasts()
		pages := s.modelPages()
		if len(pages) == len(s.skus) {
			t.Errorf("all models are saved on %v", s.Today)
		}
		for _, page := range pages {
			times[page.Number]++
		}
		s.forecasts()
		if again := s.modelPages(); len(again) > 0 {
			t.Errorf("%d models are saved twice on %v", len(again), s.Today)
		}
	}
	for i := range s.skus {
		if times[int64(i)] != 2 {
			t.Errorf("model %d was saved %d times in %d days, want 2", i, times[int64(i)], 2*storeEvery)
		}
	}
}

// Whatever stands in a page, forecasts are what they are without it.
func FuzzRecall(f *testing.F) {
	s := weekdaySite(f)
	models := savedModels(f, s)
	without, _ := restarted(f, s, nil)
	want := without.forecasts()
	page := models[0].Data
	f.Add(page)
	f.Add(page[:len(page)/2])
	f.Add(append([]byte{modelPageVersion + 1}, page[1:]...))
	f.Add([]byte{})
	for at := 0; at < len(page); at += 97 {
		damaged := bytes.Clone(page)
		damaged[at] ^= 1
		f.Add(damaged)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		anew, _ := restarted(t, s, []Page{{Site: "plant", Kind: ModelPage, Data: data}, {Site: "plant", Kind: ModelPage, Number: 99, Data: data}})
		if got := anew.forecasts(); !slices.Equal(got["S00"], want["S00"]) {
			t.Errorf("forecast %v, want %v", got["S00"][:7], want["S00"][:7])
		}
	})
}

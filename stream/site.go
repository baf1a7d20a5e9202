package stream

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// site is the state of one planning group. Exactly one partition owns it.
type site struct {
	name string
	p    *Processor
	siteState

	settings Settings // effective: configuration and policy
	location *time.Location
	calendar calendar
	codes    codes // that are no product
	calendarDays
	named    namedEvents
	activity activity
	shares   shares
	lessons  lessons
	unstored []*sku // whose models are to be saved
	recalled bool   // there are saved models to be taken up

	skus  []*sku // by index
	names map[string]*sku
	lines lineIndex
	ids   identities

	documents documents
	startDay  schemas.Date // the day that startUnix is the start of
	startUnix int64
	stale     []*sku                         // to be judged anew; see freshen
	onClose   func(*sku, verdict, []booking) // told of a day's bookings when it settles; nil: nobody asks
	onLearn   func(*sku)                     // told before a model learns a day; nil: nobody asks
	keepAll   bool                           // nothing is forgotten, however old

	late        int    // sales of days that had settled, since this was looked at
	rejected    int    // dead letters of the record that is folded
	rejectedFor string // the reason of the newest one

	dirty     bool // siteState is to be saved
	dirtySKUs []*sku
	old       map[saleKey]schemas.Quantity // changes of days before the kept history, to be saved

	// Scratch space, so that the books of a sale take no memory of their own.
	tallies   []dayTally
	flags     []dayFlag
	changes   []dayFlag
	change    func(schemas.Date, bool) // noteChange
	gone      []schemas.Date
	saleLines []saleLine
	solving   bool   // a Job is out
	covered   change // what the Job that is out covers
	basis     *optimize.Start
}

type saleKey struct {
	sku  string
	date schemas.Date
}

// siteState is the part of a site that is saved as one document. Fields are added, never renamed.
type siteState struct {
	Policy      *schemas.Policy     `json:"policy,omitempty"`
	PolicyStamp stamp               `json:"policy_stamp"`
	Now         time.Time           `json:"now"`   // the site's clock, never turned back
	Today       schemas.Date        `json:"today"` // the day that is open; every day before it is closed
	Watermark   time.Time           `json:"watermark"`
	Events      int64               `json:"events"`         // of this site, in the state
	HasSales    bool                `json:"has_sales"`      // of products
	Trimmed     schemas.Date        `json:"trimmed"`        // first day of the kept history
	Open        int                 `json:"open,omitzero"`  // bookings of the open days, at most; see makeRoom
	Early       schemas.Date        `json:"early,omitzero"` // the newest day that has settled before its time; 0: none
	Resources   map[string]resource `json:"resources,omitempty"`
	Capacities  []capacityChange    `json:"capacities,omitempty"`
	Entries     map[string]entry    `json:"calendar,omitempty"`
	Overrides   []override          `json:"overrides,omitempty"`
	Pins        []pin               `json:"pins,omitempty"`
	Ahead       []schemas.Date      `json:"ahead,omitempty"` // of the newest records that ran far ahead of the watermark
	Waiting     []waiting           `json:"waiting,omitempty"`
	Priors      sitePriors          `json:"priors"`
	Shared      sharedDays          `json:"shared"`
	Audit       audit               `json:"audit"`
	Breaker     breaker             `json:"breaker,omitzero"`

	Pending change `json:"pending"` // not yet in a saved plan

	Revision      int64        `json:"revision"` // newest plan
	Status        string       `json:"status"`
	Plan          planSummary  `json:"plan"`     // newest plan with lines
	Baseline      int64        `json:"baseline"` // revision the changes are measured against; 0: none
	BaselineFrom  schemas.Date `json:"baseline_from"`
	BaselineUntil schemas.Date `json:"baseline_until"`
	FrozenUntil   schemas.Date `json:"frozen_until"` // first day after the approved periods

	Approval  *schemas.Approval `json:"approval,omitempty"` // the newest
	FirstPlan bool              `json:"first_plan"`         // a plan has been made
	Origin    schemas.Date      `json:"origin"`             // newest day whose published forecasts are measured
	Expired   []string          `json:"expired,omitempty"`
	RetryAt   time.Time         `json:"retry_at"` // after a failed solve
	Failures  int               `json:"failures"` // solves that failed in a row
}

// planSummary is what later heads need of the newest plan that has lines.
type planSummary struct {
	Head  json.RawMessage `json:"head,omitempty"`
	From  schemas.Date    `json:"from"`  // first day of its first period
	Until schemas.Date    `json:"until"` // first day after its last
}

type resource struct {
	schemas.Resource
	Stamp stamp `json:"stamp"`
}

type capacityChange struct {
	schemas.Capacity
	Stamp stamp `json:"stamp"`
}

type entry struct {
	schemas.Calendar
	Stamp stamp `json:"stamp"`
}

type override struct {
	schemas.DemandOverride
	Stamp stamp `json:"stamp"`
}

type pin struct {
	schemas.ProductionPin
	Stamp stamp `json:"stamp"`
}

// siteVersion is the version of the encoding of siteState.
const siteVersion = 1

// versionError says that saved state is of a release that this one does not know.
type versionError struct {
	What    string
	Version int
}

func (e *versionError) Error() string {
	return fmt.Sprintf("stream: state of %s has version %d, which this release does not know", e.What, e.Version)
}

func (p *Processor) newSite(name string) *site {
	s := &site{
		name: name, p: p,
		names: map[string]*sku{},
	}
	s.change = s.noteChange
	s.Today, s.Trimmed = never, never
	if err := s.configure(); err != nil {
		panic(err) // the configuration was validated when the Processor was made
	}
	if s.settings.Clock == schemas.ClockWall {
		s.setNow(p.now)
	}
	p.sites[name] = s
	return s
}

// never is the day of a site that has not begun: before all others, and still a date that can be saved.
const never = schemas.MinDate

// started says that the site's clock has been set.
func (s *site) started() bool { return s.Today != never }

// configure derives what follows from the configuration and the policy.
func (s *site) configure() error {
	settings := s.p.config.Settings
	if s.Policy != nil {
		var err error
		if settings, err = settings.With(s.Policy); err != nil {
			return err
		}
	}
	location, err := time.LoadLocation(settings.TimeZone)
	if err != nil {
		return err
	}
	if s.codes, err = compileCodes(settings.DemandItems); err != nil {
		return err
	}
	for _, k := range s.skus {
		s.classify(k)
	}
	s.settings, s.location, s.calendar = settings, location, settings.calendar()
	s.calendarDays, s.named = newCalendarDays(s.Entries), newNamedEvents(s.Entries)
	s.activity.stale = true // what a calendar closes is no learnt closing day
	return nil
}

// skus is the number of SKUs of the partition.
func (p *Processor) skus() (n int) {
	for _, s := range p.sites {
		n += len(s.skus)
	}
	return n
}

// known returns the SKU of a canonical name, nil if there is none.
func (s *site) known(name string) *sku { return s.names[name] }

// learn returns the SKU of a canonical name and makes a provisional one where there is none.
func (s *site) learn(name string) *sku {
	if k := s.names[name]; k != nil {
		return k
	}
	name = strings.Clone(name)
	k := &sku{name: name, index: uint32(len(s.skus)), returns: never, stored: never}
	k.accuracy.closes = schemas.MaxDate
	k.item.Provisional = true
	k.item.SKU = name
	s.classify(k)
	s.skus = append(s.skus, k)
	s.names[name] = k
	s.save(k)
	return k
}

// save marks a SKU as changed.
func (s *site) save(k *sku) {
	if !k.dirty {
		k.dirty = true
		s.dirtySKUs = append(s.dirtySKUs, k)
	}
}

// amend changes the entry of a day, as history.update does, and keeps count of the SKUs with demand.
func (s *site) amend(k *sku, d schemas.Date, f func(e *dayEntry)) {
	var before, after bool
	k.history.update(d, func(e *dayEntry) {
		before = e.hasDemand()
		f(e)
		after = e.hasDemand()
	})
	switch {
	case after && !before:
		s.activity.add(d, 1)
	case before && !after:
		s.activity.add(d, -1)
	}
}

// booked marks the daily sales of a SKU as changed.
func (s *site) booked(k *sku, d schemas.Date) {
	if n := len(k.dirtyDays); (n == 0 || k.dirtyDays[n-1] != d) && !slices.Contains(k.dirtyDays, d) {
		k.dirtyDays = append(k.dirtyDays, d)
	}
	s.save(k)
}

// sorted returns the SKUs in byte order of their names.
func (s *site) sorted() []*sku {
	list := slices.Clone(s.skus)
	slices.SortFunc(list, func(a, b *sku) int { return strings.Compare(a.name, b.name) })
	return list
}

// encode is the saved document of the site: a version and JSON.
func (s *site) encode() []byte {
	body, err := json.Marshal(&s.siteState)
	if err != nil {
		panic(fmt.Sprintf("stream: site %s cannot be encoded: %v", s.name, err))
	}
	return append([]byte{siteVersion}, body...)
}

func (s *site) decode(src []byte) error {
	r := reader{b: src}
	if v := r.byte(); v != siteVersion {
		return &versionError{What: "site " + s.name, Version: int(v)}
	}
	s.siteState = siteState{}
	if err := json.Unmarshal(r.b, &s.siteState); err != nil {
		return err
	}
	return s.configure()
}

// restore reads a saved site.
func (p *Processor) restore(saved *SavedSite) error {
	s := p.newSite(saved.Name)
	if err := s.decode(saved.State); err != nil {
		return fmt.Errorf("stream: state of site %s: %w", saved.Name, err)
	}
	if err := s.restoreSKUs(saved.SKUs); err != nil {
		return err
	}
	for _, page := range saved.Pages {
		var err error
		switch page.Kind {
		case LinePage:
			err = s.lines.restore(page)
		case IdentityPage:
			err = s.ids.restore(page)
		case SharePage:
			err = s.shares.restore(page, &s.Shared)
		default:
			err = fmt.Errorf("kind %d is not known", page.Kind)
		}
		if err != nil {
			return fmt.Errorf("stream: page %d of site %s: %w", page.Number, saved.Name, err)
		}
	}
	s.recall()
	return nil
}

package view

import (
	"context"
	"errors"
)

// ErrNotFound is matched by the error of a read that names a site, an SKU or a revision which is not there.
// Its text says which.
var ErrNotFound = errors.New("not found")

// Reader reads what the service has stored. All methods may be called by several goroutines; errors wrap
// ErrNotFound where something named does not exist.
type Reader interface {
	// Sites returns every site, in alphabetical order.
	Sites(ctx context.Context) ([]Site, error)
	// Plan returns a revision's head; revision 0 is the newest.
	Plan(ctx context.Context, site string, revision int64) (*Plan, error)
	// Lines returns lines of a plan in byte order of SKU, with the plan they are of.
	Lines(ctx context.Context, q LineQuery) (*LinePage, error)
	// Diff compares two revisions. from 0 is the one before to, to 0 the newest.
	Diff(ctx context.Context, site string, from, to int64) (*Diff, error)
	// History returns revisions below before (0: all), the newest first.
	History(ctx context.Context, site string, before int64, limit int) ([]Revision, error)
	// After returns revisions above revision, the oldest first: what a stream has to catch up with.
	After(ctx context.Context, site string, revision int64, limit int) ([]Revision, error)
	// SKU returns everything about one SKU. days bounds its history (0: all of it).
	SKU(ctx context.Context, site, sku string, days int) (*SKU, error)
	// Forecasts returns the newest daily forecast of every SKU of a site.
	Forecasts(ctx context.Context, site string) ([]Forecast, error)
	// Accuracy returns how accurate published forecasts were: of the site, then by SKU.
	Accuracy(ctx context.Context, site string) ([]Accuracy, error)
	// Audit returns the counters of a site by origin.
	Audit(ctx context.Context, site string) ([]Audit, error)
	// Actions returns what to do about the newest plan.
	Actions(ctx context.Context, site string) (*Actions, error)
	// DeadLetters returns rejected records, the newest first.
	DeadLetters(ctx context.Context, q LetterQuery) (*LetterPage, error)
	// Problem returns the newest stored problem of a site with its plan's prices, for what-if questions.
	Problem(ctx context.Context, site string) (*Problem, error)
	// Newest returns the number of a site's newest revision; 0 without one.
	Newest(ctx context.Context, site string) (int64, error)
	// Changes calls changed whenever a site has a new revision, and with "" when some may have been missed. It
	// blocks until ctx ends or the connection fails.
	Changes(ctx context.Context, changed func(site string)) error
}

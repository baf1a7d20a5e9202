package view

import (
	"encoding/json"
	"time"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// Basis says which plan an answer shows and how old what it knows is.
type Basis struct {
	Site       string             `json:"site"`
	PlanID     string             `json:"plan_id"`
	Revision   int64              `json:"revision"`
	Status     schemas.PlanStatus `json:"status"`
	CreatedAt  time.Time          `json:"created_at"`
	DataAsOf   time.Time          `json:"data_as_of" doc:"Event time up to which the plan has seen the log."`
	AgeSeconds float64            `json:"age_seconds" doc:"Seconds since data_as_of, by the wall clock."`
}

// Site is a site with its newest plan; nil before the first.
type Site struct {
	Site      string    `json:"site"`
	Partition int32     `json:"partition"`
	Plan      *Revision `json:"plan,omitempty"`
}

// Revision sums up one revision of a plan.
type Revision struct {
	Basis
	Reason        string           `json:"reason,omitempty"` // why it is degraded
	Mode          schemas.Mode     `json:"mode"`
	Baseline      int64            `json:"baseline"` // the revision that changes are measured against; 0: none
	Cause         schemas.Cause    `json:"cause"`
	Cost          schemas.Cost     `json:"cost"`
	Gap           float64          `json:"gap"` // of the certificate
	ShortageTotal schemas.Quantity `json:"shortage_total"`
	Lines         int              `json:"lines"`
	ChangedLines  int              `json:"changed_lines"`
	MovedUnits    schemas.Quantity `json:"moved_units"`
	FrozenMoves   int              `json:"frozen_moves"`
	Kept          bool             `json:"kept"` // a baseline: approved, or in force at the beginning of a period
}

// Plan is a revision's head, with the bytes that were published.
type Plan struct {
	Basis
	Head *schemas.Head
	Raw  json.RawMessage
}

// Line is one published line with its bytes, which are its JSON.
type Line struct {
	schemas.Line
	Raw json.RawMessage
}

// MarshalJSON writes the published bytes.
func (l Line) MarshalJSON() ([]byte, error) { return l.Raw, nil }

// LineQuery chooses lines of a plan.
type LineQuery struct {
	Site     string
	Revision int64  // 0: the newest
	After    string // an SKU: lines behind it; "": from the first
	Contains string // text in the SKU, whatever its case
	Limit    int    // 0: all
}

// LinePage is what a LineQuery finds.
type LinePage struct {
	Basis
	Total int    `json:"total"` // lines of the whole plan
	Lines []Line `json:"lines"`
	More  bool   `json:"more"` // there are lines behind the last
}

// Diff is what differs between two revisions.
type Diff struct {
	Basis                         // of the later one
	From         int64            `json:"from"`
	To           int64            `json:"to"`
	Cause        schemas.Cause    `json:"cause"` // of the later one
	CostFrom     schemas.Cost     `json:"cost_from"`
	CostTo       schemas.Cost     `json:"cost_to"`
	ShortageFrom schemas.Quantity `json:"shortage_from"`
	ShortageTo   schemas.Quantity `json:"shortage_to"`
	MovedUnits   schemas.Quantity `json:"moved_units"` // Σ|to − from|/2 over the periods of both
	Moves        []Move           `json:"moves"`       // the largest first
	MovesTotal   int              `json:"moves_total"`
	Joined       []string         `json:"joined"` // SKUs of the later one alone
	Left         []string         `json:"left"`   // SKUs of the earlier one alone
	Incomplete   bool             `json:"incomplete" doc:"Lines of the earlier revision have expired; it is compared as far as it is stored."`
}

// Move is a production that differs.
type Move struct {
	SKU    string           `json:"sku"`
	Period string           `json:"period"`
	From   schemas.Quantity `json:"from"`
	To     schemas.Quantity `json:"to"`
}

// Problem is a stored problem that a plan answers.
type Problem struct {
	Basis                     // of the revision that the problem is of
	Problem *optimize.Problem `json:"-"`
	Start   *optimize.Start   `json:"-"` // where its solve started
}

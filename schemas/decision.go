package schemas

// Verdict is what a person says about a flagged quantity.
type Verdict string

// The verdicts: the quantity is demand, or it is not.
const (
	VerdictAccept Verdict = "accept"
	VerdictReject Verdict = "reject"
)

// OutlierReviewed is the data of drumbeat.outlier-reviewed.v1.
type OutlierReviewed struct {
	SKU     string  `json:"sku"`
	Date    Date    `json:"date"`
	Verdict Verdict `json:"verdict"`
	By      string  `json:"by"`
}

// OverrideMode says how a demand override acts on the forecast.
type OverrideMode string

// The modes: replace and add take a quantity, scale a factor.
const (
	OverrideReplace OverrideMode = "replace"
	OverrideAdd     OverrideMode = "add"
	OverrideScale   OverrideMode = "scale"
)

// DemandOverride is the data of drumbeat.demand-override.v1, for the days From to To, both in it.
type DemandOverride struct {
	SKU      string       `json:"sku"`
	From     Date         `json:"from"`
	To       Date         `json:"to"`
	Mode     OverrideMode `json:"mode"`
	Quantity *Quantity    `json:"quantity,omitempty"` // units of the whole span; negative only with add
	Factor   *float64     `json:"factor,omitempty"`   // at least 0
	By       string       `json:"by"`
	Reason   string       `json:"reason,omitempty"`
	Expires  *Date        `json:"expires,omitempty"` // the last day it counts; nil: never
}

// ProductionPin is the data of drumbeat.production-pin.v1. Min and Max bound the production that
// starts in a period; equal, they fix it. A pin overrides a frozen period.
type ProductionPin struct {
	SKU     string    `json:"sku"`
	Period  string    `json:"period"` // a start date, a month 2026-01 or a week 2026-W05
	Min     *Quantity `json:"min,omitempty"`
	Max     *Quantity `json:"max,omitempty"`
	By      string    `json:"by"`
	Expires *Date     `json:"expires,omitempty"` // nil: with its period
}

// PlanApproved is the data of drumbeat.plan-approved.v1: a revision is frozen through a period.
type PlanApproved struct {
	Revision int64  `json:"revision"`
	Through  string `json:"through"` // a period, as in ProductionPin
	By       string `json:"by"`
}

// OperatorAction is what an operator asks for.
type OperatorAction string

// The actions.
const (
	ReleaseBreaker OperatorAction = "release-breaker"
	Replan         OperatorAction = "replan"
)

// Operator is the data of drumbeat.operator.v1.
type Operator struct {
	Action OperatorAction `json:"action"`
	By     string         `json:"by"`
}

// Heartbeat is drumbeat.heartbeat.v1. It carries no data; it goes through the whole pipeline and
// its age at the far end is the freshness of a site. It stands outside the audit.
type Heartbeat struct{}

// HeartbeatSource is the CloudEvents source of the heartbeats that drumbeat sends itself.
const HeartbeatSource = "/drumbeat/heartbeat"

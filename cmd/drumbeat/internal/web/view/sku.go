package view

import "drumbeat/schemas"

// SKU is everything about one SKU.
type SKU struct {
	Basis
	SKU      string       `json:"sku"`
	Reason   string       `json:"reason"`             // why the line is as it is, or why there is none
	Why      *schemas.Why `json:"why,omitempty"`      // the reason in parts, of a line
	Line     *Line        `json:"line,omitempty"`     // nil: not in the plan
	Forecast *Forecast    `json:"forecast,omitempty"` // nil: none is stored
	History  []Day        `json:"history"`
	Accuracy []Accuracy   `json:"accuracy"`
}

// Day is the demand of one day as it is known.
type Day struct {
	Date     schemas.Date     `json:"date"`
	Quantity schemas.Quantity `json:"quantity"` // held part included
	Held     schemas.Quantity `json:"held"`     // the part that no forecast has seen; negative: returns that are
	Outlier  bool             `json:"outlier"`
	Reason   string           `json:"reason,omitempty"` // why it is held
	Score    float64          `json:"score,omitempty"`  // of the outlier rule
}

// Forecast is a daily forecast from First on; the slices have equal length.
type Forecast struct {
	SKU           string       `json:"sku"`
	Revision      int64        `json:"revision"` // the plan that uses it
	ExecutionDate schemas.Date `json:"execution_date"`
	First         schemas.Date `json:"first"`
	Model         string       `json:"model"`
	Mean          []float32    `json:"mean"`
	Lower         []float32    `json:"lower_80"`
	Upper         []float32    `json:"upper_80"`
}

// Accuracy is how accurate published forecasts were over one horizon. What is not known is nil.
type Accuracy struct {
	SKU        string       `json:"sku,omitempty"` // "": the whole site
	Horizon    string       `json:"horizon"`       // 1d, 7d, 28d, cover
	Days       int          `json:"days"`
	Windows    int64        `json:"windows"`
	Through    schemas.Date `json:"through"`
	WAPE       *float64     `json:"wape,omitempty"`
	NaiveWAPE  *float64     `json:"naive_wape,omitempty"`
	Bias       *float64     `json:"bias,omitempty"` // above 0: too high
	Coverage80 *float64     `json:"coverage_80,omitempty"`
	Coverage95 *float64     `json:"coverage_95,omitempty"`
}

package schemas

import (
	"encoding/json"
	"math"
)

// UnmarshalJSON reads a certificate. A figure that is null was not found: it becomes NaN, which is
// written as null again.
func (c *Certificate) UnmarshalJSON(data []byte) error {
	var v struct {
		Bound               *float64 `json:"bound"`
		Gap                 *float64 `json:"gap"`
		PrimalInfeasibility *float64 `json:"primal_infeasibility"`
		DualInfeasibility   *float64 `json:"dual_infeasibility"`
		Checked             bool     `json:"checked"`
		RoundingGap         *float64 `json:"rounding_gap"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*c = Certificate{orNaN(v.Bound), orNaN(v.Gap), orNaN(v.PrimalInfeasibility), orNaN(v.DualInfeasibility), v.Checked, orNaN(v.RoundingGap)}
	return nil
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// UnmarshalJSON reads a head with its lines.
func (p *Plan) UnmarshalJSON(data []byte) error {
	type head Head // its member lines is hidden by the one below
	var v struct {
		head
		Lines []Line `json:"lines"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	p.Head, p.Lines = Head(v.head), v.Lines
	p.Head.Lines = len(v.Lines)
	return nil
}

package stream

import (
	"encoding/json"
	"math"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

// append encodes the definition: JSON, because it is rare, long-lived and grows new fields. A
// provisional item keeps only its price; the rest comes from the settings.
func (it *item) append(dst []byte) []byte {
	dst = codec.AppendFlag(dst, it.Provisional)
	dst = codec.AppendFloat64(dst, it.UnitPrice)
	if it.Provisional {
		return dst
	}
	body, err := json.Marshal(struct {
		schemas.Item
		Stamp stamp `json:"stamp"`
	}{it.Item, it.Stamp})
	if err != nil {
		panic(err) // the decoder lets only finite numbers in
	}
	return codec.AppendText(dst, string(body))
}

func (it *item) decode(r *codec.Reader, name string) {
	it.Provisional = r.Byte() == 1
	it.UnitPrice = r.Float64()
	it.SKU = name
	if it.Provisional || r.Err != nil {
		return
	}
	var body struct {
		schemas.Item
		Stamp stamp `json:"stamp"`
	}
	if err := json.Unmarshal([]byte(r.Text()), &body); err != nil {
		r.Fail()
		return
	}
	it.Item, it.Stamp = body.Item, body.Stamp
}

// terms are the figures of an item in the units of the site's planning: money per unit and period,
// periods, units.
type terms struct {
	cost, holding float64
	uses          []schemas.Routing
	lead          int
	maxProduction float64 // per period; negative: none
	shortage      float64
	backlog       float64
	safety        schemas.SafetyStockRule
	storage       float64
	lots          lots
	initial       *schemas.Quantity
}

// lots say in what quantities something is made.
type lots struct {
	pack  float64 // 0: any quantity
	least float64
	order float64 // per period with production
}

// lotsOf is the pack of an item; one whose units are whole is made in the least number of packs that are whole.
func lotsOf(pack schemas.Quantity, whole bool) lots {
	if whole {
		if pack == 0 {
			pack = schemas.Unit
		}
		a, b := pack, schemas.Unit
		for b != 0 {
			a, b = b, a%b
		}
		pack *= schemas.Unit / a
	}
	return lots{pack: pack.Float()}
}

// terms translates the item of k by the settings of its site.
func (s *site) terms(k *sku) terms {
	it := &k.item
	set := &s.settings
	period := set.daysPer(schemas.PerPeriod)
	if it.Provisional {
		cost := set.Provisional.ProductionCost
		if it.UnitPrice > 0 {
			cost = schemas.RoundMoney(set.Provisional.CostShare * it.UnitPrice)
		}
		lead := set.Provisional.LeadTime * set.daysPer(set.Provisional.Per) / period
		return terms{
			cost: cost, holding: set.Provisional.HoldingShare * cost * period / set.daysPer(schemas.PerMonth),
			uses: []schemas.Routing{{Resource: set.Provisional.Resource, Usage: set.Provisional.Usage}},
			lead: wholePeriods(lead), maxProduction: -1, safety: set.SafetyStock, lots: lotsOf(0, set.Provisional.Whole),
		}
	}
	ratio := period / set.daysPer(it.Per)
	t := terms{
		cost: it.ProductionCost, holding: it.HoldingCost * ratio, lead: wholePeriods(it.LeadTime / ratio),
		uses: it.Routings, maxProduction: -1, shortage: it.ShortageCost, backlog: it.BacklogCost,
		lots:    lotsOf(it.PackSize, it.Whole),
		initial: it.InitialInventory,
	}
	t.lots.least, t.lots.order = it.MinOrder.Float(), it.OrderCost
	if len(t.uses) == 0 {
		use := schemas.Routing{Resource: it.Resource, Usage: it.Usage}
		if use.Resource == "" {
			use.Resource = set.Provisional.Resource
		}
		if use.Usage == 0 {
			use.Usage = 1
		}
		t.uses = []schemas.Routing{use}
	}
	if it.MaxProduction != nil {
		t.maxProduction = it.MaxProduction.Float() * ratio
	}
	if it.StorageCapacity != nil {
		t.storage = it.StorageCapacity.Float()
	}
	t.safety = set.SafetyStock
	switch {
	case it.SafetyStockRule == schemas.SafetyServiceLevel || it.SafetyStockRule == "" && it.SafetyStock == nil && it.ServiceLevel > 0:
		t.safety = schemas.SafetyStockRule{Rule: schemas.SafetyServiceLevel, Value: set.SafetyStock.Value}
		if it.ServiceLevel > 0 {
			t.safety.Value = it.ServiceLevel
		}
	case it.SafetyStock != nil:
		rule := it.SafetyStockRule
		if rule == "" {
			rule = schemas.SafetyFixed
		}
		t.safety = schemas.SafetyStockRule{Rule: rule, Value: it.SafetyStock.Float()}
	}
	return t
}

// wholePeriods rounds a length of time up to periods; a length that is a whole number of them but for
// rounding stays it.
func wholePeriods(periods float64) int { return int(math.Ceil(periods - 1e-6)) }

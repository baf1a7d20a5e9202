package optimize

// Start is where a later solve can begin: the basis of a plan by the names of its SKUs, resources and
// periods, so that it still fits when SKUs come and go and the horizon rolls. It is stored with
// the plan. Weights are those that a plan with shortages needed: a next one begins with them. SKUs without limited resources are not in it: they need no start.
type Start struct {
	Periods []string `json:"periods"`
	Weights Weights  `json:"weights"`
	Blocks  []Block  `json:"blocks"`
}

// Block is the basis of one kind of column or row for one SKU or resource: a [VarStatus] a period,
// 255 where there is none. Of components that are solved by prices there are only the prices of their resources.
type Block struct {
	Kind   uint8     `json:"k"`
	Name   string    `json:"n"`
	Status []byte    `json:"s,omitempty"`
	Prices []float64 `json:"p,omitempty"`
}

const absent = 255

// pack writes basis b of m by names.
func (m *model) pack(b *Basis) []Block {
	var blocks []Block
	for k := range kinds {
		if m.at[k] == nil {
			continue
		}
		places := b.Columns
		if k.isRow() {
			places = b.Rows
		}
		for e := 0; e*m.T < len(m.at[k]); e++ {
			block := Block{Kind: uint8(k), Name: m.entity(k, e), Status: make([]byte, m.T)}
			any := false
			for t := range m.T {
				block.Status[t] = absent
				if j := m.index(k, e, t); j >= 0 {
					block.Status[t], any = byte(places[j]), true
				}
			}
			if any {
				blocks = append(blocks, block)
			}
		}
	}
	return blocks
}

func (m *model) entity(k kind, e int) string {
	if k.perSKU() {
		return m.p.SKUs[e].Name
	}
	return m.p.Resources[e].Name
}

// startIndex finds blocks and periods of a Start by name.
type startIndex struct {
	period map[string]int
	blocks map[blockName][]byte
	prices map[string][]float64

	weights Weights
}

type blockName struct {
	kind uint8
	name string
}

func (st *Start) index() *startIndex {
	x := &startIndex{make(map[string]int, len(st.Periods)), make(map[blockName][]byte, len(st.Blocks)), make(map[string][]float64), st.Weights}
	for t, name := range st.Periods {
		x.period[name] = t
	}
	for _, b := range st.Blocks {
		if b.Prices != nil {
			x.prices[b.Name] = b.Prices
			continue
		}
		x.blocks[blockName{b.Kind, b.Name}] = b.Status
	}
	return x
}

// unpack maps a stored basis to m. What the stored basis does not know (a new SKU, a period that has
// just come into the horizon) takes its place from the just-in-time basis.
func (m *model) unpack(st *startIndex) *Basis {
	b := m.justInTime()
	for k := range kinds {
		places := b.Columns
		if k.isRow() {
			places = b.Rows
		}
		for e := 0; e*m.T < len(m.at[k]); e++ {
			status := st.blocks[blockName{uint8(k), m.entity(k, e)}]
			if status == nil {
				continue
			}
			for t, name := range m.p.Periods {
				j := m.index(k, e, t)
				u, ok := st.period[name]
				if j >= 0 && ok && u < len(status) && status[u] <= byte(FreeNonbasic) {
					places[j] = VarStatus(status[u])
				}
			}
		}
	}
	return b
}

// packPrices writes prices of m's shared rows by names.
func (m *model) packPrices(prices []float64) []Block {
	var blocks []Block
	for r := range m.p.Resources {
		block := Block{Kind: uint8(kindCapacityRow), Name: m.p.Resources[r].Name, Prices: make([]float64, m.T)}
		for t := range m.T {
			if row := m.index(kindCapacityRow, r, t); row >= 0 {
				block.Prices[t] = prices[int(row)-len(m.p.SKUs)*m.T]
			}
		}
		blocks = append(blocks, block)
	}
	return blocks
}

// unpackPrices finds m's prices in a stored start, nil if there are none. A period that has just come into the horizon
// takes the price of the one before it.
func (m *model) unpackPrices(st *startIndex) *Basis {
	b := &Basis{Prices: make([]float64, m.lp.Rows()-len(m.p.SKUs)*m.T)}
	any := false
	for r := range m.p.Resources {
		stored := st.prices[m.p.Resources[r].Name]
		last := 0.0
		for t, name := range m.p.Periods {
			if u, ok := st.period[name]; ok && u < len(stored) {
				last, any = stored[u], true
			}
			if row := m.index(kindCapacityRow, r, t); row >= 0 {
				b.Prices[int(row)-len(m.p.SKUs)*m.T] = last
			}
		}
	}
	if !any {
		return nil
	}
	return b
}

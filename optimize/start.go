package optimize

// Start is where a later solve can begin: the basis of a plan by the names of its SKUs, resources and
// periods, so that it still fits when SKUs come and go and the horizon rolls. It is stored with
// the plan.
type Start struct {
	Periods []string `json:"periods"`
	Weights Weights  `json:"weights"`
	Blocks  []Block  `json:"blocks"`
}

// Block is the basis of one kind of column or row for one SKU or resource: a [VarStatus] a period,
// 255 where there is none.
type Block struct {
	Kind   uint8  `json:"k"`
	Name   string `json:"n"`
	Status []byte `json:"s"`
}

const absent = 255

// pack writes basis b of m by names.
func (m *model) pack(b *Basis) *Start {
	st := &Start{Periods: append([]string(nil), m.p.Periods...), Weights: m.weights}
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
				st.Blocks = append(st.Blocks, block)
			}
		}
	}
	return st
}

func (m *model) entity(k kind, e int) string {
	if k.perSKU() {
		return m.p.SKUs[e].Name
	}
	return m.p.Resources[e].Name
}

// unpack maps a stored basis to m. What the stored basis does not know (a new SKU, a period that has
// just come into the horizon) takes its place from the just-in-time basis.
func (m *model) unpack(st *Start) *Basis {
	b := m.justInTime()
	period := make(map[string]int, len(st.Periods))
	for t, name := range st.Periods {
		period[name] = t
	}
	type key struct {
		kind uint8
		name string
	}
	blocks := make(map[key][]byte, len(st.Blocks))
	for _, block := range st.Blocks {
		blocks[key{block.Kind, block.Name}] = block.Status
	}
	for k := range kinds {
		places := b.Columns
		if k.isRow() {
			places = b.Rows
		}
		for e := 0; e*m.T < len(m.at[k]); e++ {
			status := blocks[key{uint8(k), m.entity(k, e)}]
			if status == nil {
				continue
			}
			for t, name := range m.p.Periods {
				j := m.index(k, e, t)
				u, ok := period[name]
				if j >= 0 && ok && u < len(status) && status[u] <= byte(FreeNonbasic) {
					places[j] = VarStatus(status[u])
				}
			}
		}
	}
	return b
}

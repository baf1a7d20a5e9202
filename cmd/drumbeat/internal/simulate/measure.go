package simulate

import (
	"math/rand/v2"
	"slices"

	"drumbeat/schemas"
)

// Measures sum up the runs of one policy over one set, or over several that differ by their seeds.
type Measures struct {
	Policy string  `json:"policy"`
	Family string  `json:"family"`
	Cost   Cost    `json:"cost"`
	Total  float64 `json:"total"`

	Fill     float64 `json:"fill_rate"`     // units served on the day, of those asked
	Cycle    float64 `json:"cycle_service"` // periods of SKUs with demand in which none went short
	Stock    float64 `json:"stock"`         // mean at the end of a day, at production cost
	Lost     float64 `json:"lost_units"`
	Overtime float64 `json:"overtime_units"`
	Orders   int     `json:"orders"`
	Cut      float64 `json:"cut_units"` // asked of a resource beyond its capacity

	Plans Plans   `json:"plans"`
	Wait  float64 `json:"sale_to_plan_days"` // from the end of a sale's day to the first plan or review that knows of it
	Moved float64 `json:"moved"`             // units moved by all plans, of the units that they planned

	Regret     float64 `json:"regret"` // cost above the clairvoyant's, as a share of it
	RegretLow  float64 `json:"regret_low"`
	RegretHigh float64 `json:"regret_high"`    // 90 % by resampling
	AtFill     float64 `json:"regret_at_fill"` // cost above the least at which no more units are lost, at most: what the report's clairvoyants tell

	costs        []float64 // by sample: SKU, or seed
	demand       float64
	served       float64
	cycles, good int
	days         int
}

// gather adds the ledger of a run.
func (m *Measures) gather(l *Ledger, bySKU bool) {
	set := l.set
	var run Cost
	for i := range l.SKUs {
		a, k := &l.SKUs[i], &set.SKUs[i]
		run.add(&a.Cost)
		if bySKU {
			m.costs = append(m.costs, a.Cost.Total())
		}
		short, asked := false, false
		for t := range a.Demand {
			d := set.From.AddDays(t)
			late := a.Lost[t] + a.Waiting[t]
			m.demand += a.Demand[t].Float()
			m.served += max(0, a.Demand[t]-late).Float()
			m.Lost += a.Lost[t].Float()
			m.Stock += k.Cost * a.Stock[t].Float()
			short, asked = short || late > 0, asked || a.Demand[t] > 0
			if d+1 == set.period(d).end || d+1 == set.Until {
				if asked {
					m.cycles++
					if !short {
						m.good++
					}
				}
				short, asked = false, false
			}
		}
	}
	if !bySKU {
		m.costs = append(m.costs, run.Total())
	}
	m.days += set.days()
	m.Cost.add(&run)
	for r := range l.Load {
		for t, load := range l.Load[r] {
			plain, _ := set.capacity(r, set.From.AddDays(t))
			if over := load - plain; over > fits*plain {
				m.Overtime += over
			}
		}
	}
	m.Orders += len(l.Orders)
	m.Cut += l.Cut.Float()
	m.Plans.Published += l.Plans.Published
	m.Plans.Degraded += l.Plans.Degraded
	m.Plans.Moved += l.Plans.Moved
	m.Plans.Planned += l.Plans.Planned
	m.Plans.FrozenMoves += l.Plans.FrozenMoves
	m.Plans.Wait.Days += l.Plans.Wait.Days
	m.Plans.Wait.Told += l.Plans.Wait.Told
}

// finish makes shares of the sums.
func (m *Measures) finish(runs int) {
	m.Total = m.Cost.Total()
	m.Fill = ratio(m.served, m.demand)
	m.Cycle = ratio(float64(m.good), float64(m.cycles))
	m.Stock /= float64(max(1, m.days))
	m.Moved = ratio(m.Plans.Moved, m.Plans.Planned)
	m.Wait = ratio(m.Plans.Wait.Days, float64(m.Plans.Wait.Told))
	if runs > 1 {
		for _, v := range []*float64{&m.Cost.Production, &m.Cost.Holding, &m.Cost.Overtime, &m.Cost.Orders, &m.Cost.Lost, &m.Cost.Leftover, &m.Total, &m.Lost, &m.Overtime} {
			*v /= float64(runs)
		}
	}
}

// resamples is the number of draws of the bootstrap; its interval leaves out a twentieth at either end.
const resamples = 1000

// against sets the regret to the clairvoyant's measures, with its interval by resampling SKUs, or seeds (Efron,
// Annals of Statistics 7, 1979).
func (m *Measures) against(bound *Measures) {
	m.Regret = sum(m.costs)/sum(bound.costs) - 1
	r := rand.New(rand.NewPCG(1, uint64(len(m.costs))))
	draws := make([]float64, resamples)
	for n := range draws {
		var own, least float64
		for range m.costs {
			i := r.IntN(len(m.costs))
			own += m.costs[i]
			least += bound.costs[i]
		}
		draws[n] = own/least - 1
	}
	slices.Sort(draws)
	m.RegretLow, m.RegretHigh = draws[resamples/20], draws[resamples-1-resamples/20]
}

// losing is what a policy costs at least that loses no more than so many units, as a clairvoyant's measures tell: no policy has less cost
// and goodwill for its lost units than that one (the Lagrangian bound; Everett, Operations Research 11, 1963).
func (m *Measures) losing(units, goodwill float64) float64 {
	return m.Total + goodwill*(m.Lost-units)
}

func sum(list []float64) (s float64) {
	for _, v := range list {
		s += v
	}
	return s
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// Story is what happened to one SKU under each policy, by day.
type Story struct {
	SKU      string
	From     schemas.Date
	Demand   []schemas.Quantity
	Policies []string
	Stock    [][]schemas.Quantity // by policy
	Lost     [][]schemas.Quantity
}

package console

import (
	"fmt"
	"net/http"
	"sort"
	"sync"
	"time"

	"drumbeat/cmd/drumbeat/internal/web/chart"
	"drumbeat/cmd/drumbeat/internal/web/view"
)

// feedBody is the Feed view.
type feedBody struct {
	Inputs   *Table
	Reasons  *Table
	Letters  []letterGroup
	Examples *Table
	CanAct   bool
}

// letterGroup is the dead letters of one reason.
type letterGroup struct {
	Reason        string
	Letters, Sent string
	Waiting       int64
	Newest        string
	Examples      []view.Letter
	Link          string
}

// feed shows what comes in, per input: how much, how fast, how old, and what was refused and why.
func (c *Console) feed(r *http.Request, p *page) error {
	p.Title = "Feed of " + p.Site
	audits, err := c.Reader.Audit(r.Context(), p.Site)
	if err != nil {
		return err
	}
	b := &feedBody{CanAct: c.Resend != nil}
	b.Inputs = p.table(&Table{
		ID: "inputs", Caption: "Inputs", Empty: "Nothing has come in yet.",
		Columns: columns("Input", "#Partition", "#Read", "#Events a second", "Last event", "#Lag", "#Kept", "#Flagged", "#Rejected", "#Duplicate", "#Repaired"),
	})
	var lags map[Input]float64
	if c.Lag != nil {
		lags = c.Lag()
	}
	reasons := map[string]int64{}
	for _, a := range audits {
		rate, lag := Cell{Text: chart.Missing, Class: "zero"}, Cell{Text: chart.Missing, Class: "zero"}
		if v, ok := c.rates.of(p.Site, a); ok {
			rate = number(round2(v))
		}
		if v, known := lags[Input{a.Topic, a.Partition}]; known {
			lag = number(v)
		}
		b.Inputs.add(text(a.Topic), number(float64(a.Partition)), number(float64(a.Read)), rate, instant(a.UpdatedAt), lag, number(float64(a.Kept)),
			nonzero(number(float64(a.Flagged))), alarming(number(float64(a.Rejected))), nonzero(number(float64(a.Duplicate))), nonzero(number(float64(a.Repaired))))
		for k, n := range a.Reasons {
			reasons[k] += n
		}
	}
	b.Reasons = p.table(reasonTable(reasons))
	if err := c.letters(r, p, b); err != nil {
		return err
	}
	p.Body = b
	return nil
}

func reasonTable(reasons map[string]int64) *Table {
	t := &Table{ID: "reasons", Caption: "Why records were rejected, flagged or repaired", Columns: columns("Reason", "#Records"), Empty: "None was."}
	var names []string
	for k := range reasons {
		names = append(names, k)
	}
	sort.Slice(names, func(i, j int) bool {
		if reasons[names[i]] != reasons[names[j]] {
			return reasons[names[i]] > reasons[names[j]]
		}
		return names[i] < names[j]
	})
	for _, k := range names {
		t.add(text(k), number(float64(reasons[k])))
	}
	return t
}

// examplesShown is the number of dead letters that a page shows.
const examplesShown = 10

func (c *Console) letters(r *http.Request, p *page, b *feedBody) error {
	q := view.LetterQuery{Site: p.Site, Reason: r.URL.Query().Get("reason"), Limit: examplesShown}
	if p.whole {
		q.Limit = 0
	}
	found, err := c.Reader.DeadLetters(r.Context(), q)
	if err != nil {
		return err
	}
	counts := found.Counts
	if q.Reason != "" {
		all, err := c.Reader.DeadLetters(r.Context(), view.LetterQuery{Site: p.Site, Limit: 1})
		if err != nil {
			return err
		}
		counts = all.Counts
	}
	for _, n := range counts {
		b.Letters = append(b.Letters, letterGroup{
			Reason: n.Reason, Letters: chart.Number(float64(n.Letters)), Sent: chart.Number(float64(n.Replayed)), Waiting: n.Letters - n.Replayed,
			Newest: n.Newest.UTC().Format("2006-01-02 15:04"), Link: address(p.self, p.query, "reason", n.Reason),
		})
	}
	caption := "Newest dead letters"
	if q.Reason != "" {
		caption += ": " + q.Reason
	}
	b.Examples = p.table(&Table{
		ID: "letters", Caption: caption, Columns: columns("Reason", "Detail", "Rejected", "Origin", "Record", "Sent again"), Empty: "None: every record could be used.",
	})
	for _, l := range found.Letters {
		again := Cell{Text: chart.Missing, Class: "zero"}
		if l.ReplayedAt != nil {
			again = instant(*l.ReplayedAt)
		}
		b.Examples.add(text(l.Reason).classed("wrap"), text(l.Detail).classed("wrap"), instant(l.At), text(fmt.Sprintf("%s/%d at %d", l.Topic, l.Partition, l.Offset)).classed("wrap"),
			record(&l), again)
	}
	return nil
}

// record is a record's content, cut for people.
func record(l *view.Letter) Cell {
	const limit = 240
	cell := Cell{Text: l.Value, Raw: l.Value, Class: "code"}
	if runes := []rune(l.Value); len(runes) > limit {
		cell.Text = string(runes[:limit]) + " …"
	}
	return cell
}

// rates remembers how much had been read at the plan, or the look, before: counters hold no rate.
type rates struct {
	mu   sync.Mutex
	seen map[string]sample
}

// sample is a counter at two moments.
type sample struct {
	read, before int64
	at, since    time.Time
}

// silent is how long after its last event an input is said to bring none.
const silent = time.Minute

// of takes a counter and is the events a second since the one before; false when that is not known.
func (s *rates) of(site string, a view.Audit) (perSecond float64, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]sample{}
	}
	key, now := fmt.Sprintf("%s\x00%s\x00%d", site, a.Topic, a.Partition), a.UpdatedAt
	last, ok := s.seen[key]
	switch {
	case !ok:
		last = sample{a.Read, a.Read, now, now}
	case now.Sub(last.at) >= time.Second:
		last = sample{a.Read, last.read, now, last.at}
	}
	s.seen[key] = last
	if time.Since(now) > silent {
		return 0, true
	}
	if seconds := last.at.Sub(last.since).Seconds(); seconds > 0 {
		return float64(last.read-last.before) / seconds, true
	}
	return 0, false
}

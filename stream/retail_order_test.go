package stream

import (
	"cmp"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream/outlier"
)

// retailFile is half a year of a web shop: see the README of ../shared/data.
const retailFile = "../../shared/data/online_retail_2010-12_2011-06.csv.gz"

// retailRows calls f with the rows of the file and their line in it; the row is good until f returns.
func retailRows(t testing.TB, f func(line int, row []string)) {
	t.Helper()
	file, err := os.Open(retailFile)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("%s is not here: the data set is no part of the repository", retailFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(unzipped)
	r.ReuseRecord = true
	for n := 1; ; n++ {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if n > 1 {
			f(n, row)
		}
	}
}

// retailEvents reads the file's rows as sales events, one each, named by their line.
func retailEvents(t testing.TB) []told {
	var facts []told
	retailRows(t, func(n int, row []string) {
		row = slices.Clone(row)
		for i := range row {
			row[i] = strings.Clone(row[i])
		}
		s := schemas.Sale{
			Document: schemas.TextField(row[0]), SKU: schemas.TextField(row[1]), Quantity: schemas.Field{Raw: row[3], Kind: schemas.Number},
			Time: schemas.TextField(row[4]), UnitPrice: schemas.Field{Raw: row[5], Kind: schemas.Number},
		}
		if row[6] != "" {
			s.Customer = schemas.TextField(row[6])
		}
		day, err := schemas.ParseDate(row[4][:10])
		if err != nil {
			t.Fatal(err)
		}
		facts = append(facts, told{day, schemas.Event{Type: schemas.TypeSale, ID: strconv.Itoa(n), Source: "/shop", Sale: s}})
	})
	return facts
}

// The whole file, shuffled within a week and with every twentieth row twice, gives the same history,
// verdicts and books as in order.
func TestOnlineRetailInAnyOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the whole file twice")
	}
	facts := retailEvents(t)
	rng := rand.New(rand.NewPCG(11, 6))
	type late struct {
		at float64 // days
		told
	}
	var shuffled []late
	for _, f := range facts {
		clock := f.ev.Sale.Time.Raw
		hours, err := strconv.Atoi(clock[11:13])
		if err != nil {
			t.Fatal(err)
		}
		at := float64(f.day) + float64(hours)/24 + 7*rng.Float64()
		shuffled = append(shuffled, late{at, f})
		if rng.IntN(20) == 0 {
			shuffled = append(shuffled, late{at + rng.Float64()/10, f})
		}
	}
	slices.SortStableFunc(shuffled, func(a, b late) int { return cmp.Compare(a.at, b.at) })
	other := make([]told, len(shuffled))
	for i := range shuffled {
		other[i] = shuffled[i].told
	}
	a, b := booksOf(foldFacts(t, facts)), booksOf(foldFacts(t, other))
	if a != b {
		t.Errorf("in order, then shuffled:\n%s", firstDifference(a, b))
	}
	t.Logf("%d rows in order, %d shuffled, %d bytes of books", len(facts), len(other), len(a))
}

// planOf folds facts and plans what they come to; the lines are by SKU, without their revision.
func planOf(t *testing.T, facts []told) (*Processor, map[string]string) {
	lines := map[string]string{}
	p := foldFacts(t, facts)
	solvers := NewSolvers(func() optimize.Solver { return new(optimize.Dense) }, 1, time.Minute)
	r := Replay{Processor: p, Solve: solvers.Solve, Save: func(b *Batch) error {
		for _, revision := range b.Revisions {
			for _, l := range revision.Lines {
				lines[l.SKU] = string(l.Value)
			}
		}
		return nil
	}}
	if err := r.End(context.Background()); err != nil {
		t.Fatal(err)
	}
	return p, lines
}

// The order of 74,215 units, its product's first sale ever, is held; with its cancellation sixteen minutes
// later, history, stock and plan are as if neither had been.
func TestOnlineRetailOrderAndItsCancellation(t *testing.T) {
	if testing.Short() {
		t.Skip("reads two months of the file three times")
	}
	facts := retailEvents(t)
	const product = "23166"
	place := func(line, quantity string) int { // by its line in the file
		i := slices.IndexFunc(facts, func(f told) bool { return f.ev.ID == line })
		if s := &facts[i].ev.Sale; s.SKU.Raw != product || s.Quantity.Raw != quantity {
			t.Fatalf("line %s says %s of %s", line, s.Quantity.Raw, s.SKU.Raw)
		}
		return i
	}
	order, cancellation := place("61621", "74215"), place("61626", "-74215")
	without := slices.Concat(facts[:order], facts[order+1:cancellation])

	never, plan := planOf(t, without)
	held, withOrder := planOf(t, facts[:cancellation])
	both, withBoth := planOf(t, facts[:cancellation+1])

	k := held.site("plant").known(product)
	e := k.history.at(facts[order].day)
	if e.Kept != 0 || e.Held.Float() != 74215 || e.Reason != heldOutlier || e.Score <= 0 {
		t.Errorf("the order alone: %+v", e)
	}
	if k = both.site("plant").known(product); k.history.len() != 0 {
		t.Errorf("after the cancellation the history of %s has %d days", product, k.history.len())
	}
	for name, lines := range map[string]map[string]string{"held": withOrder, "cancelled": withBoth} {
		if !maps.Equal(plan, lines) {
			t.Errorf("%s: %d lines, %d without the order; of %s: %s", name, len(lines), len(plan), product, lines[product])
		}
	}
	about := func(p *Processor) (list []string) {
		for _, l := range strings.Split(booksOf(p), "\n") {
			if !strings.Contains(l, product+" ") {
				list = append(list, l)
			}
		}
		return list
	}
	if a, b := strings.Join(about(never), "\n"), strings.Join(about(both), "\n"); a != b {
		t.Errorf("the books of other products: %s", firstDifference(a, b))
	}
	t.Logf("%d lines before, while the order is held, and after its cancellation; score of the order %.1f", len(plan), e.Score)
}

// Every cancellation of the file is accounted for, and in any case the demand that is left is what was
// sold less what was taken back.
func TestOnlineRetailCancellations(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the whole file")
	}
	facts := retailEvents(t)
	settings := DefaultSettings()
	settings.Clock = schemas.ClockEvent
	p, err := New(Config{DefaultSite: "plant", Settings: settings, PlanEvery: "end"}, &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.site("plant")
	credits := map[uint32]bool{} // documents of cancellations
	came, ended := map[string]int{}, map[returnFate]int{}
	var rows, booked int
	var sold, reversed, left schemas.Quantity
	s.onClose = func(k *sku, _ outlier.Verdict, list []booking) {
		for _, b := range list {
			switch {
			case b.kind == bookedSale:
				sold += b.Quantity
				reversed += b.Quantity - b.left
			case credits[b.Document]:
				booked++
				ended[b.fate]++
			}
		}
	}
	for i := range facts {
		sale := &facts[i].ev.Sale
		f := s.read(&facts[i].ev)
		credit := strings.HasPrefix(sale.Document.Raw, "C")
		if credit {
			credits[f.document] = true
		}
		if !s.advance(&f) || f.fault != nil {
			t.Fatal(sale, f.fault)
		}
		out := s.sale(&f)
		if credit {
			rows++
			came[out.reason]++
			if out.reason == reasonNotDemand {
				booked++
			}
		}
	}
	s.rollTo(s.Today + bookDays + 1)
	for _, k := range s.skus {
		k.history.each(never, func(e dayEntry) bool {
			left += e.sold()
			return true
		})
	}
	t.Logf("%d cancellation rows, when they came: %v", rows, came)
	t.Logf("in the end %d took a sale back, %d are returns to stock, %d are held, %d are of no product", ended[fateReversed], ended[fateReturned], ended[fateHeld], came[reasonNotDemand])
	t.Logf("%v units sold, %v taken back, %v left", sold, reversed, left)
	if rows != 4494 || booked != rows || came[""] != 0 || left != sold-reversed {
		t.Errorf("%d rows, want 4494; %d accounted for; %v units left, want %v", rows, booked, left, sold-reversed)
	}
}

package generate

import (
	"bytes"
	"encoding/csv"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestThreeSKUCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := ThreeSKU(rapid.Uint64().Draw(t, "seed"))
		if len(rows) != 3*1096 {
			t.Fatalf("%d rows, want 3,288", len(rows))
		}
		kinds := map[Dirt]int{}
		formats := map[string]int{}
		for i, x := range rows {
			kinds[x.Dirt]++
			if i > 0 && x.Date.Before(rows[i-1].Date) {
				t.Fatalf("row %d is before its predecessor", i)
			}
			if want := x.Unspoiled(); x.Dirt == Clean && (x.GivenDate != want.GivenDate || x.GivenQuantity != want.GivenQuantity) {
				t.Fatalf("a clean row says %q %q: %+v", x.GivenDate, x.GivenQuantity, x)
			}
			if x.Dirt == BrokenDate {
				formats[format(t, x)]++
			}
		}
		want := map[Dirt]int{Clean: 3124, Times50: 51, MissingQuantity: 41, BrokenDate: 32, MissingDate: 24, Negative: 16}
		if !reflect.DeepEqual(kinds, want) {
			t.Fatalf("kinds of dirt %v, want %v", kinds, want)
		}
		if want := map[string]int{"02/01/2006": 7, "2006.01.02": 7, "text": 6, "20060102": 6, "02/01/06": 6}; !reflect.DeepEqual(formats, want) {
			t.Fatalf("broken dates %v, want %v", formats, want)
		}
	})
}

// format finds the format of a broken date and checks that it names the true day.
func format(t *rapid.T, x Row) string {
	for _, layout := range []string{"02/01/2006", "2006.01.02", "20060102", "02/01/06"} {
		if day, err := time.Parse(layout, x.GivenDate); err == nil {
			if !day.Equal(x.Date) {
				t.Fatalf("%q is not %v", x.GivenDate, x.Date)
			}
			return layout
		}
	}
	for _, suffix := range []string{"st", "nd", "rd", "th"} {
		if day, err := time.Parse("Jan 2"+suffix+" 06", x.GivenDate); err == nil && day.Equal(x.Date) {
			return "text"
		}
	}
	t.Fatalf("unknown format %q of %v", x.GivenDate, x.Date)
	return ""
}

func TestThreeSKUDemand(t *testing.T) {
	rows := ThreeSKU(1)
	sum, days, zeros, november, novemberDays := map[string]float64{}, map[string]float64{}, 0, 0.0, 0.0
	for _, x := range rows {
		sum[x.SKU] += float64(x.Quantity)
		days[x.SKU]++
		switch {
		case x.SKU == "SKU-002" && x.Quantity == 0:
			zeros++
		case x.SKU == "SKU-001" && x.Date.Month() == time.November && x.Date.Day() >= 22 && x.Date.Day() <= 28:
			november += float64(x.Quantity)
			novemberDays++
		}
	}
	if novemberDays != 21 {
		t.Errorf("%v Black-Friday days, want 21", novemberDays)
	}
	// Expectations: 200 (1 + 2 · 21/1096); 0.3 (2 + e⁻²); 250. Tolerance: four standard errors.
	for _, c := range []struct {
		name                 string
		got, want, tolerance float64
	}{
		{"SKU-001", sum["SKU-001"] / days["SKU-001"], 200 * (1 + 2*21.0/1096), 4 * 40 / math.Sqrt(1096)},
		{"SKU-002", sum["SKU-002"] / days["SKU-002"], 0.3 * (2 + math.Exp(-2)), 4 * 1.2 / math.Sqrt(1096)},
		{"SKU-003", sum["SKU-003"] / days["SKU-003"], 250, 4 * 45 / math.Sqrt(1096)},
		{"zero days of SKU-002", float64(zeros) / 1096, 0.7, 4 * math.Sqrt(0.21/1096)},
		{"Black Friday", november / novemberDays, 600, 4 * 90 / math.Sqrt(21)},
	} {
		if math.Abs(c.got-c.want) > c.tolerance {
			t.Errorf("%s: mean %.3f, want %.3f ± %.3f", c.name, c.got, c.want, c.tolerance)
		}
	}
}

func TestOneSeedOneSet(t *testing.T) {
	a, b := ThreeSKU(7), ThreeSKU(7)
	if !reflect.DeepEqual(a, b) {
		t.Error("the same seed gave different rows")
	}
	if reflect.DeepEqual(a, ThreeSKU(8)) {
		t.Error("different seeds gave the same rows")
	}
	Shuffle(a, 7)
	Shuffle(b, 7)
	if !reflect.DeepEqual(a, b) {
		t.Error("the same seed gave different orders")
	}
	if reflect.DeepEqual(a, ThreeSKU(7)) {
		t.Error("Shuffle left the rows in their order")
	}
}

func TestWriteCSV(t *testing.T) {
	rows := ThreeSKU(3)
	var b bytes.Buffer
	if err := WriteCSV(&b, rows); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != len(rows)+1 || !slices.Equal(records[0], []string{"date", "sku", "quantity"}) {
		t.Fatalf("%d records, header %v", len(records), records[0])
	}
	for i, x := range rows {
		if !slices.Equal(records[i+1], []string{x.GivenDate, x.SKU, x.GivenQuantity}) {
			t.Fatalf("line %d is %v, row is %+v", i+2, records[i+1], x)
		}
	}
}

func TestLoadIsStableUnderGrowth(t *testing.T) {
	few := slices.Collect(Load(LoadConfig{SKUs: 20, Days: 400, Seed: 5}))
	known := map[string]bool{}
	for i := range 20 {
		known[LoadSKU(i)] = true
	}
	var same []Row
	for x := range Load(LoadConfig{SKUs: 50, Days: 400, Seed: 5}) {
		if known[x.SKU] {
			same = append(same, x)
		}
	}
	if !reflect.DeepEqual(few, same) {
		t.Error("thirty more SKUs changed the demand of the first twenty")
	}
}

func TestLoadPatterns(t *testing.T) {
	const days = 365
	active := map[string]int{}
	weekend, weekday := 0.0, 0.0
	for x := range Load(LoadConfig{SKUs: 200, Days: days, Seed: 1}) {
		active[x.SKU]++
		if x.Quantity <= 0 || x.Dirt != Clean {
			t.Fatalf("row %+v", x)
		}
		var i int
		for i = range 200 {
			if LoadSKU(i) == x.SKU {
				break
			}
		}
		if pattern(i) == Weekly {
			if w := x.Date.Weekday(); w == time.Saturday || w == time.Sunday {
				weekend += float64(x.Quantity) / 2
			} else {
				weekday += float64(x.Quantity) / 5
			}
		}
	}
	for i := range 200 {
		if share := float64(active[LoadSKU(i)]) / days; pattern(i) == Intermittent && share > 0.35 {
			t.Errorf("%s is intermittent but sells on %.0f %% of the days", LoadSKU(i), 100*share)
		}
	}
	if ratio := weekend / weekday; math.Abs(ratio-0.5/1.2) > 0.05 {
		t.Errorf("weekly SKUs sell %.2f of a weekday on weekend days, want %.2f", ratio, 0.5/1.2)
	}
}

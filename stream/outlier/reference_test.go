package outlier

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"drumbeat/schemas"
)

// The reference implementation of the rule, in double precision and another language, has judged the
// sales of testdata/trace.csv when they came: 24 SKUs with bulk, seasons, promotions and level
// shifts. Its site learns sale by sale, so each sale is closed here as if it were a day, and a score of 5
// is gross to it.
func TestOutlierRuleAgreesWithReference(t *testing.T) {
	ours := scoresOf
	scoresOf[ContextUnknown].gross = 5
	defer func() { scoresOf = ours }()
	file, err := os.Open("testdata/trace.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var site Priors
	rules := map[string]*Rule{}
	for i, row := range rows[1:] {
		line := i + 2
		day, err := schemas.ParseDate(row[0])
		if err != nil {
			t.Fatal(err)
		}
		r := rules[row[1]]
		fresh := r == nil
		if fresh {
			r = new(Rule)
			rules[row[1]] = r
		}
		sale, prior := Day{Day: day, Units: float(t, row[2])}, site.snapshot(0)
		view := r.view(&sale, prior)
		view.score(&sale)
		v := r.Learn(sale, prior, site.Learning(), nil)
		site.Close(day)
		want := Verdict{
			Flag: row[5] == "1", Low: row[6] == "1", Believed: row[7] == "1",
			Expected: float(t, row[3]), Score: float(t, row[4]),
		}
		if v.Flag != want.Flag || v.Low != want.Low || v.Believed != want.Believed {
			t.Fatalf("line %d: %s units of SKU %s: got %+v, want %+v", line, row[2], row[1], v, want)
		}
		// The rule keeps its state in single precision and less. A first sale is scored against the site.
		if math.Abs(v.Expected/want.Expected-1) > 2e-3 || !fresh && math.Abs(view.z-want.Score) > 2e-2 {
			t.Fatalf("line %d: %s units of SKU %s: expected %.5g, score %.4g, want %.5g, %.4g", line, row[2], row[1], v.Expected, v.Score, want.Expected, want.Score)
		}
	}
}

func float(t testing.TB, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

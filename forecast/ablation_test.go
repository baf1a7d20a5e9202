package forecast_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"drumbeat/forecast/cases"
)

// part is something that the models could do without: taken away by an edit of the source, which the package's code
// knows nothing of. pattern has to match exactly once in file, so the list cannot fall behind the code.
type part struct {
	name    string
	file    string
	pattern string
	without string
	imports []string // of without
	after   string   // declarations that without needs
}

func edit(name, file, pattern, without string) part {
	return part{name: name, file: file, pattern: pattern, without: without}
}

// experts takes the experts whose names match out of the pool; the plain mean stays.
func experts(names string) part {
	return part{
		name: "experts: " + names, file: "model.go", pattern: `entries := (pool\(.*\))`,
		without: "entries := slices.DeleteFunc($1, ablated)",
		imports: []string{"regexp", "slices"},
		after: fmt.Sprintf(`
var ablatedNames = regexp.MustCompile(%q)

func ablated(e entry) bool { return e.name() != "level(0)" && ablatedNames.MatchString(e.name()) }
`, names),
	}
}

var parts = []part{
	edit("all parts", "prior.go", `priorPower  = 20`, `priorPower  = 20`),
	edit("weights: equal", "weights.go", `power \*= n / .*`, `power = 0 * n`),
	edit("weights: own losses only", "prior.go", `priorPower  = 20`, `priorPower  = 0`),
	edit("weights: the site's prior only, for counts", "weights.go", `power = countPower`, `power = 0`),
	edit("weights: steps only", "weights.go", `(n := float64\(all\[0\]\.sumN\); n) > 0`, `$1 < 0`),
	edit("weights: newcomers without fee", "weights.go", `entryFee       = 1\.5`, `entryFee       = 1.`),
	edit("weights: absolute losses for counts", "weights.go", `squared := count`, `squared := count && false`),
	edit("weights: no floor", "weights.go", `weightFloor    = \.05`, `weightFloor    = 0.`),
	edit("sizes as they are", "sizes.go", `sizeWidth      = 2\.5`, `sizeWidth      = 1e6`),
	edit("sums as wide as independent steps", "errors.go", `return \(n\*own \+ leadPrior\*prior\) / \(n \+ leadPrior\)`, `return 1 + 0*(n+own+prior)`),
	edit("normal errors", "errors.go", `shapePrior = 20`, `shapePrior = 1e9`),
	edit("site's weekday profile", "prior.go", `profile = p\.profile`, `_ = p.profile`),
	edit("site's calibration of the mean", "prior.go", `calibration: siteCalibration\(models\)`, `calibration: 1`),
	edit("site's sizes of orders", "prior.go", `sizes: siteSizes\(models\)`, `sizes: sizesAlone`),
	edit("excess of sizes left out", "prior.go", `excess: excessShare\(models\),`, ``),
	edit("own sizes of orders", "ownsizes.go", `sizeRingShare = \.5`, `sizeRingShare = 0.`),
	edit("shape of sums of rare demand", "recalibration.go", `rareOrders   = 4 `, `rareOrders   = -1 `),
	edit("undeclared yearly events", "outlook.go", `m\.liftAnniversaries\(o\.mean\)`, ``),
	edit("last year's profile beyond the horizon", "path.go", `m\.beyond\(dst, s\.expert, ahead\)`, ``),
	experts(`waves`),
	experts(`^level`),
	experts(`^season\*level`),
	experts(`^year`),
	experts(`^tsb`),
	experts(`holt`),
	experts(`seasonal\(`),
	experts(`seasonal damped`),
	experts(`seasonal line`),
	experts(`seasonal naive`),
	experts(`^log `),
}

// apply writes the edited file and the overlay that puts it in the place of the true one.
func (p *part) apply(t *testing.T, dir string) (overlay string) {
	t.Helper()
	text, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	re := regexp.MustCompile(p.pattern)
	if n := len(re.FindAllIndex(text, -1)); n != 1 {
		t.Fatalf("%q matches %d times in %s, not once", p.pattern, n, p.file)
	}
	edited := re.ReplaceAllString(string(text), p.without)
	for _, name := range p.imports {
		if line := strconv.Quote(name) + "\n"; !strings.Contains(edited, line) {
			edited = strings.Replace(edited, "\nimport ", "\nimport "+line+"import ", 1)
		}
	}
	edited += p.after
	to, overlay := filepath.Join(dir, p.file), filepath.Join(dir, "overlay.json")
	from, err := filepath.Abs(p.file)
	if err != nil {
		t.Fatal(err)
	}
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {from: to}})
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string][]byte{to: []byte(edited), overlay: replace} {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return overlay
}

// TestAblation scores the cases without each part: go test ./forecast -run Ablation -v, with DRUMBEAT_LONG=1; a name behind
// a slash chooses among the parts. Otherwise it tests that every part can still be taken away.
func TestAblation(t *testing.T) {
	long := os.Getenv("DRUMBEAT_LONG") != ""
	groups := []cases.Group{cases.Intermittent, cases.Smooth, cases.Panels, cases.Singles}
	if long {
		caseDir(t)
		line := fmt.Sprintf("geometric mean of ours over the best peer's\n%-45s", "without")
		for _, g := range groups {
			line += fmt.Sprintf(" %20s", g.Name)
		}
		t.Log(line)
	}
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) {
			overlay := p.apply(t, t.TempDir())
			if !long {
				return
			}
			// It fails where a part's absence breaks the limits, which is no news here.
			out, err := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-run", "^TestCases$", "-v", "-count", "1", ".").CombinedOutput()
			line := fmt.Sprintf("%-45s", p.name)
			for _, g := range groups {
				mean := ablated(string(out), g)
				if mean != mean {
					t.Fatalf("no mean of %s: %v\n%s", g.Name, err, out)
				}
				line += fmt.Sprintf(" %20.4f", mean)
			}
			t.Log(line)
		})
	}
}

// ablated finds the geometric mean of a group in the table that TestCases prints, NaN if it is not there.
func ablated(table string, g cases.Group) float64 {
	m := regexp.MustCompile(`(?m)^ *` + g.Name + `: \d+ sets, geometric mean ([\d.]+)`).FindStringSubmatch(table)
	if m == nil {
		return math.NaN()
	}
	mean, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return math.NaN()
	}
	return mean
}

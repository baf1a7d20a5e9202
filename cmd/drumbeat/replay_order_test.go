package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// replayedPlan is what one revision of a replay says, less the place of its input.
type replayedPlan struct {
	now   string
	lines map[string]string // by SKU, less the revision
	head  string
	cost  float64
}

// replayRetail runs `drumbeat replay` over rows of the retail file and reads the plans that it wrote.
func replayRetail(t *testing.T, rows []retailRow, args ...string) []replayedPlan {
	t.Helper()
	path, _ := writeRetail(t, rows)
	out := t.TempDir()
	drumbeat(t, world{home: out}, 2*time.Minute, append([]string{"replay", "--from", path, "--map", retailMap, "--out", out}, args...)...)
	file, err := os.Open(filepath.Join(out, "plans.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var plans []replayedPlan
	lines := map[string]string{}
	in := bufio.NewScanner(file)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var d map[string]json.RawMessage
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		_, isHead := d["plan_id"]
		sku := strings.Trim(string(d["sku"]), `"`)
		if isHead {
			delete(d, "input")
		} else {
			delete(d, "revision")
		}
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if _, left := d["left"]; left {
			delete(lines, sku)
			continue
		}
		if !isHead {
			lines[sku] = string(text)
			continue
		}
		p := replayedPlan{lines: map[string]string{}, head: string(text)}
		for sku, l := range lines {
			p.lines[sku] = l
		}
		var head struct {
			Now  string
			Cost struct{ Total float64 }
		}
		if err := json.Unmarshal(in.Bytes(), &head); err != nil {
			t.Fatal(err)
		}
		p.now, p.cost = head.Now, head.Cost.Total
		plans = append(plans, p)
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return plans
}

// samePlans wants two lists of plans to say the same.
func samePlans(t *testing.T, what string, a, b []replayedPlan) {
	t.Helper()
	if len(a) != len(b) || len(a) == 0 {
		t.Fatalf("%s: %d plans, then %d", what, len(a), len(b))
	}
	for i := range a {
		if a[i].head != b[i].head {
			t.Errorf("%s: %s: head\n%s\n%s", what, a[i].now, a[i].head, b[i].head)
		}
		wrong := 0
		for sku, l := range a[i].lines {
			if other := b[i].lines[sku]; other != l {
				if wrong++; wrong <= 3 {
					t.Errorf("%s: %s: line of %s\n%.400s\n%.400s", what, a[i].now, sku, l, other)
				}
			}
		}
		if wrong > 0 || len(a[i].lines) != len(b[i].lines) {
			t.Errorf("%s: %s: %d of %d lines differ; %d are in the other plan", what, a[i].now, wrong, len(a[i].lines), len(b[i].lines))
		}
	}
}

// The order of 74,215 units and its cancellation sixteen minutes later leave all plans as if neither had been;
// while the order stands it is held, and the plan of that moment has none of it either. With DRUMBEAT_LONG=1 the
// plans of the weeks around them are compared, too.
func TestReplayGreatOrder(t *testing.T) {
	takeTurn(t, otherLane)
	if testing.Short() {
		t.Skip("reads a quarter of the file four times")
	}
	const first, order, cancellation, last = 2, 61_621, 61_626, 72_000 // lines of the file
	file := retailRows(t, last)
	at := func(line int) int { return line - 2 }
	if o, c := file[at(order)], file[at(cancellation)]; o.quantity != "74215" || c.quantity != "-74215" || o.sku != "23166" {
		t.Fatalf("the order is %+v, its cancellation %+v", o, c)
	}
	rows := file[at(first):]
	at = func(line int) int { return line - first }
	without := slices.Delete(slices.Clone(rows), at(cancellation), at(cancellation)+1)
	without = slices.Delete(without, at(order), at(order)+1)

	show := func(when string, p replayedPlan) {
		line, in := p.lines["23166"]
		if !in {
			line = "not in the plan"
		}
		t.Logf("%-24s %d lines, cost %.2f; 23166: %.200s", when, len(p.lines), p.cost, line)
	}
	before := replayRetail(t, rows[:at(order)], "--plan-every", "end")
	show("before the order", before[0])
	ordered := replayRetail(t, rows[:at(order)+1], "--plan-every", "end")
	show("with the order", ordered[0])
	samePlans(t, "with the order, and before it", ordered, before)
	cancelled := replayRetail(t, rows[:at(cancellation)+1], "--plan-every", "end")
	show("with its cancellation", cancelled[0])
	never := replayRetail(t, without[:at(cancellation)-1], "--plan-every", "end")
	show("as if neither had been", never[0])
	samePlans(t, "with order and cancellation, and with neither", cancelled, never)

	if os.Getenv("DRUMBEAT_LONG") == "" {
		return
	}
	a, b := replayRetail(t, rows, "--plan-every", "week"), replayRetail(t, without, "--plan-every", "week")
	samePlans(t, "week by week", a, b)
	t.Logf("%d plans from %s to %s are the same with and without", len(a), a[0].now, a[len(a)-1].now)
}

// A replay prints the audit, which sums.
func TestReplaySays(t *testing.T) {
	path, _ := writeRetail(t, retailRows(t, 2000))
	var o, e bytes.Buffer
	out := t.TempDir()
	if status := run(t.Context(), []string{"replay", "--from", path, "--map", retailMap, "--out", out, "--plan-every", "end"}, streams{strings.NewReader(""), &o, &e}); status != 0 {
		t.Fatalf("status %d: %s", status, &e)
	}
	if !strings.Contains(o.String(), "2,000 events, 1 plan,") {
		t.Errorf("%s", &o)
	}
	t.Logf("%s", &o)
}

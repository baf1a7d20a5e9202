package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/embedded"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/schemas"
)

// goldenEvents are the events that make the site of ../shared/golden/three_sku, from the month of today on.
func goldenEvents(t *testing.T, site string) []string {
	t.Helper()
	today := schemas.DateOf(time.Now().UTC())
	var list []string
	add := func(data any) {
		value, err := schemas.Encode(&schemas.Event{
			ID: fmt.Sprint(site, "/", len(list)), Source: "golden", Type: schemas.TypeOf(data), Time: time.Now(), HasTime: true, Site: site, Data: data,
		})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(value))
	}
	// What is planned becomes no order by itself, and what is left of this month takes its whole demand.
	byEvents := schemas.ConfirmEvents
	month, horizon, none, no, strict := schemas.PeriodMonth, 13, 0, false, schemas.ModeStrict
	free, quick := 0.0, schemas.Duration(300*time.Millisecond)
	add(&schemas.Policy{Period: &month, Horizon: &horizon, Frozen: &none, Prorate: &no, Mode: &strict, ChangePrice: &free, Confirmation: &byEvents, Quiet: &quick, Ceiling: &quick})
	add(&schemas.Resource{Resource: "factory", Capacity: 15000, Per: schemas.PerMonth})
	number := func(text string) *schemas.Quantity {
		q, err := schemas.ParseQuantity(text)
		if err != nil {
			t.Fatal(err)
		}
		return &q
	}
	rows := func(name string) [][]string {
		text, err := os.ReadFile(filepath.Join(repository, "../shared/golden/three_sku", name))
		if err != nil {
			t.Fatal(err)
		}
		var rows [][]string
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
			rows = append(rows, strings.Split(strings.TrimSpace(line), ","))
		}
		return rows
	}
	for _, row := range rows("items.csv") {
		add(&schemas.Item{SKU: row[0], ProductionCost: number(row[1]).Float(), HoldingCost: number(row[2]).Float(), Per: schemas.PerMonth,
			InitialInventory: number(row[3]), SafetyStock: number(row[4]), Resource: "factory", Usage: 1})
	}
	months := map[string]int{}
	for _, row := range rows("demand.csv") {
		from := today.StartOfMonth().AddMonths(months[row[0]])
		months[row[0]]++
		add(&schemas.DemandOverride{SKU: row[0], From: max(from, today), To: from.AddMonths(1).AddDays(-1), Mode: schemas.OverrideReplace, Quantity: number(row[2]), By: "golden"})
	}
	return list
}

// call asks a service with a token ("" for none) and decodes the answer into v.
func call(t *testing.T, method, url, token, body string, v any) (status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s %s: %d: %v: %.300s", method, url, res.StatusCode, err, text)
	}
	return res.StatusCode
}

// The API of the service as it is installed: a planner and a process of the role web beside each other on one
// database. What is asked and decided at the one that only serves pages reaches the plan that the other makes.
func TestAPI(t *testing.T) {
	takeTurn(t, otherLane)
	db := newDatabase(t)
	broker, err := embedded.StartBroker(filepath.Join(publicDir(t), "kafka"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	})
	w := world{home: t.TempDir(), broker: broker.Addr(), database: db.dsn}
	events, tokens := filepath.Join(w.home, "golden.jsonl"), filepath.Join(w.home, "tokens")
	const planner, operator = "token-of-the-planner", "token-of-the-operator"
	for path, text := range map[string]string{
		events: strings.Join(goldenEvents(t, "golden"), "\n"), tokens: "plan ann " + planner + "\noperate otto " + operator + "\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inside, outside := freeAddress(t), freeAddress(t)
	service := start(t, w, "serve", "serve", "--address", inside, "--session", "6s", "--log-format", "json")
	awaitReady(t, service, inside, time.Minute)
	drumbeat(t, w, time.Minute, "produce", "--from", events)
	web := start(t, w, "serve web", "serve", "--roles", "web", "--address", outside, "--tokens", tokens, "--log-format", "json")
	awaitReady(t, web, outside, time.Minute)
	here, there := "http://"+inside+"/v1/sites/golden", "http://"+outside+"/v1/sites/golden"
	eventually(t, "the plan of all definitions", time.Minute, func() (bool, string) {
		status, body := get(t, inside, "/v1/sites/golden/plan")
		var head schemas.Head
		if status != http.StatusOK {
			return false, body
		}
		if err := json.Unmarshal([]byte(body), &head); err != nil {
			t.Fatal(err)
		}
		return head.Input.Events == int64(len(goldenEvents(t, "golden"))) && head.Lines == 3, fmt.Sprintf("revision %d, %d lines, %d events", head.Revision, head.Lines, head.Input.Events)
	})

	var refused struct {
		Status int `json:"status"`
	}
	if status := call(t, "GET", there+"/plan", "", "", &refused); status != http.StatusUnauthorized || refused.Status != status {
		t.Errorf("without a token: %d", status)
	}
	var a struct {
		Status        string                 `json:"status"`
		Cost          schemas.Cost           `json:"cost"`
		Infeasibility *schemas.Infeasibility `json:"infeasibility"`
	}
	for url, token := range map[string]string{here: "", there: planner} {
		if status := call(t, "POST", url+"/what-if", token, `{"resources":[{"capacity":14000}]}`, &a); status != 200 || math.Round(a.Cost.Total) != 2200298 {
			t.Errorf("%s at 14,000: %d %+v", url, status, a)
		}
		if status := call(t, "POST", url+"/what-if", token, `{"resources":[{"capacity":13000}]}`, &a); status != 200 || a.Status != "infeasible" ||
			math.Abs(a.Infeasibility.SmallestCapacity[0]-13558.56) > 0.005 {
			t.Errorf("%s at 13,000: %d %+v", url, status, a)
		}
	}
	checkDecision(t, here, there, planner)
	if status := call(t, "POST", "http://"+outside+"/v1/dead-letters/replay", planner, `{"site":"golden"}`, &refused); status != http.StatusForbidden {
		t.Errorf("a planner replays dead letters: %d", status)
	}
	checkDocumented(t, inside)
	web.stop(t, 10*time.Second)
	service.stop(t, 10*time.Second)
}

// checkDecision pins production at one process, and waits for the plan of it at the other.
func checkDecision(t *testing.T, here, there, token string) {
	t.Helper()
	var plan struct {
		Revision int64    `json:"revision"`
		Periods  []string `json:"periods"`
	}
	call(t, "GET", here+"/plan", "", "", &plan)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, there+"/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Last-Event-ID", fmt.Sprint(plan.Revision))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var written struct {
		By string `json:"by"`
	}
	pin := fmt.Sprintf(`{"type":"drumbeat.production-pin.v1","data":{"sku":"SKU-002","period":%q,"min":77,"max":77,"by":"somebody else"}}`, plan.Periods[1])
	if status := call(t, "POST", there+"/events", token, pin, &written); status != http.StatusAccepted || written.By != "ann" {
		t.Fatalf("a pin: %d, by %q", status, written.By)
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
	}
	var next view.Revision
	if err := json.Unmarshal([]byte(strings.TrimPrefix(lines.Text(), "data: ")), &next); err != nil || next.Revision != plan.Revision+1 {
		t.Fatalf("the stream says %q: %v", lines.Text(), err)
	}
	var sku struct {
		Revision int64        `json:"revision"`
		Line     schemas.Line `json:"line"`
	}
	if call(t, "GET", here+"/skus/SKU-002", "", "", &sku); sku.Revision != next.Revision || sku.Line.Periods[1].Production != 77*schemas.Unit {
		t.Errorf("revision %d makes %v in %s", sku.Revision, sku.Line.Periods[1].Production, plan.Periods[1])
	}
}

// checkDocumented runs Schemathesis against the service where deploy/http-test/setup has installed it.
func checkDocumented(t *testing.T, address string) {
	t.Helper()
	script, err := filepath.Abs(filepath.Join(repository, "deploy/http-test/run"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(repository, "deploy/.cache/http-test/bin/schemathesis")); err != nil {
		t.Log("the API was not held against its document by Schemathesis: ./deploy/http-test/setup installs it")
		return
	}
	examples := "5"
	if os.Getenv("DRUMBEAT_LONG") != "" {
		examples = "100"
	}
	out, err := exec.CommandContext(t.Context(), script, "http://"+address, "--max-examples", examples).CombinedOutput()
	if err != nil {
		t.Errorf("Schemathesis: %v\n%s", err, lastLines(string(out), 80))
	}
}

// An address that others can reach needs tokens.
func TestServeBeyondThisMachine(t *testing.T) {
	c := start(t, world{home: t.TempDir(), database: "postgres://127.0.0.1:1/none", broker: "127.0.0.1:1"}, "serve", "serve", "--address", "0.0.0.0:0")
	select {
	case <-c.done:
	case <-time.After(30 * time.Second):
		t.Fatal("it starts")
	}
	if status := c.cmd.ProcessState.ExitCode(); status != 2 || !strings.Contains(c.err.String(), "--tokens") {
		t.Errorf("status %d: %s", status, c.err.String())
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A file of sales, from the command line to table, JSON and page: both orders of columns and a fee that is no product.
func TestSimulateCommand(t *testing.T) {
	dir := t.TempDir()
	var csv strings.Builder
	csv.WriteString("day,code,units\n")
	for d := range 98 {
		day := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC).AddDate(0, 0, d).Format(time.DateOnly)
		csv.WriteString(day + ",SHIRT,10\n" + day + ",POST,1\n")
		if d%5 == 0 {
			csv.WriteString(day + ",SOCK,7\n")
		}
	}
	sales, page := filepath.Join(dir, "sales.csv"), filepath.Join(dir, "page.svg")
	if err := os.WriteFile(sales, []byte(csv.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	simulate := func(args ...string) (string, string, int) {
		var out, errs bytes.Buffer
		status := run(context.Background(), append([]string{"simulate"}, args...), streams{nil, &out, &errs})
		return out.String(), errs.String(), status
	}
	from := []string{"--from", sales, "--map", "sku=code,quantity=units,date=day", "--weeks", "6", "--policy", "drumbeat,coverage:4w,reorder"}
	out, errs, status := simulate(append(from, "--json", "--svg", page)...)
	if status != 0 {
		t.Fatal(status, errs)
	}
	var report struct {
		SKUs, Days int
		Policies   []struct {
			Policy        string
			Total, Regret float64
			Fill          float64 `json:"fill_rate"`
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	if report.SKUs != 2 || report.Days != 42 || len(report.Policies) != 4 {
		t.Errorf("report of %d SKUs, %d days, %d policies; want 2, 42, 4", report.SKUs, report.Days, len(report.Policies))
	}
	for _, p := range report.Policies {
		if p.Total <= 0 || p.Regret < -1e-9 || p.Fill <= .5 || p.Fill > 1 {
			t.Errorf("%+v", p)
		}
	}
	drawn, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(drawn)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal("the page is no XML: ", err)
		}
	}
	for _, want := range []string{"coverage:4w", "SHIRT"} {
		if !bytes.Contains(drawn, []byte(want)) {
			t.Errorf("the page does not show %s", want)
		}
	}
	items, plant := filepath.Join(dir, "items.csv"), filepath.Join(dir, "capacity.csv")
	write := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const head = "sku,production_cost,holding_cost,initial_inventory,safety_stock,resource,lead_time,per,pack_size,service_level\n"
	write(items, head+"SHIRT,10,0.5,100,20,loom,1,week,,0.9\nSOCK,2,.4,10,5,loom,,month,6,\n")
	write(plant, "resource,period,capacity,overtime_capacity,overtime_cost\nloom,2026-02,250,50,3\nloom,2026-03,0,50,3\nloom,2026-04,400,50,3\n")
	own := append(from, "--items", items, "--capacity-file", plant, "--json")
	if out, errs, status = simulate(own...); status != 0 {
		t.Fatal(status, errs)
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.SKUs != 2 {
		t.Fatal(err, report)
	}
	for i, p := range report.Policies { // nearly nothing is made in March
		if p.Total <= 0 || p.Regret < -1e-9 || p.Fill <= .2 || p.Fill > .95 {
			t.Errorf("policy %d: %+v", i, p)
		}
	}
	for _, bad := range []struct{ items, plant, says string }{
		{head + "SHIRT,-1,0.5,100,20,loom,1,week,,0.9\n", "", "production_cost"},
		{head + "SHIRT,10,0.5,100,20,mill,1,week,,0.9\nSOCK,2,.4,10,5,mill,,month,6,\n", "resource,period,capacity\nloom,2026-02,250\n", "mill"},
		{head + "SHIRT,10,0.5,100,20,loom,1,week,,0.9\nSOCK,2,.4,10,5,loom,,month,6,\n", "resource,period,capacity\nloom,2026-03,250\n", "missing on 2026-04-01"},
		{head + "SHIRT,10,0.5,100,20,loom,1,week,,0.9\n", "resource,period,capacity\nloom,2026-13,250\n", "line 2: period"},
	} {
		write(items, bad.items)
		args := append(from, "--items", items)
		if bad.plant != "" {
			write(plant, bad.plant)
			args = append(args, "--capacity-file", plant)
		}
		if _, errs, status := simulate(args...); status != exitUsage || !strings.Contains(errs, bad.says) {
			t.Errorf("%q: status %d, want %d\n%s", bad.says, status, exitUsage, errs)
		}
	}
	if out, _, status = simulate(from...); status != 0 || !strings.Contains(out, "clairvoyant") || !strings.Contains(out, "2 SKUs, 42 days") {
		t.Errorf("status %d\n%s", status, out)
	}
	for _, wrong := range [][]string{
		{},
		{"--set", "three-sku", "--from", sales},
		{"--set", "online-retail", "--data", dir},
		{"--set", "online-retail", "--seeds", "3"},
		{"--set", "three-sku", "--items", sales},
		{"--from", sales, "--map", "sku=code,quantity=units,date=day", "--policy", "guess"},
		{"--from", sales, "--map", "sku=code,quantity=units,date=day", "--policy", "drumbeat:level=high"},
		{"--from", sales, "--map", "sku=code,quantity=units,date=day", "--weeks", "14"},
	} {
		if _, errs, status := simulate(wrong...); status != exitUsage || strings.Count(strings.TrimSpace(errs), "\n") > 20 {
			t.Errorf("%q: status %d\n%s", wrong, status, errs)
		}
	}
}

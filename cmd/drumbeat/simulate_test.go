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
	if out, _, status = simulate(from...); status != 0 || !strings.Contains(out, "clairvoyant") || !strings.Contains(out, "2 SKUs, 42 days") {
		t.Errorf("status %d\n%s", status, out)
	}
	for _, wrong := range [][]string{
		{},
		{"--set", "three-sku", "--from", sales},
		{"--set", "online-retail", "--data", dir},
		{"--set", "online-retail", "--seeds", "3"},
		{"--from", sales, "--map", "sku=code,quantity=units,date=day", "--policy", "guess"},
		{"--from", sales, "--map", "sku=code,quantity=units,date=day", "--policy", "drumbeat:level=high"},
		{"--from", sales, "--map", "sku=code,quantity=units,date=day", "--weeks", "14"},
	} {
		if _, errs, status := simulate(wrong...); status != exitUsage || strings.Count(strings.TrimSpace(errs), "\n") > 20 {
			t.Errorf("%q: status %d\n%s", wrong, status, errs)
		}
	}
}

package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemoWrongUse: what is wrong is told in one line before any server starts, and leaves nothing behind.
func TestDemoWrongUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	sales := filepath.Join(t.TempDir(), "sales.csv")
	if err := os.WriteFile(sales, []byte("sku,quantity,date\nA,1,2026-01-02\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "input"), []byte("generated sales, seed 7\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--json"}, "--json needs --once"},
		{[]string{"--from", sales + ".gone"}, sales + ".gone: no such file or directory"},
		{[]string{"--from", sales, "--map", "sku=Product"}, sales + `:1: sku: no column "Product"; the header has sku, quantity, date`},
		{[]string{"--address", taken.Addr().String()}, "--address " + taken.Addr().String() + ": bind: address already in use"},
		{[]string{"--once", "--data", other}, "--data " + other + " was fed with generated sales, seed 7; take another directory for generated sales, seed 1"},
	} {
		data := filepath.Join(t.TempDir(), "data")
		var out, errs bytes.Buffer
		status := run(t.Context(), append([]string{"demo", "--data", data}, c.args...), streams{strings.NewReader(""), &out, &errs})
		if status != 2 || out.Len() > 0 || errs.String() != "drumbeat: "+c.want+"\n" {
			t.Errorf("%v: status %d, %s%s", c.args, status, &out, &errs)
		}
		if _, err := os.Stat(data); err == nil {
			t.Errorf("%v: left %s", c.args, data)
		}
	}
}

// TestDemoListen: the demo takes another port than the default where that one is in use.
func TestDemoListen(t *testing.T) {
	for _, c := range []struct {
		demo demoCmd
		want string // "": any free port
	}{
		{demoCmd{Once: true}, "127.0.0.1:0"},
		{demoCmd{Address: "127.0.0.1:0"}, ""},
		{demoCmd{}, ""},
	} {
		got, err := c.demo.listen(t.Context())
		if _, port, split := net.SplitHostPort(got); err != nil || split != nil || c.want != "" && got != c.want || c.want == "" && port == "0" {
			t.Errorf("%+v: %s, %v", c.demo, got, err)
		}
	}
}

// TestDemoHelp: the help says what the data directory holds.
func TestDemoHelp(t *testing.T) {
	var out bytes.Buffer
	if status := run(t.Context(), []string{"demo", "--help"}, streams{strings.NewReader(""), &out, &out}); status != 0 {
		t.Fatalf("status %d", status)
	}
	for _, name := range []string{"kafka/", "postgres/", "demo.log", "input "} {
		if !strings.Contains(out.String(), name) {
			t.Errorf("no %q in\n%s", name, &out)
		}
	}
}

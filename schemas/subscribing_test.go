package schemas

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The commands of deploy/subscribing.md, as they stand there, find the plan that a PlanReader finds, and its
// checksum. A script that writes what kcat would stands in for it.
func TestSubscribingByShell(t *testing.T) {
	for _, program := range []string{"bash", "awk", "jq", "sed", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	page, err := os.ReadFile("../deploy/subscribing.md")
	if err != nil {
		t.Fatal(err)
	}
	script := "set -euo pipefail\n"
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(page, -1) {
		script += string(block[1])
	}
	for seed := range 2 {
		log := rapid.Custom(func(t *rapid.T) *planLog {
			l := newPlanLog(t)
			l.draw()
			l.publish("east", l.sites["east"])
			return l
		}).Example(seed)
		run(t, script, log)
	}
}

func run(t *testing.T, script string, log *planLog) {
	t.Helper()
	dir := t.TempDir()
	var topic bytes.Buffer
	var reader PlanReader
	for _, rec := range log.records {
		if _, err := reader.Apply(rec.headers, rec.key, rec.value); err != nil {
			t.Fatal(err)
		}
		size := len(rec.value)
		if rec.value == nil {
			size = -1
		}
		fmt.Fprintf(&topic, "%s\trevision=%s\t%d\t%s\n", rec.key, rec.headers[0].Value, size, rec.value)
	}
	kcat := "#!/bin/sh\ncase \" $* \" in *' -f %k\\t%h\\t%S\\t%s\\n '*) cat records ;; *) exit 1 ;; esac\n"
	for name, text := range map[string]string{"records": topic.String(), "script": script, "kcat": kcat} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("bash", "script")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "SITE=east")
	out, err := cmd.CombinedOutput()
	plan := reader.Site("east")
	lines := plan.Lines()
	if err != nil || !plan.Complete() || !strings.HasPrefix(string(out), fmt.Sprintf("whole: %d lines\n", len(lines))) {
		t.Fatalf("%v; %d lines, proven %v\n%s\n%s", err, len(lines), plan.Complete(), out, topic.String())
	}
	if want := plan.Head.PlanID + "\t" + string(plan.Head.Status); !strings.Contains(string(out), want) {
		t.Errorf("%s\nwant %s", out, want)
	}
	found, err := os.ReadFile(filepath.Join(dir, "lines.json"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(found)) {
		if !containsValue(lines, strings.TrimSuffix(line, "\n")) {
			t.Errorf("a line that is not in the plan: %s", line)
		}
	}
}

func containsValue(lines map[string][]byte, value string) bool {
	for _, v := range lines {
		if string(v) == value {
			return true
		}
	}
	return false
}

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// operations reads the files of deploy that match a pattern, by name.
func operations(t *testing.T, pattern string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(repository, "deploy", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(paths), err)
	}
	files := map[string]string{}
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(body)
	}
	return files
}

// all are the first groups of the matches of a pattern in all files, each once.
func all(files map[string]string, pattern string) []string {
	var list []string
	for _, text := range files {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			list = append(list, m[1])
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Rules, their tests, the dashboard and the runbooks name metrics that the service exports, or that a rule records.
func TestQueriesNameExportedMetrics(t *testing.T) {
	known := map[string]bool{}
	for _, m := range exported(t) {
		known[m.name] = true
		if m.kind == "histogram" {
			known[m.name+"_bucket"], known[m.name+"_sum"], known[m.name+"_count"] = true, true, true
		}
	}
	rules := operations(t, "prometheus/rules/*.yaml")
	for _, name := range all(rules, `(?m)^ *- record: (\S+)$`) {
		known[name] = true
	}
	places := map[string]map[string]string{
		"rules": rules, "tests": operations(t, "prometheus/tests/*.yaml"), "dashboards": operations(t, "grafana/dashboards/*.json"),
	}
	for place, files := range places {
		names := all(files, `\b(drumbeat[_:][a-zA-Z0-9_:]*)`)
		if len(names) < 10 {
			t.Errorf("%s name %d metrics: the pattern finds too few", place, len(names))
		}
		for _, name := range names {
			if !known[name] {
				t.Errorf("%s name %s, which nobody exports", place, name)
			}
		}
	}
	pages := operations(t, "runbooks/*.md")
	names := all(pages, `\b(drumbeat_[a-z_]*[a-z])`)
	for _, alternatives := range all(pages, `\bdrumbeat_\(([^)]*)\)`) { // what a grep looks for
		for name := range strings.SplitSeq(alternatives, "|") {
			names = append(names, "drumbeat_"+regexp.MustCompile(`^[a-z_]*`).FindString(name))
		}
	}
	if len(names) < 40 {
		t.Errorf("runbooks name %d metrics: the patterns find too few", len(names))
	}
	for _, name := range names {
		begins := func(metric string) bool { return strings.HasPrefix(metric, name) }
		if !slices.ContainsFunc(slices.Collect(maps.Keys(known)), begins) {
			t.Errorf("runbooks name %s, which nobody exports", name)
		}
	}
}

// The commands of the runbooks have the flags that the pages give them.
func TestRunbooksNameFlags(t *testing.T) {
	parser, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, command := range parser.Model.Leaves(false) {
		for _, flag := range command.Flags {
			known[flag.Name] = true
		}
	}
	named := 0
	for page, text := range operations(t, "runbooks/*.md") {
		for _, code := range regexp.MustCompile("(?m)`(--[a-z][^`]*)`|\\bdrumbeat ([a-z][^`|#\n]*)").FindAllString(text, -1) {
			for _, m := range regexp.MustCompile(`--([a-z][a-z-]*)`).FindAllStringSubmatch(code, -1) {
				if named++; !known[m[1]] {
					t.Errorf("%s: %s: there is no --%s", page, code, m[1])
				}
			}
		}
	}
	if named < 15 {
		t.Errorf("runbooks name %d flags: the patterns find too few", named)
	}
}

// Every alert has a severity, texts, a page that tells what to do, and a case that fires it and sees it silent.
func TestAlertsHaveRunbooksAndCases(t *testing.T) {
	rules := operations(t, "prometheus/rules/*.yaml")
	alerts := all(rules, `(?m)^ *- alert: (\S+)$`)
	if len(alerts) < 10 {
		t.Fatalf("alerts %v", alerts)
	}
	severity := map[string]string{} // of the fastest pace, which comes first
	for file, text := range rules {
		for _, rule := range strings.Split(text, "- alert: ")[1:] {
			name := strings.Fields(rule)[0]
			if m := regexp.MustCompile(`severity: (\w+)`).FindStringSubmatch(rule); m != nil && severity[name] == "" {
				severity[name] = m[1]
			}
			for _, want := range []string{"severity: page", "severity: ticket"} {
				rule = strings.Replace(rule, want, "severity: known", 1)
			}
			for _, want := range []string{"severity: known", "summary: ", "description: ", "runbook_url: deploy/runbooks/" + name + ".md\n"} {
				if !strings.Contains(rule, want) {
					t.Errorf("%s: alert %s has no %q", file, name, want)
				}
			}
		}
	}
	pages := operations(t, "runbooks/Drumbeat*.md")
	index := operations(t, "runbooks/README.md")["README.md"]
	for page, text := range pages {
		alert := strings.TrimSuffix(page, ".md")
		if line := fmt.Sprintf("\n| [%s](%s) | %s | ", alert, page, severity[alert]); !strings.Contains(index, line) {
			t.Errorf("the index has no line %q", line)
		}
		if !slices.Contains(alerts, strings.TrimSuffix(page, ".md")) {
			t.Errorf("runbook %s belongs to no alert", page)
		}
		for _, section := range []string{"## What it means", "## How to see it\n```sh\n", "## What to do", "## When to wake someone"} {
			if !strings.Contains(text, section) {
				t.Errorf("runbook %s has no %q", page, section)
			}
		}
		for _, other := range all(map[string]string{page: text}, `\b(Drumbeat[A-Z][A-Za-z]+)`) {
			if !slices.Contains(alerts, other) {
				t.Errorf("runbook %s names the alert %s, which there is not", page, other)
			}
		}
	}
	cases := operations(t, "prometheus/tests/*.yaml")
	fired := all(cases, `- alertname: (\S+)\n *eval_time: \S+\n *exp_alerts:\n *- exp_labels`)
	silent := all(cases, `- alertname: (\S+)\n *eval_time: \S+\n *exp_alerts: \[\]`)
	for _, name := range alerts {
		if pages[name+".md"] == "" {
			t.Errorf("alert %s has no runbook", name)
		}
		if !slices.Contains(fired, name) || !slices.Contains(silent, name) {
			t.Errorf("alert %s: fired by a test %v, silent in one %v", name, slices.Contains(fired, name), slices.Contains(silent, name))
		}
	}
}

// Every panel asks a question, says its unit and queries something.
func TestDashboardAsksQuestions(t *testing.T) {
	for file, text := range operations(t, "grafana/dashboards/*.json") {
		var d struct {
			Panels []struct {
				Type, Title string
				FieldConfig struct{ Defaults struct{ Unit string } }
				Targets     []struct{ Expr string }
			}
		}
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		asked := 0
		for _, p := range d.Panels {
			if p.Type == "row" {
				continue
			}
			asked++
			if !strings.HasSuffix(p.Title, "?") || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
				t.Errorf("%s: panel %q, unit %q, %d queries", file, p.Title, p.FieldConfig.Defaults.Unit, len(p.Targets))
			}
		}
		if asked < 8 {
			t.Errorf("%s has %d panels", file, asked)
		}
	}
}

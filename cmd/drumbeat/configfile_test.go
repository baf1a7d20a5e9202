package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// checkConfig is what serve --check-config prints, and its status.
func checkConfig(t *testing.T, args ...string) (status int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), append([]string{"serve", "--check-config"}, args...), streams{nil, &stdout, &stderr})
	return status, stdout.String(), stderr.String()
}

// configure writes a configuration file.
func configure(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "drumbeat.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A setting has one name: that of the flag, of the variable and of the key in the file.
func TestSettingsHaveOneName(t *testing.T) {
	parser, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]*kong.Flag{}
	knownSettings(parser.Model.Node, known)
	if len(known) < 30 || known["kafka-brokers"] == nil || known["replication"] == nil || known["check-config"] != nil {
		t.Errorf("%d settings", len(known))
	}
	for name, flag := range known {
		if want := "DRUMBEAT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")); len(flag.Envs) != 1 || flag.Envs[0] != want {
			t.Errorf("--%s has the variables %v, want %s", name, flag.Envs, want)
		}
	}
}

// The command line goes before the environment, that before the file, that before the default; and what is printed
// is a configuration file that says the same.
func TestCheckConfig(t *testing.T) {
	t.Setenv(passwordVariable, "hidden-1")
	path := configure(t, `# comments are comments
session: 12s
group: from-file
input: erp.sales,erp.returns
roles: [intake, planner]
postgres: &dsn postgres://me:hidden-2@db/drumbeat?sslmode=disable
horizon: 13
replication: 3   # of another command
log-level: debug
day-first: yes
`)
	var out string
	t.Run("environment", func(t *testing.T) {
		t.Setenv("DRUMBEAT_GROUP", "from-env")
		t.Setenv("DRUMBEAT_SESSION", "11s")
		var status int
		var stderr string
		status, out, stderr = checkConfig(t, "--config", path, "--session", "10s", "--kafka-brokers", "a:1,b:2")
		if status != 0 || stderr != "" {
			t.Fatalf("status %d: %s", status, stderr)
		}
	})
	for _, want := range []string{
		"session: 10s # flag", "kafka-brokers: ['a:1', 'b:2'] # flag", "group: from-env # DRUMBEAT_GROUP",
		"input: [erp.sales, erp.returns] # " + path + ":4", "roles: [intake, planner] # " + path + ":5",
		"postgres: postgres://me@db/drumbeat?sslmode=disable # " + path + ":6", "horizon: 13 # " + path + ":7",
		"log-level: DEBUG # " + path + ":9", "day-first: true # " + path + ":10",
		"retention: 168h0m0s # default", "address: 127.0.0.1:8080 # default",
		"# quiet: 2s", "# materiality: 0.02", "# horizon: 13", "# Kafka's password is in DRUMBEAT_KAFKA_PASSWORD.",
	} {
		if got := regexp.MustCompile(` +`).ReplaceAllString(out, " "); !strings.Contains(got, want+"\n") {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if strings.Contains(out, "hidden-") {
		t.Errorf("a password is shown:\n%s", out)
	}
	origin := regexp.MustCompile(` *# (flag|default|DRUMBEAT_.*|.*:\d+)\n`)
	_, again, stderr := checkConfig(t, "--config", configure(t, out))
	if stderr != "" || origin.ReplaceAllString(again, "\n") != origin.ReplaceAllString(out, "\n") {
		t.Errorf("what was printed, as a file: %s\n%s", stderr, again)
	}
	if n := strings.Count(again, "# default"); n != 0 {
		t.Errorf("%d settings are not in what was printed:\n%s", n, again)
	}
}

// What is wrong is told in one line that names file, line and key, or where the value comes from.
func TestConfigErrors(t *testing.T) {
	t.Setenv("DRUMBEAT_POSTGRES", "host=db password='x y'")
	for text, want := range map[string]string{
		"group: a\nsesion: 3s":               "drumbeat.yaml:2: sesion: there is no such setting",
		"check-config: true":                 "drumbeat.yaml:1: check-config: there is no such setting",
		"config: other.yaml":                 "drumbeat.yaml:1: config: there is no such setting",
		"session: 3 seconds":                 "drumbeat.yaml:1: session: expected duration",
		"horizon: 1e3":                       "drumbeat.yaml:1: horizon: expected",
		"session: [1s]":                      "drumbeat.yaml:1: session: one value is wanted",
		"roles: [[planner]]":                 "drumbeat.yaml:1: roles: a list within a list",
		"\nkafka:\n  brokers: a:1":           "drumbeat.yaml:3: kafka: not a value",
		"group:":                             "drumbeat.yaml:1: group: no value",
		"log-format: xml":                    `drumbeat.yaml:1: log-format: "xml" is not auto, json, text`,
		"group: a\ngroup: b":                 "drumbeat.yaml:2: group: named already on line 1",
		"replication: many":                  "drumbeat.yaml:1: replication: expected",
		"- group":                            "drumbeat.yaml:1: not a mapping",
		"a: b\n- c":                          "drumbeat.yaml: line 1:",
		"group: a\n---\ngroup: b":            "more than one YAML document",
		"roles: [planer]":                    "(roles: FILE:1)",
		"group: a\nhorizon: 0":               "(horizon: FILE:2)",
		"kafka-brokers: broker":              "(kafka-brokers: FILE:1)",
		"kafka-ca: /nowhere/ca.pem":          "/nowhere/ca.pem: no such file or directory (kafka-ca: FILE:1)",
		"tokens: /nowhere/tokens":            "/nowhere/tokens: no such file or directory (tokens: FILE:1)",
		"address: 0.0.0.0:80":                "(address: FILE:1)",
		"session: 1ms":                       "(session: FILE:1)",
		"solve-memory: 5":                    "(solve-memory: FILE:1)",
		"postgres: postgres://a:secret@b:c/": "DRUMBEAT", // the variable holds
	} {
		path := configure(t, text)
		status, out, stderr := checkConfig(t, "--config", path)
		if want == "DRUMBEAT" {
			if status != 0 || !strings.Contains(out, "# DRUMBEAT_POSTGRES") || strings.Contains(out, "x y") {
				t.Errorf("%q: status %d, %s%s", text, status, out, stderr)
			}
			continue
		}
		want = strings.ReplaceAll(want, "FILE", path)
		if status != exitUsage || out != "" || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: status %d, %swant %q", text, status, stderr, want)
		}
	}
	if status, _, stderr := checkConfig(t, "--config", "/nowhere/at.yaml"); status != exitUsage || !strings.Contains(stderr, "/nowhere/at.yaml") {
		t.Errorf("a missing file: status %d, %s", status, stderr)
	}
	for _, empty := range []string{"", "# nothing\n", "---\n", "{}"} {
		if status, _, stderr := checkConfig(t, "--config", configure(t, empty)); status != 0 {
			t.Errorf("%q: status %d, %s", empty, status, stderr)
		}
	}
}

// DRUMBEAT_CONFIG is for the commands that have --config: others neither read the file nor take values from it.
func TestConfigFileOfOtherCommands(t *testing.T) {
	t.Setenv("DRUMBEAT_CONFIG", configure(t, "capacity: 5\nhorizon: 2\npostgres: postgres://a:b@c:d/e"))
	var out, stderr bytes.Buffer
	status := run(t.Context(), []string{"replay", "--from", "/nowhere/sales.csv", "--out", t.TempDir()}, streams{nil, &out, &stderr})
	if status == 0 || !strings.Contains(stderr.String(), "/nowhere/sales.csv") {
		t.Errorf("replay: status %d, %s", status, &stderr)
	}
	stderr.Reset()
	if status := run(t.Context(), []string{"migrate"}, streams{nil, &out, &stderr}); status != exitUsage || !strings.Contains(stderr.String(), "--postgres") {
		t.Errorf("migrate: status %d, %s", status, &stderr)
	}
}

// One file serves whoever looks into a service: its commands, in its container, need no other settings.
func TestConfigFileServesThePersonOnCall(t *testing.T) {
	t.Setenv("DRUMBEAT_CONFIG", configure(t, "postgres: postgres://me@127.0.0.1:1/nowhere\nkafka-brokers: [no-port-here]\ncapacity: 5\n"))
	for command, want := range map[string]string{
		"migrate": "127.0.0.1", "dead-letters list": "127.0.0.1", "verify --site plant": "127.0.0.1",
		"dead-letters replay --site plant": "127.0.0.1", "produce --from -": "no-port-here", "topics check": "no-port-here",
	} {
		var out, stderr bytes.Buffer
		status := run(t.Context(), strings.Fields(command), streams{strings.NewReader(""), &out, &stderr})
		if status == 0 || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: status %d, %s", command, status, &stderr)
		}
	}
}

func TestWithoutPassword(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://me:a%20b@h:5/d?sslmode=require&password=c": "postgres://me@h:5/d?sslmode=require",
		"postgresql://h/d":                                 "postgresql://h/d",
		`host=h password='it\'s one' user=me`:              "host=h user=me",
		"user=me password = x sslpassword=y passfile=/p":   "user=me passfile=/p",
		"host=h\tpassword=x":                               "host=h",
		fmt.Sprintf("password=%s", strings.Repeat("p", 9)): "",
	} {
		if got := withoutPassword(dsn); got != want {
			t.Errorf("%s: %q, want %q", dsn, got, want)
		}
	}
}

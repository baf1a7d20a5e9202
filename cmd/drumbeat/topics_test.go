package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"drumbeat/schemas"
)

// topicsOf runs `drumbeat topics` against a broker.
func topicsOf(t *testing.T, broker string, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	args = append([]string{"topics"}, append(args, "--kafka-brokers", broker)...)
	status = run(t.Context(), args, streams{strings.NewReader(""), &o, &e})
	return status, o.String(), e.String()
}

func TestTopics(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	broker := cluster.ListenAddrs()[0]

	status, out, errs := topicsOf(t, broker, "check")
	if status != 1 || strings.Count(out, "missing") != 4 || !strings.Contains(out, schemas.EventsTopic) || !strings.Contains(errs, "4 of the settings are wrong") {
		t.Errorf("check of an empty cluster: status %d\n%s%s", status, out, errs)
	}
	for _, created := range []int{4, 0} {
		status, out, errs = topicsOf(t, broker, "create")
		if status != 0 || strings.Count(out, "created ") != created {
			t.Errorf("create: status %d, want %d topics created\n%s%s", status, created, out, errs)
		}
	}
	if status, out, errs = topicsOf(t, broker, "check"); status != 0 || !strings.Contains(out, "as they have to be") {
		t.Errorf("check: status %d\n%s%s", status, out, errs)
	}
	status, out, _ = topicsOf(t, broker, "check", "--json", "--partitions", "4")
	var problem struct{ Topic, Setting, Have, Want string }
	first, _, _ := strings.Cut(out, "\n")
	if err := json.Unmarshal([]byte(first), &problem); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if status != 1 || problem.Topic != schemas.EventsTopic || problem.Setting != "partitions" || problem.Have != "16" || problem.Want != "4" {
		t.Errorf("check of the wrong number of partitions: status %d, %+v", status, problem)
	}
}

func TestTopicsWrongUse(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	write(t, empty, nil)
	full := filepath.Join(dir, "full")
	write(t, full, []byte("secret\n"))
	for name, c := range map[string]struct {
		args     []string
		password string
		says     string
	}{
		"no port":          {[]string{"check", "--kafka-brokers", "nowhere"}, "", "nowhere"},
		"empty password":   {[]string{"check", "--kafka-sasl", "PLAIN", "--kafka-user", "u", "--kafka-password-file", empty}, "", empty},
		"missing password": {[]string{"check", "--kafka-sasl", "PLAIN", "--kafka-user", "u"}, "", "password"},
		"two passwords":    {[]string{"check", "--kafka-sasl", "PLAIN", "--kafka-user", "u", "--kafka-password-file", full}, "p", "one of them"},
		"missing file":     {[]string{"check", "--kafka-ca", filepath.Join(dir, "ca.pem")}, "", "ca.pem"},
		"no partitions":    {[]string{"check", "--partitions", "0"}, "", "--partitions"},
	} {
		t.Setenv(passwordVariable, c.password)
		if c.password == "" {
			if err := os.Unsetenv(passwordVariable); err != nil {
				t.Fatal(err)
			}
		}
		var o, e bytes.Buffer
		status := run(t.Context(), append([]string{"topics"}, c.args...), streams{strings.NewReader(""), &o, &e})
		if status != exitUsage || !strings.Contains(e.String(), c.says) || strings.Contains(e.String(), "secret") {
			t.Errorf("%s: status %d, %s", name, status, e.String())
		}
	}
}

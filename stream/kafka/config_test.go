package kafka

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestConfig(t *testing.T) {
	good := Config{Brokers: []string{"a:9092", "b:9092"}, SASL: SASL{Mechanism: "PLAIN", User: "u", Password: "p"}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Config){
		"no broker":         func(c *Config) { c.Brokers = nil },
		"no port":           func(c *Config) { c.Brokers = []string{"a"} },
		"negative timeout":  func(c *Config) { c.Timeout = -1 },
		"key only":          func(c *Config) { c.TLS.Key = "k.pem" },
		"unknown mechanism": func(c *Config) { c.SASL.Mechanism = "GSSAPI" },
		"no password":       func(c *Config) { c.SASL.Password = "" },
		"no mechanism":      func(c *Config) { c.SASL.Mechanism = "" },
		"one topic twice":   func(c *Config) { c.Topics.Plans = "drumbeat.events" },
	} {
		bad := good
		change(&bad)
		if bad.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	bad := good
	bad.TLS.CA = t.TempDir() + "/missing.pem"
	if _, err := NewClient(bad); err == nil || !strings.Contains(err.Error(), "missing.pem") {
		t.Errorf("NewClient without its authorities: %v", err)
	}
}

func TestSecretDoesNotPrint(t *testing.T) {
	c := Config{SASL: SASL{Password: "hunter2"}}
	inJSON, err := json.Marshal(c.SASL)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%q", c.SASL.Password), string(inJSON)} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("the password is in %s", text)
		}
	}
}

package main

import (
	"bytes"
	"testing"
)

func TestVersion(t *testing.T) {
	version = "v1.2.3"
	defer func() { version = "" }()
	var out, stderr bytes.Buffer
	if status := run(t.Context(), []string{"--version"}, streams{nil, &out, &stderr}); status != 0 || out.String() != "v1.2.3\n" {
		t.Errorf("status %d, %q, %s", status, &out, &stderr)
	}
	version = ""
	if release() == "" {
		t.Error("a program from a checkout has no release")
	}
}

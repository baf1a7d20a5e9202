package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestMigrateWithoutDatabase(t *testing.T) {
	t.Setenv("DRUMBEAT_POSTGRES", "") // restored at the end
	if err := os.Unsetenv("DRUMBEAT_POSTGRES"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"migrate"}, exitUsage, "--postgres"},
		{[]string{"migrate", "--postgres", "port=none"}, exitUsage, "port"},
		{[]string{"migrate", "--postgres", "postgres://nobody@127.0.0.1:1/none"}, exitOther, "127.0.0.1:1"},
	} {
		var out, err bytes.Buffer
		if status := run(t.Context(), test.args, streams{strings.NewReader(""), &out, &err}); status != test.status {
			t.Errorf("%q: exit status %d, want %d", test.args, status, test.status)
		}
		if !strings.Contains(err.String(), test.says) || out.Len() > 0 {
			t.Errorf("%q: printed %q and %q, want an error that says %q", test.args, out.String(), err.String(), test.says)
		}
	}
}

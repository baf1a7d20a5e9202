package main

import (
	"strings"
	"testing"
)

// A password may come by the environment, never by the command line, and no error shows it.
func TestPasswordsInFlags(t *testing.T) {
	for _, c := range []struct {
		dsn    string
		secret bool
	}{
		{"postgres://planner:s3same@127.0.0.1:1/none", true},
		{"postgres://planner:@127.0.0.1:1/none", true},
		{"postgresql://planner@127.0.0.1:1/none?sslmode=disable&password=s3same", true},
		{"postgres://planner@127.0.0.1:1/none?sslpassword=s3same", true},
		{"host=127.0.0.1 port=1 password = 's3same'", true},
		{"host=127.0.0.1 port=1 PASSWORD=s3same", true},
		{"postgres://planner:s3%ame@127.0.0.1:1/none", true},
		{"postgres://planner@127.0.0.1:1/none", false},
		{"postgres://planner@[::1]:1,[::1]:2/none?sslmode=disable", false},
		{"host=127.0.0.1 port=1 user=planner", false},
	} {
		for _, command := range []string{"migrate", "verify --site s", "dead-letters list", "serve --check-config"} {
			args := strings.Fields(command)
			_, _, says := runCommand(t.Context(), append(args, "--postgres", c.dsn)...)
			if refused := strings.Contains(says, "password on the command line"); refused != c.secret || strings.Contains(says, "ame") {
				t.Errorf("%s: --postgres %s says %q", command, c.dsn, says)
			}
		}
		t.Setenv("DRUMBEAT_POSTGRES", c.dsn)
		if _, _, says := runCommand(t.Context(), "migrate"); strings.Contains(says, "password on the command line") || strings.Contains(says, "ame@") {
			t.Errorf("DRUMBEAT_POSTGRES=%s says %q", c.dsn, says)
		}
	}
}

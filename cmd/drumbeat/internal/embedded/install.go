package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// ErrNoPostgres says that no PostgreSQL server, or none of the version that a data directory needs, is
// installed. Its text names the package.
var ErrNoPostgres = errors.New("embedded: no PostgreSQL server found")

// installation is one PostgreSQL server on this machine.
type installation struct {
	bin   string // directory of initdb and postgres
	major int
}

// installPatterns are the places where packages put a server that is not in PATH: Debian, PostgreSQL's own
// RPMs, Homebrew on ARM and on Intel, Postgres.app.
var installPatterns = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// installations lists the servers of this machine, newest first; of equal versions the one in PATH leads.
func installations(ctx context.Context) []installation {
	var dirs []string
	if initdb, err := exec.LookPath("initdb"); err == nil {
		// Homebrew and Fedora link single programs into PATH; their neighbours are behind the link.
		if target, err := filepath.EvalSymlinks(initdb); err == nil {
			dirs = append(dirs, filepath.Dir(target))
		}
	}
	for _, pattern := range installPatterns {
		found, _ := filepath.Glob(pattern) // its only error is a bad pattern, and ours are constants
		dirs = append(dirs, found...)
	}
	var all []installation
	for _, dir := range dirs {
		if slices.ContainsFunc(all, func(i installation) bool { return i.bin == dir }) {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
		if err != nil {
			continue // a client-only or broken installation
		}
		if major := majorVersion(string(out)); major > 0 {
			all = append(all, installation{bin: dir, major: major})
		}
	}
	slices.SortStableFunc(all, func(a, b installation) int { return b.major - a.major })
	return all
}

var versionNumber = regexp.MustCompile(`\b(\d+)(\.\d+|devel|beta\d+|rc\d+)?`)

// majorVersion reads "postgres (PostgreSQL) 15.18 (Debian …)" as 15; 0 when there is no number.
func majorVersion(text string) int {
	m := versionNumber.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}

// chooseInstallation picks the server for a data directory: the newest for a new one, the one of the same
// major version for an old one.
func chooseInstallation(all []installation, data string) (installation, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	switch {
	case errors.Is(err, os.ErrNotExist):
		if len(all) == 0 {
			return installation{}, fmt.Errorf("%w: %s", ErrNoPostgres, installHint("postgresql"))
		}
		return all[0], nil
	case err != nil:
		return installation{}, fmt.Errorf("embedded: %w", err)
	}
	major := majorVersion(string(text))
	var have []string
	for _, i := range all {
		if i.major == major {
			return i, nil
		}
		have = append(have, strconv.Itoa(i.major))
	}
	if len(have) == 0 {
		have = []string{"none"}
	}
	return installation{}, fmt.Errorf("%w: %s was made by PostgreSQL %d, installed: %s; %s, or delete that directory",
		ErrNoPostgres, data, major, strings.Join(have, ", "), installHint(fmt.Sprintf("postgresql-%d", major)))
}

// installHint says in one clause how to get the package, named as Debian does.
func installHint(debian string) string {
	switch {
	case runtime.GOOS == "darwin":
		return "install it with `brew install " + strings.Replace(debian, "-", "@", 1) + "`"
	case exists("/usr/bin/dnf"):
		return "install it with `dnf install postgresql-server`"
	default:
		return "install the package " + debian + " (`./deploy/setup` does)"
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

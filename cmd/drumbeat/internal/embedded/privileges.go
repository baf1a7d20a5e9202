package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// serverHome holds the clusters of a root user whose own directory the server's user cannot reach.
const serverHome = "/var/lib/drumbeat"

// account is the user that the server runs as: ourselves, or, since PostgreSQL refuses to run as root, the
// user its package created.
type account struct {
	credential *syscall.Credential // nil: ourselves
}

func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return account{}, fmt.Errorf("%w: PostgreSQL does not run as root and there is no user postgres to run it; %s",
			ErrNoPostgres, installHint("postgresql"))
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("embedded: user postgres has id %q: %w", u.Uid, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("embedded: user postgres has group %q: %w", u.Gid, err)
	}
	return account{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// command prepares a program of the server. It starts in a session of its own, out of reach of the
// terminal's Ctrl-C, without our PG* variables and in a directory that every user may enter.
func (a account) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: a.credential}
	return cmd
}

// give makes the account the owner of path.
func (a account) give(path string) error {
	if a.credential == nil {
		return nil
	}
	return os.Chown(path, int(a.credential.Uid), int(a.credential.Gid))
}

// reaches reports whether the account may enter dir. It asks the kernel through a child, because modes of
// all parents, access lists and mount options have a say.
func (a account) reaches(ctx context.Context, dir string) bool {
	if a.credential == nil {
		return true
	}
	return a.command(ctx, "/bin/sh", "-c", `cd "$1"`, "sh", dir).Run() == nil
}

// home decides where a cluster for dir lives: in dir, or, when the account cannot enter dir (root's home,
// a private temporary directory), in a directory below serverHome that the file dir/location names. The
// file is the only link: a dir that was deleted starts with a new cluster.
func (a account) home(ctx context.Context, dir string) (string, error) {
	if a.reaches(ctx, dir) {
		return dir, nil
	}
	link := filepath.Join(dir, "location")
	text, err := os.ReadFile(link)
	if err == nil {
		if elsewhere := strings.TrimSpace(string(text)); exists(elsewhere) {
			return elsewhere, nil
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("embedded: %w", err)
	}
	if err := os.MkdirAll(serverHome, 0o755); err != nil {
		return "", fmt.Errorf("embedded: %w", err)
	}
	elsewhere, err := os.MkdirTemp(serverHome, "postgres-")
	if err != nil {
		return "", fmt.Errorf("embedded: %w", err)
	}
	if err := os.Chmod(elsewhere, 0o755); err != nil {
		return "", fmt.Errorf("embedded: %w", err)
	}
	if !a.reaches(ctx, elsewhere) {
		return "", fmt.Errorf("embedded: user postgres can enter neither %s nor %s: choose another directory", dir, serverHome)
	}
	if err := os.WriteFile(link, []byte(elsewhere+"\n"), 0o644); err != nil {
		return "", fmt.Errorf("embedded: %w", err)
	}
	return elsewhere, nil
}

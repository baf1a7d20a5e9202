package solver

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
)

// LimitMemory bounds what this process may take: beyond bytes an allocation fails, which ends it, in Go and in C++
// alike. Go's collector works harder from three quarters on. Where the system has too little for everyone, this
// process is the first to go. Reserved addresses do not count, so that Go's and malloc's arenas are no memory.
func LimitMemory(bytes int64) error {
	// Not every system has it, and not every container lets us; the limit below holds all the same.
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, os.ErrPermission) {
		return err
	}
	if bytes <= 0 {
		return nil
	}
	debug.SetMemoryLimit(bytes / 4 * 3)
	limit := syscall.Rlimit{Cur: uint64(bytes), Max: uint64(bytes)}
	if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &limit); err != nil {
		return fmt.Errorf("solver: limit memory to %d bytes: %w", bytes, err)
	}
	return nil
}

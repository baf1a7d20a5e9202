package bench

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
)

// resetPeak makes peakBytes begin anew: what is free goes back to the system, and Linux forgets the peak so far.
// Elsewhere nothing does, and peakBytes is the peak of the process from its start.
func resetPeak() error {
	debug.FreeOSMemory()
	if runtime.GOOS != "linux" {
		return nil
	}
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return fmt.Errorf("bench: peak memory: %w", err)
	}
	return nil
}

// peakBytes is the most memory that the process has held since resetPeak, that of C included.
func peakBytes() (int64, error) {
	if runtime.GOOS == "linux" {
		return highWater()
	}
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, fmt.Errorf("bench: peak memory: %w", err)
	}
	if runtime.GOOS == "darwin" {
		return r.Maxrss, nil
	}
	return r.Maxrss * 1024, nil
}

// highWater is VmHWM of /proc/self/status, which unlike getrusage can be reset.
func highWater() (int64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("bench: peak memory: %w", err)
	}
	defer f.Close() // only read
	var kB int64
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "VmHWM:"); found {
			if _, err := fmt.Sscanf(text, "%d kB", &kB); err != nil {
				return 0, fmt.Errorf("bench: peak memory: %w", err)
			}
		}
	}
	return kB * 1024, nil
}

package main

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A service whose broker does not answer yet is alive, says what it waits for, and can be stopped like any other.
func TestStopWhileStarting(t *testing.T) {
	takeTurn(t, otherLane)
	db := newDatabase(t)
	address := freeAddress(t)
	w := world{home: t.TempDir(), broker: freeAddress(t), database: db.dsn}
	service := start(t, w, "serve", "serve", "--address", address, "--log-format", "json")
	eventually(t, "not ready, for want of a broker", time.Minute, func() (bool, string) {
		status, body := get(t, address, "/readyz")
		return status == http.StatusServiceUnavailable && !strings.Contains(body, "postgres"), body
	})
	if _, body := get(t, address, "/readyz"); !strings.Contains(body, `"service","error":"starting"`) || !strings.Contains(body, `"kafka","error":"not reached yet"`) {
		t.Errorf("/readyz: %s", body)
	}
	if status, body := get(t, address, "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz: %d %s", status, body)
	}
	if status, body := get(t, address, "/v1/sites"); status != http.StatusServiceUnavailable {
		t.Errorf("/v1/sites: %d %s", status, body)
	}
	asked := start(t, w, "ready", "ready", "--address", address)
	<-asked.done
	if status := asked.cmd.ProcessState.ExitCode(); status != exitOther || !strings.Contains(asked.err.String(), "not reached yet") {
		t.Errorf("drumbeat ready: status %d, %s", status, asked.err.String())
	}
	service.stop(t, 10*time.Second)
}

// After SIGTERM a process says that it is not ready, before anything else is gone: what is asked until the load
// balancer has noticed is answered.
func TestStopIsAnnounced(t *testing.T) {
	takeTurn(t, brokerLane)
	db := newDatabase(t)
	address := freeAddress(t)
	w := world{home: t.TempDir(), broker: freshBroker(t), database: db.dsn}
	service := start(t, w, "serve", "serve", "--address", address, "--session", "6s", "--drain", "2s", "--log-format", "json")
	awaitReady(t, service, address, time.Minute)
	if owned := metrics(t, address)["drumbeat_recovery_seconds_count"]; owned != 16 {
		t.Errorf("ready with %v partitions loaded, want 16", owned)
	}
	drumbeat(t, w, time.Minute, "ready", "--address", address)
	began := time.Now()
	if err := service.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "not ready", 2*time.Second, func() (bool, string) {
		status, body := get(t, address, "/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "stopping"), fmt.Sprint(status, " ", body)
	})
	for path, want := range map[string]int{"/healthz": http.StatusOK, "/metrics": http.StatusOK, "/v1/sites": http.StatusOK} {
		if status, body := get(t, address, path); status != want {
			t.Errorf("%s while stopping: %d %.200s", path, status, body)
		}
	}
	service.wait(t, 15*time.Second)
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("ended after %v, before the drain", took)
	}
	if _, log, _ := strings.Cut(service.err.String(), `"msg":"stopping"`); strings.Contains(log, `"level":"ERROR"`) || strings.Contains(log, `"level":"WARN"`) {
		t.Errorf("complaints:\n%s", lastLines(log, 40))
	}
}

// While Kafka is away the plans that stand can be looked at.
func TestReadyWithoutKafka(t *testing.T) {
	for roles, ready := range map[string]bool{"web": true, "planner": false, "intake": false, "intake,planner,web": false} {
		s := service{roles: strings.Split(roles, ",")}
		if err := s.withoutKafka(time.Minute); (err == nil) != ready {
			t.Errorf("%s: %v", roles, err)
		}
		if err := s.withoutKafka(time.Second); err != nil {
			t.Errorf("%s, after a second: %v", roles, err)
		}
	}
}

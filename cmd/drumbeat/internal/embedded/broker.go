package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Broker is a Kafka cluster of one node inside this process, with its log on disk.
type Broker struct {
	cluster *kfake.Cluster
	addr    string
	lock    *os.File
	faults  *brokerLog
	close   sync.Once
	err     error
}

// StartBroker starts a broker on dir (created where needed) at a free port of 127.0.0.1. Topics, records
// and committed offsets of an earlier broker on dir are there again, under the same cluster id; the port
// may be another. Topics are not created by themselves. A nil log discards the broker's own complaints.
func StartBroker(dir string, log *slog.Logger) (*Broker, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	faults := &brokerLog{log: log}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.DataDir(filepath.Join(dir, "data")),
		// A cluster made anew must not pass for the one whose offsets a database remembers.
		kfake.ClusterID("drumbeat-"+rand.Text()),
		kfake.WithLogger(faults),
		// On loopback a dead member need not hold its partitions for the default minimum of six seconds.
		kfake.GroupMinSessionTimeout(time.Second),
		// Records of 8 MiB are in the contract of the plan topic.
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": "8388608"}),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("embedded: start the broker on %s: %w", dir, err), lock.Close())
	}
	return &Broker{cluster: cluster, addr: cluster.ListenAddrs()[0], lock: lock, faults: faults}, nil
}

// Addr is the bootstrap address, host:port.
func (b *Broker) Addr() string { return b.addr }

// Close ends all connections and writes what a restart needs. A second call returns the first one's answer.
func (b *Broker) Close() error {
	b.close.Do(func() {
		b.faults.closing.Store(true)
		b.cluster.Close()
		b.err = errors.Join(b.faults.take(), b.lock.Close())
	})
	return b.err
}

// brokerLog passes the broker's complaints to slog and keeps the errors of closing, which kfake only logs.
type brokerLog struct {
	log     *slog.Logger
	closing atomic.Bool
	mu      sync.Mutex
	errs    []error
}

// Logf implements kfake.Logger.
func (l *brokerLog) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		text := fmt.Sprintf(format, args...)
		l.log.Error("embedded broker", "text", text)
		if l.closing.Load() {
			l.mu.Lock()
			l.errs = append(l.errs, errors.New("embedded: broker: "+text))
			l.mu.Unlock()
		}
	case kfake.LogLevelWarn:
		l.log.Warn("embedded broker", "text", fmt.Sprintf(format, args...))
	default:
		if l.log.Enabled(context.Background(), slog.LevelDebug) {
			l.log.Debug("embedded broker", "text", fmt.Sprintf(format, args...))
		}
	}
}

func (l *brokerLog) take() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.errs...)
}

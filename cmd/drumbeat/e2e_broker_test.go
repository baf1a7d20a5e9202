package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"drumbeat/cmd/drumbeat/internal/soak"
	"drumbeat/stream/kafka"
)

// ownBroker is an Apache Kafka of the end-to-end tests' own: drumbeat's topics have fixed names, so that each
// test has to delete them, which must not happen on a broker that somebody uses for something else.
var ownBroker broker

type broker struct {
	once sync.Once
	err  error
	dir  string
	port int
	addr string
	pki  *authority
	end  io.Closer // what the watching shell waits for
	shut *exec.Cmd
}

// freshBroker returns the address of a broker without topics. DRUMBEAT_TEST_KAFKA says that Kafka can be run
// here; the broker that it names is left alone.
func freshBroker(t *testing.T) string {
	t.Helper()
	if os.Getenv("DRUMBEAT_TEST_KAFKA") == "" {
		t.Skip("DRUMBEAT_TEST_KAFKA is not set: ./deploy/test sets it and sees to Java and Maven")
	}
	ownBroker.once.Do(func() {
		began := time.Now()
		ownBroker.err = ownBroker.open()
		t.Logf("broker started in %v", time.Since(began).Round(time.Millisecond))
	})
	if ownBroker.err != nil {
		t.Fatal(ownBroker.err)
	}
	ownBroker.clear(t)
	return ownBroker.addr
}

func (b *broker) open() error {
	var err error
	if b.dir, err = os.MkdirTemp("", "drumbeat-e2e-kafka-"); err != nil {
		return err
	}
	if b.port, err = freePorts(6); err != nil {
		return err
	}
	if err := b.watch(); err != nil {
		return err
	}
	if b.pki, err = newAuthority(b.dir); err != nil {
		return err
	}
	if err := errors.Join(b.pki.issue("server"), b.pki.issue("client")); err != nil {
		return err
	}
	return b.start()
}

// server is the broker as its scripts see it. Beside its own address it listens on proxied(), where it tells
// clients to come back to proxy(): whoever takes that port stands between the broker and those clients. On
// secure() it wants a client's certificate and a password.
func (b *broker) server() *soak.Server {
	args := []string{"--port", strconv.Itoa(b.port), "--heap", "512m"}
	const secure = "listener.name.secure."
	for _, setting := range []string{
		fmt.Sprintf("listeners=PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d,PROXIED://%s,SECURE://%s", b.port, b.port+1, b.proxied(), b.secure()),
		fmt.Sprintf("advertised.listeners=PLAINTEXT://127.0.0.1:%d,PROXIED://%s,SECURE://%s", b.port, b.proxy(), b.secure()),
		"listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT,SECURE:SASL_SSL",
		secure + "ssl.keystore.type=PEM", secure + "ssl.keystore.location=" + b.pki.file("server.both"),
		secure + "ssl.truststore.type=PEM", secure + "ssl.truststore.location=" + b.pki.file("ca.pem"),
		secure + "ssl.client.auth=required",
		secure + "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
		secure + fmt.Sprintf(`plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_%s="%s";`, kafkaUser, kafkaPassword),
		secure + "scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		secure + "scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
	} {
		args = append(args, "--set", setting)
	}
	return &soak.Server{Scripts: deployed("kafka"), Note: "kafka.pid", Data: b.dir, Args: args}
}

// Who may come to secure().
const kafkaUser, kafkaPassword = "drumbeat", "a-password-of-kafka"

// start starts the broker, again after a stop.
func (b *broker) start() (err error) {
	b.addr, err = b.server().Start(context.Background())
	return err
}

// neighbour is a port that nobody else of this process takes.
func (b *broker) neighbour() int { return b.port + 4 }

func (b *broker) secure() string  { return fmt.Sprintf("127.0.0.1:%d", b.port+5) }
func (b *broker) proxied() string { return fmt.Sprintf("127.0.0.1:%d", b.port+2) }
func (b *broker) proxy() string   { return fmt.Sprintf("127.0.0.1:%d", b.port+3) }

// stop stops the broker; its data stays.
func (b *broker) stop() error { return b.server().Stop() }

func deployed(script string) string { return filepath.Join(repository, "deploy", script) }

// watch leaves the end of the broker to a shell that stops it and removes its data when its input ends: at
// the end of the tests, and also when they time out or are killed.
func (b *broker) watch() error {
	script, err := filepath.Abs(deployed("kafka/stop"))
	if err != nil {
		return err
	}
	b.shut = exec.Command("/bin/sh", "-c", `cat >/dev/null; "$1" --data "$2" 2>/dev/null; rm -rf "$2"`, "sh", script, b.dir)
	b.shut.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // out of reach of Ctrl-C
	if b.end, err = b.shut.StdinPipe(); err != nil {
		return err
	}
	return b.shut.Start()
}

// close stops the broker, if there is one.
func (b *broker) close() {
	if b.end != nil {
		_ = errors.Join(b.end.Close(), b.shut.Wait()) // nobody is left to be told
	}
}

// clear deletes all topics. Groups are not deleted: tests take names of their own.
func (b *broker) clear(t *testing.T) {
	t.Helper()
	client := newAdmin(t, b.addr)
	topics := func() []string {
		m, err := client.Metadata(t.Context(), &kafkago.MetadataRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, topic := range m.Topics {
			if !topic.Internal && !strings.HasPrefix(topic.Name, "__") {
				names = append(names, topic.Name)
			}
		}
		return names
	}
	old := topics()
	if len(old) == 0 {
		return
	}
	res, err := client.DeleteTopics(t.Context(), &kafkago.DeleteTopicsRequest{Topics: old})
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range res.Errors {
		if err != nil {
			t.Fatalf("delete %s: %v", name, err)
		}
	}
	eventually(t, "topics deleted", 30*time.Second, func() (bool, string) {
		left := topics()
		return len(left) == 0, fmt.Sprint(left)
	})
}

// newClient is a client of the tests.
func newClient(t *testing.T, address string) *kafka.Client {
	t.Helper()
	c, err := kafka.NewClient(kafka.Config{Brokers: []string{address}, ClientID: "e2e", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// newAdmin is a client of the library, for what ours has no need of: it deletes topics and does not wait for
// those that are missing.
func newAdmin(t *testing.T, address string) *kafkago.Client {
	t.Helper()
	transport := &kafkago.Transport{ClientID: "e2e-admin", MetadataTTL: 100 * time.Millisecond}
	t.Cleanup(transport.CloseIdleConnections)
	return &kafkago.Client{Addr: kafkago.TCP(address), Timeout: 10 * time.Second, Transport: transport}
}

// records is the number of records that a topic has been given, 0 as long as it does not exist.
func records(t *testing.T, c *kafkago.Client, topic string) int64 {
	t.Helper()
	m, err := c.Metadata(t.Context(), &kafkago.MetadataRequest{Topics: []string{topic}})
	if err != nil || len(m.Topics) != 1 || m.Topics[0].Error != nil {
		return 0
	}
	var asked []kafkago.OffsetRequest
	for _, p := range m.Topics[0].Partitions {
		asked = append(asked, kafkago.LastOffsetOf(p.ID))
	}
	res, err := c.ListOffsets(t.Context(), &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: asked}})
	if err != nil {
		return 0
	}
	var sum int64
	for _, p := range res.Topics[topic] {
		sum += p.LastOffset
	}
	return sum
}

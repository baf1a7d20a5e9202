package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// Client holds the connections to one cluster; everything else of the package works through one. It is
// safe for use by many goroutines.
type Client struct {
	cfg       Config
	log       *slog.Logger
	api       *kafkago.Client
	transport *kafkago.Transport
	dialer    *kafkago.Dialer

	// since holds the Unix nanoseconds of the first of the failures in a row, 0 after a success.
	since atomic.Int64
}

// NewClient checks the configuration and reads its files; it connects to nothing yet.
func NewClient(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	tlsConfig, err := cfg.TLS.client()
	if err != nil {
		return nil, err
	}
	mechanism, err := cfg.SASL.mechanism()
	if err != nil {
		return nil, fmt.Errorf("kafka: SASL %s: %w", cfg.SASL.Mechanism, err)
	}
	dial := (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	transport := &kafkago.Transport{
		Dial:     dial,
		ClientID: cfg.ClientID,
		TLS:      tlsConfig,
		SASL:     mechanism,
		// A leader that moved is found after at most this long: the library reads metadata anew only
		// when this has passed, not when a broker says that it no longer leads.
		MetadataTTL: 2 * time.Second,
	}
	return &Client{
		cfg:       cfg,
		log:       cfg.Log,
		transport: transport,
		api:       &kafkago.Client{Addr: kafkago.TCP(cfg.Brokers...), Timeout: cfg.Timeout, Transport: transport},
		dialer: &kafkago.Dialer{
			ClientID: cfg.ClientID, DialFunc: dial, Timeout: 10 * time.Second, TLS: tlsConfig, SASLMechanism: mechanism,
		},
	}, nil
}

// Close closes the idle connections, and those in use once their request is answered. Close it after
// everything that uses it has ended. Closing twice is legal.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Names are the topics' names in use.
func (c *Client) Names() Names { return c.cfg.Topics }

// Unreachable says for how long every request has failed; 0 if the last one was answered. Readiness
// is measured by it, because reading retries for ever and says so only here and in the log.
func (c *Client) Unreachable() time.Duration {
	since := c.since.Load()
	if since == 0 {
		return 0
	}
	return time.Since(time.Unix(0, since))
}

// answered notes for Unreachable whether a request was answered.
func (c *Client) answered(err error) {
	switch {
	case err == nil:
		c.since.Store(0)
	case !errors.Is(err, context.Canceled):
		c.since.CompareAndSwap(0, time.Now().UnixNano())
	}
}

// roundTrip sends a request and waits for its answer, at most for the configured time and wait. A
// context without a deadline would leave the connection's goroutine reading for ever from a broker
// that has gone without a word.
func (c *Client) roundTrip(ctx context.Context, wait time.Duration, req protocol.Message) (protocol.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout+wait)
	defer cancel()
	res, err := c.transport.RoundTrip(ctx, c.api.Addr, req)
	c.answered(err)
	return res, err
}

// ClusterID is the identity that the cluster was formatted with.
func (c *Client) ClusterID(ctx context.Context) (string, error) {
	m, err := c.api.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{}})
	c.answered(err)
	if err != nil {
		return "", fmt.Errorf("kafka: cluster id: %w", err)
	}
	return m.ClusterID, nil
}

// partitions returns the number of partitions of the topic. It never creates the topic.
func (c *Client) partitions(ctx context.Context, topic string) (int, error) {
	m, err := c.api.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{topic}})
	c.answered(err)
	if err != nil {
		return 0, fmt.Errorf("kafka: topic %s: %w", topic, err)
	}
	for _, t := range m.Topics {
		if t.Name != topic {
			continue
		}
		if t.Error != nil {
			return 0, fmt.Errorf("kafka: topic %s: %w", topic, t.Error)
		}
		if len(t.Partitions) > 0 {
			return len(t.Partitions), nil
		}
	}
	return 0, fmt.Errorf("kafka: topic %s: %w", topic, kafkago.UnknownTopicOrPartition)
}

// awaitPartitions is partitions that waits for the topic. Joining a group or asking through a
// connection of kafka-go instead would create a missing topic, with one partition, on a broker that
// allows that.
func (c *Client) awaitPartitions(ctx context.Context, topic string) (int, error) {
	var n int
	err := c.retry(ctx, "waiting for topic "+topic, func() (err error) {
		n, err = c.partitions(ctx, topic)
		return err
	})
	return n, err
}

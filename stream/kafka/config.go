package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"drumbeat/schemas"
)

// Config says how to reach a cluster. The zero value of every field but Brokers is useful.
type Config struct {
	// Brokers are host:port of some brokers; the others are found through them.
	Brokers []string
	// ClientID names this process in the brokers' logs and quotas. Empty: drumbeat.
	ClientID string
	TLS      TLS
	SASL     SASL
	// Topics are the names of our topics. Empty ones: the contract's.
	Topics Names
	// Timeout limits one request and its answer. 0: 30 s.
	Timeout time.Duration
	// Log receives what is retried. nil: slog.Default().
	Log *slog.Logger
}

// Names are the names of our topics.
type Names struct {
	Events, Plans, DeadLetters string
}

// TLS is used if Enabled, or if any file is named.
type TLS struct {
	Enabled bool
	// CA is a PEM file of the authorities to trust. Empty: the system's.
	CA string
	// Cert and Key are PEM files of the client's certificate, both or neither.
	Cert, Key string
	// ServerName overrides the name that the broker's certificate must have.
	ServerName string
}

// SASL authenticates the client; an empty Mechanism means not.
type SASL struct {
	// Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
	Mechanism string
	User      string
	Password  Secret
}

// Secret is text that does not print.
type Secret string

// String hides the secret.
func (Secret) String() string { return "(secret)" }

// GoString hides the secret.
func (Secret) GoString() string { return "(secret)" }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue("(secret)") }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

func (c Config) withDefaults() Config {
	if c.ClientID == "" {
		c.ClientID = "drumbeat"
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Topics.Events == "" {
		c.Topics.Events = schemas.EventsTopic
	}
	if c.Topics.Plans == "" {
		c.Topics.Plans = schemas.PlansTopic
	}
	if c.Topics.DeadLetters == "" {
		c.Topics.DeadLetters = schemas.DeadLettersTopic
	}
	return c
}

// Validate says what is missing or contradicts itself. It reads no file.
func (c Config) Validate() error {
	if len(c.Brokers) == 0 {
		return errors.New("kafka: no broker is named")
	}
	for _, b := range c.Brokers {
		if _, port, err := net.SplitHostPort(b); err != nil || port == "" {
			return fmt.Errorf("kafka: broker %q is not host:port", b)
		}
	}
	if c.Timeout < 0 {
		return fmt.Errorf("kafka: timeout %v is negative", c.Timeout)
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return errors.New("kafka: a TLS certificate needs its key, and a key its certificate")
	}
	switch c.SASL.Mechanism {
	case "":
		if c.SASL.User != "" || c.SASL.Password != "" {
			return errors.New("kafka: a SASL user or password is set, but no mechanism")
		}
	case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
		if c.SASL.User == "" || c.SASL.Password == "" {
			return fmt.Errorf("kafka: SASL %s needs a user and a password", c.SASL.Mechanism)
		}
	default:
		return fmt.Errorf("kafka: SASL mechanism %q is not PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", c.SASL.Mechanism)
	}
	seen := map[string]bool{}
	c = c.withDefaults()
	for _, name := range []string{c.Topics.Events, c.Topics.Plans, c.Topics.DeadLetters} {
		if seen[name] {
			return fmt.Errorf("kafka: topic %q has two roles", name)
		}
		seen[name] = true
	}
	return nil
}

// client returns the TLS configuration, nil for plain text.
func (t TLS) client() (*tls.Config, error) {
	if !t.Enabled && t.CA == "" && t.Cert == "" && t.ServerName == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("kafka: TLS authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("kafka: TLS authorities: %s holds no PEM certificate", t.CA)
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("kafka: TLS certificate %s: %w", t.Cert, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

func (s SASL) mechanism() (sasl.Mechanism, error) {
	switch s.Mechanism {
	case "PLAIN":
		return plain.Mechanism{Username: s.User, Password: string(s.Password)}, nil
	case "SCRAM-SHA-256":
		return scram.Mechanism(scram.SHA256, s.User, string(s.Password))
	case "SCRAM-SHA-512":
		return scram.Mechanism(scram.SHA512, s.User, string(s.Password))
	}
	return nil, nil
}

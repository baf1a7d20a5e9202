package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"drumbeat/stream"
)

// certificate makes a certificate for 127.0.0.1 that signs itself, and writes it to PEM files.
func certificate(t *testing.T) (pair tls.Certificate, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if pair, err = tls.LoadX509KeyPair(certFile, keyFile); err != nil {
		t.Fatal(err)
	}
	return pair, certFile, keyFile
}

// TestSecureConnections goes through both kinds of connection, of requests and of the group, with each
// mechanism over mutual TLS.
func TestSecureConnections(t *testing.T) {
	pair, certFile, keyFile := certificate(t)
	pool := x509.NewCertPool()
	pool.AddCert(pair.Leaf)
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			addrs := brokers(t, false, kfake.EnableSASL(), kfake.Superuser(mechanism, "user", "right"),
				kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}))
			cfg := Config{
				Brokers: addrs, Timeout: 5 * time.Second, Log: slog.New(slog.DiscardHandler),
				TLS:  TLS{CA: certFile, Cert: certFile, Key: keyFile},
				SASL: SASL{Mechanism: mechanism, User: "user", Password: "right"},
			}
			c, err := NewClient(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.CreateTopics(t.Context(), TopicOptions{}); err != nil {
				t.Fatal(err)
			}
			s, err := NewSource(c, quick("g"))
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			joined := false
			err = s.Run(ctx, func(ctx context.Context, p stream.Partition) error {
				if p.ID() == 0 {
					if err := p.Alive(ctx); err != nil {
						t.Errorf("Alive: %v", err)
					}
					joined = true
					stop()
				}
				<-ctx.Done()
				return nil
			})
			if err != nil || !joined {
				t.Errorf("Run: %v; joined: %v", err, joined)
			}
			for name, change := range map[string]func(*Config){
				"wrong password": func(c *Config) { c.SASL.Password = "wrong" },
				"no TLS":         func(c *Config) { c.TLS = TLS{} },
				"no certificate": func(c *Config) { c.TLS.Cert, c.TLS.Key = "", "" },
				"unknown CA":     func(c *Config) { c.TLS = TLS{Enabled: true} },
			} {
				bad := cfg
				change(&bad)
				refused, err := NewClient(bad)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := refused.ClusterID(t.Context()); err == nil {
					t.Errorf("%s: no error", name)
				}
				refused.Close()
			}
		})
	}
}

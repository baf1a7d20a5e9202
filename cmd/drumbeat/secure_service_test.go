package main

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	kafkago "github.com/segmentio/kafka-go"

	"drumbeat/stream"
	"drumbeat/stream/kafka"
	"drumbeat/stream/postgres"
)

// scramUser makes the user known to both SCRAM mechanisms of the broker.
func scramUser(t *testing.T) {
	t.Helper()
	admin := newAdmin(t, ownBroker.addr)
	for mechanism, hash := range map[kafkago.ScramMechanism]func() hash.Hash{
		kafkago.ScramMechanismSha256: sha256.New, kafkago.ScramMechanismSha512: sha512.New,
	} {
		salt := []byte(rand.Text())
		salted, err := pbkdf2.Key(hash, kafkaPassword, salt, 4096, hash().Size())
		if err != nil {
			t.Fatal(err)
		}
		res, err := admin.AlterUserScramCredentials(t.Context(), &kafkago.AlterUserScramCredentialsRequest{
			Upsertions: []kafkago.UserScramCredentialsUpsertion{{Name: kafkaUser, Mechanism: mechanism, Iterations: 4096, Salt: salt, SaltedPassword: salted}},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range res.Results {
			if r.Error != nil {
				t.Fatal(r.Error)
			}
		}
	}
}

// overTLS is how a client comes to the broker's secure address.
func overTLS(mechanism string) kafka.Config {
	pki := ownBroker.pki
	return kafka.Config{
		Brokers: []string{ownBroker.secure()}, Timeout: 10 * time.Second, Log: slog.New(slog.DiscardHandler),
		TLS:  kafka.TLS{CA: pki.file("ca.pem"), Cert: pki.file("client.pem"), Key: pki.file("client.key")},
		SASL: kafka.SASL{Mechanism: mechanism, User: kafkaUser, Password: kafkaPassword},
	}
}

// Each mechanism over mutual TLS to a real broker, through both kinds of connection, of requests and of the
// group; and whoever lacks anything is refused.
func TestSecureKafka(t *testing.T) {
	takeTurn(t, brokerLane)
	freshBroker(t)
	scramUser(t)
	stranger, err := newAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.issue("client"); err != nil {
		t.Fatal(err)
	}
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			config := overTLS(mechanism)
			client, err := kafka.NewClient(config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			if _, err := client.CreateTopics(t.Context(), kafka.TopicOptions{}); err != nil {
				t.Fatal(err)
			}
			source, err := kafka.NewSource(client, kafka.GroupConfig{ID: "secure-" + mechanism, Session: session})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			joined := false
			err = source.Run(ctx, func(ctx context.Context, p stream.Partition) error {
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
			for name, change := range map[string]func(*kafka.Config){
				"wrong password": func(c *kafka.Config) { c.SASL.Password = "wrong" },
				"unknown user":   func(c *kafka.Config) { c.SASL.User = "nobody" },
				"no SASL":        func(c *kafka.Config) { c.SASL = kafka.SASL{} },
				"no TLS":         func(c *kafka.Config) { c.TLS = kafka.TLS{} },
				"no certificate": func(c *kafka.Config) { c.TLS.Cert, c.TLS.Key = "", "" },
				"a stranger certificate": func(c *kafka.Config) {
					c.TLS.Cert, c.TLS.Key = stranger.file("client.pem"), stranger.file("client.key")
				},
				"unknown authority":     func(c *kafka.Config) { c.TLS.CA = stranger.file("ca.pem") },
				"another server's name": func(c *kafka.Config) { c.TLS.ServerName = "elsewhere.example" },
			} {
				bad := config
				change(&bad)
				refused, err := kafka.NewClient(bad)
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
				id, err := refused.ClusterID(ctx)
				stop()
				refused.Close()
				switch {
				case err == nil:
					t.Errorf("%s: came in, cluster %s", name, id)
				case strings.Contains(err.Error(), kafkaPassword):
					t.Errorf("%s: the error holds the password: %v", name, err)
				}
			}
		})
	}
}

// The whole service as it runs where it matters: SCRAM over mutual TLS to Kafka, verified TLS to Postgres as the
// writer, both passwords from files or the environment. No password is ever logged, nor part of a command line.
func TestSecureService(t *testing.T) {
	takeTurn(t, brokerLane)
	p := newPlant(t, 2)
	scramUser(t)
	const dbPassword = "a-password-of-postgres"
	login := "secure_" + strings.ToLower(rand.Text())
	p.exec(fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s' IN ROLE drumbeat_writer", login, dbPassword))
	t.Cleanup(func() {
		if _, err := p.admin.Exec(context.Background(), fmt.Sprintf("DROP OWNED BY %s; DROP ROLE %s", login, login)); err != nil {
			t.Error(err)
		}
	})
	file := func(name, text string) string {
		path := filepath.Join(p.world.home, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	kafkaSecret := file("kafka.password", kafkaPassword+"\n")
	pgpass := file("pgpass", fmt.Sprintf("*:*:*:%s:%s\n", login, dbPassword))
	at := *p.db
	at.User = url.User(login)
	at.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {ownPostgres.pki.file("ca.pem")}, "passfile": {pgpass}}.Encode()
	pki := ownBroker.pki
	secure := []string{
		"--kafka-ca", pki.file("ca.pem"), "--kafka-cert", pki.file("client.pem"), "--kafka-key", pki.file("client.key"),
		"--kafka-sasl", "SCRAM-SHA-512", "--kafka-user", kafkaUser, "--log-level", "debug",
	}
	w := world{home: p.world.home, broker: ownBroker.secure(), database: at.String()}
	service := p.start("service", w, "intake,planner", append(secure, "--kafka-password-file", kafkaSecret)...)
	p.sell(100)
	p.holds("secure")
	if n := p.number("SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.usename = $1 AND NOT s.ssl", login); n != 0 {
		t.Errorf("%d connections to Postgres are in the clear", n)
	}
	if n := p.number("SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.usename = $1 AND s.ssl", login); n == 0 {
		t.Error("no connection to Postgres over TLS")
	}
	service.stop(t, 20*time.Second)

	// From the environment, and with what does not fit: the error tells, the secret does not show.
	w.more = []string{passwordVariable + "=" + kafkaPassword, "PGPASSWORD=" + dbPassword}
	fromEnv := p.start("service", w, "intake,planner", secure...)
	p.sell(20)
	p.holds("secrets from the environment")
	fromEnv.stop(t, 20*time.Second)
	w.more = []string{passwordVariable + "=" + kafkaPassword}
	at.User = url.UserPassword(login, "not-"+dbPassword)
	w.database = at.String() // the variable, not the command line
	refused := start(t, w, "refused", append([]string{"serve", "--roles", "planner", "--address", freeAddress(t), "--log-format", "json"}, secure...)...)
	eventually(t, "refused", time.Minute, func() (bool, string) {
		said := refused.err.String()
		return strings.Contains(said, "password") || refused.ended(), said
	})
	refused.kill()
	checked := drumbeat(t, w, time.Minute, append([]string{"serve", "--check-config"}, secure...)...)
	for name, said := range map[string]string{
		"service": service.out.String() + service.err.String(), "from the environment": fromEnv.out.String() + fromEnv.err.String(),
		"refused": refused.out.String() + refused.err.String(), "--check-config": checked,
		"command lines": strings.Join(append(service.cmd.Args, fromEnv.cmd.Args...), " "),
	} {
		for _, secret := range []string{kafkaPassword, dbPassword} {
			if strings.Contains(said, secret) {
				t.Errorf("%s shows the password %q", name, secret)
			}
		}
	}
}

// Postgres must prove who it is: another authority, or a certificate for another name, is refused.
func TestSecurePostgres(t *testing.T) {
	takeTurn(t, brokerLane)
	p := newPlant(t, 1)
	stranger, err := newAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, host, root string
		welcome          bool
	}{
		{"its own", "127.0.0.1", ownPostgres.pki.file("ca.pem"), true},
		{"unknown authority", "127.0.0.1", stranger.file("ca.pem"), false},
		{"another name", "localhost", ownPostgres.pki.file("ca.pem"), false},
	} {
		at := *p.db
		at.Host = c.host + ":" + at.Port()
		at.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {c.root}}.Encode()
		store, err := postgres.Open(t.Context(), at.String())
		if err == nil {
			store.Close()
		}
		if (err == nil) != c.welcome {
			t.Errorf("%s: %v", c.name, err)
		}
		if password, _ := p.db.User.Password(); err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("%s: the error holds the password: %v", c.name, err)
		}
	}
	var encrypted bool
	at := *p.db
	at.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {ownPostgres.pki.file("ca.pem")}}.Encode()
	conn, err := pgx.Connect(t.Context(), at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(t.Context(), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&encrypted); err != nil || !encrypted {
		t.Errorf("encrypted: %v, %v", encrypted, err)
	}
}

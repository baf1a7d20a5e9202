package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"drumbeat/stream/kafka"
)

// passwordVariable holds the SASL password; no flag does, because the command line of a process is
// public.
const passwordVariable = "DRUMBEAT_KAFKA_PASSWORD"

// kafkaFlags are the flags of every command that talks to Kafka. Embed them with `embed:"" prefix:"kafka-"`.
type kafkaFlags struct {
	Brokers  []string `env:"DRUMBEAT_KAFKA_BROKERS" default:"localhost:9092" help:"Some brokers, host:port."`
	ClientID string   `name:"client-id" env:"DRUMBEAT_KAFKA_CLIENT_ID" default:"drumbeat" help:"Name of this process in the brokers' logs and quotas."`

	TLS        bool   `name:"tls" env:"DRUMBEAT_KAFKA_TLS" help:"Encrypt. Implied by the other TLS flags."`
	CA         string `name:"ca" env:"DRUMBEAT_KAFKA_CA" placeholder:"FILE" help:"PEM file of the authorities to trust; by default the system's."`
	Cert       string `name:"cert" env:"DRUMBEAT_KAFKA_CERT" placeholder:"FILE" help:"PEM file of the client's certificate."`
	Key        string `name:"key" env:"DRUMBEAT_KAFKA_KEY" placeholder:"FILE" help:"PEM file of the certificate's key."`
	ServerName string `name:"server-name" env:"DRUMBEAT_KAFKA_SERVER_NAME" help:"Name that the brokers' certificates must have."`

	SASL         string `name:"sasl" env:"DRUMBEAT_KAFKA_SASL" enum:",PLAIN,SCRAM-SHA-256,SCRAM-SHA-512" default:"" help:"PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."`
	User         string `name:"user" env:"DRUMBEAT_KAFKA_USER" help:"SASL user."`
	PasswordFile string `name:"password-file" env:"DRUMBEAT_KAFKA_PASSWORD_FILE" placeholder:"FILE" help:"File that holds the SASL password; or set DRUMBEAT_KAFKA_PASSWORD."`
}

// client checks the flags and reads their files. It connects to nothing yet; close it.
func (f *kafkaFlags) client(log *slog.Logger) (*kafka.Client, error) {
	password, err := f.password()
	if err != nil {
		return nil, badInput(err)
	}
	c, err := kafka.NewClient(kafka.Config{
		Brokers:  f.Brokers,
		ClientID: f.ClientID,
		TLS:      kafka.TLS{Enabled: f.TLS, CA: f.CA, Cert: f.Cert, Key: f.Key, ServerName: f.ServerName},
		SASL:     kafka.SASL{Mechanism: f.SASL, User: f.User, Password: password},
		Log:      log,
	})
	if err != nil {
		return nil, badInput(err)
	}
	return c, nil
}

// password reads the SASL password from the file, else from the environment. A line feed at the end of
// the file is an editor's.
func (f *kafkaFlags) password() (kafka.Secret, error) {
	fromEnv := os.Getenv(passwordVariable)
	if f.PasswordFile == "" {
		if f.SASL == "" {
			return "", nil // the variable may be meant for another command
		}
		return kafka.Secret(fromEnv), nil
	}
	if fromEnv != "" {
		return "", errors.New("both --kafka-password-file and " + passwordVariable + " are set; one of them is enough")
	}
	text, err := os.ReadFile(f.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("--kafka-password-file: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" {
		return "", fmt.Errorf("--kafka-password-file: %s is empty", f.PasswordFile)
	}
	return kafka.Secret(password), nil
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"drumbeat/stream"
)

// settings are the flags of a command that ran, with where their values come from.
type settings struct {
	k    *kong.Context
	file *configFile
}

// origin says where the value of a flag comes from: "flag", a variable, "FILE:LINE", or "default".
func (s settings) origin(flag *kong.Flag) string {
	onLine := func(p *kong.Path) bool { return p.Flag == flag && !p.Resolved }
	if slices.ContainsFunc(s.k.Path, onLine) {
		return "flag"
	}
	if name, ok := fromEnvironment(flag); ok {
		return name
	}
	if value, ok := s.file.values[flag.Name]; ok {
		return fmt.Sprintf("%s:%d", s.file.path, value.line)
	}
	return "default"
}

// wrong is err as wrong use, with the origins of those of the named settings that are not defaults.
func (s settings) wrong(err error, names ...string) error {
	var origins []string
	for _, flag := range s.k.Selected().Flags {
		if from := s.origin(flag); slices.Contains(names, flag.Name) && from != "default" {
			origins = append(origins, flag.Name+": "+from)
		}
	}
	if len(origins) > 0 {
		err = fmt.Errorf("%w (%s)", err, strings.Join(origins, ", "))
	}
	return badInput(err)
}

// print writes all settings as a configuration file that says the same, each with its origin, and as comments what
// a site's policy starts from. Passwords are left out.
func (s settings) print(w io.Writer, policy stream.Settings) error {
	root := &yaml.Node{Kind: yaml.MappingNode}
	for _, flag := range s.k.Selected().Flags {
		if !isSetting(flag) {
			continue
		}
		shown := flag.Target.Interface()
		if flag.Name == "postgres" {
			shown = withoutPassword(flag.Target.String())
		}
		value := &yaml.Node{}
		if err := value.Encode(shown); err != nil {
			return err
		}
		value.Style |= yaml.FlowStyle
		value.LineComment = s.origin(flag)
		root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: flag.Name}, value)
	}
	body, err := yaml.Marshal(root)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	fmt.Fprintln(&page, "# What holds, and where it comes from: a flag, a variable, a file, or the default.")
	for line := range strings.Lines(string(body)) {
		at := strings.LastIndex(line, " # ")
		fmt.Fprintf(&page, "%-40s%s", line[:at], line[at:])
	}
	if os.Getenv(passwordVariable) != "" {
		fmt.Fprintln(&page, "# Kafka's password is in "+passwordVariable+".")
	}
	text, err := policyText(policy)
	if err != nil {
		return err
	}
	fmt.Fprint(&page, "#\n# What a site plans by until its own policy (drumbeat.policy.v1) says otherwise:\n", text)
	_, err = w.Write(page.Bytes())
	return err
}

// policyText is a policy in YAML, as comments.
func policyText(policy stream.Settings) (string, error) {
	body, err := json.Marshal(policy)
	if err != nil {
		return "", err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(body, &document); err != nil { // JSON is YAML, with the fields in order
		return "", err
	}
	policyNode := document.Content[0]
	policyNode.Style = 0
	for _, value := range policyNode.Content {
		value.Style &^= yaml.DoubleQuotedStyle
	}
	var text bytes.Buffer
	if err := yaml.NewEncoder(&text).Encode(policyNode); err != nil {
		return "", err
	}
	var out strings.Builder
	for line := range strings.Lines(text.String()) {
		out.WriteString("#   " + line)
	}
	return out.String(), nil
}

// withoutPassword is a connection string, as a URL or in key=value form, that can be shown.
func withoutPassword(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return strings.TrimSpace(passwordPair.ReplaceAllString(dsn, ""))
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	query := u.Query()
	query.Del("password")
	query.Del("sslpassword")
	u.RawQuery = query.Encode()
	return u.String()
}

// passwordPair is a password, and what follows it up to the next pair.
var passwordPair = regexp.MustCompile(`\b(?:ssl)?password\s*=\s*(?:'(?:[^'\\]|\\.)*'|[^\s']*)\s*`)

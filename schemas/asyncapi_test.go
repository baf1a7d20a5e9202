package schemas

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// asyncAPI is what the tests read of the document.
type asyncAPI struct {
	Version  string `json:"asyncapi"`
	Info     struct{ Title, Version string }
	Channels map[string]struct {
		Address  string
		Messages map[string]reference
		Bindings struct {
			Kafka *struct {
				Topic              string
				Partitions         int
				TopicConfiguration map[string]any
				BindingVersion     string
			}
		}
	}
	Operations map[string]struct {
		Action  string
		Channel reference
	}
	Components struct {
		Messages map[string]struct {
			Name    string
			Headers *format
			Payload json.RawMessage
			Example string `json:"x-example"`
		}
	}
}

type reference struct {
	Ref string `json:"$ref"`
}

type format struct {
	SchemaFormat string
	Schema       reference
}

func readAsyncAPI(t *testing.T) (doc asyncAPI, tree any) {
	t.Helper()
	if err := json.Unmarshal(AsyncAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(AsyncAPI(), &tree); err != nil {
		t.Fatal(err)
	}
	return doc, tree
}

// The meta-schema is that of github.com/asyncapi/spec-json-schemas, schemas/3.0.0.json (Apache-2.0),
// with the definitions of the Kafka bindings in it.
func TestAsyncAPIAgainstItsMetaSchema(t *testing.T) {
	file, err := os.Open("testdata/asyncapi-3.0.0.schema.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := jsonschema.UnmarshalJSON(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	const id = "http://asyncapi.com/definitions/3.0.0/asyncapi.json"
	c := jsonschema.NewCompiler()
	if err := c.AddResource(id, meta); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(schema, AsyncAPI()); err != nil {
		t.Error(err)
	}
	spoiled := bytes.Replace(AsyncAPI(), []byte(`"action": "send"`), []byte(`"action": "shout"`), 1)
	if validate(schema, spoiled) == nil {
		t.Error("the meta-schema takes an unknown action")
	}
}

func TestAsyncAPIReferencesResolve(t *testing.T) {
	_, tree := readAsyncAPI(t)
	used := map[string]bool{}
	var walk func(path string, node any)
	walk = func(path string, node any) {
		switch node := node.(type) {
		case []any:
			for i, v := range node {
				walk(path+"/"+strconv.Itoa(i), v)
			}
		case map[string]any:
			if ref, ok := node["$ref"].(string); ok {
				if len(node) != 1 {
					t.Errorf("%s: members beside $ref are ignored by readers", path)
				}
				if file, local := strings.CutPrefix(ref, "#/"); local {
					at := tree
					for _, step := range strings.Split(file, "/") {
						at, _ = at.(map[string]any)[step]
						if at == nil {
							t.Fatalf("%s: %s leads nowhere", path, ref)
						}
					}
				} else if _, err := files.ReadFile(ref); err != nil {
					t.Errorf("%s: %v", path, err)
				}
				used[ref] = true
			}
			for k, v := range node {
				walk(path+"/"+k, v)
			}
		}
	}
	walk("#", tree)
	for _, name := range []string{"event", "head", "line", "dead-letter-headers", "event-headers", "tombstone-headers"} {
		if !used["json/"+name+".schema.json"] {
			t.Errorf("the schema %s is not used", name)
		}
	}
	doc, _ := readAsyncAPI(t)
	for name := range doc.Components.Messages {
		if !used["#/components/messages/"+name] {
			t.Errorf("the message %s is on no channel", name)
		}
	}
}

func TestAsyncAPIStructure(t *testing.T) {
	doc, _ := readAsyncAPI(t)
	if doc.Version != "3.0.0" || doc.Info.Title == "" || doc.Info.Version == "" {
		t.Errorf("asyncapi %q, info %+v", doc.Version, doc.Info)
	}
	for name, op := range doc.Operations {
		channel, ok := strings.CutPrefix(op.Channel.Ref, "#/channels/")
		if _, there := doc.Channels[channel]; !ok || !there || (op.Action != "send" && op.Action != "receive") {
			t.Errorf("operation %s: %+v", name, op)
		}
	}
	types := map[string]bool{}
	for name, m := range doc.Components.Messages {
		if m.Name == "" || len(m.Payload) == 0 {
			t.Errorf("message %s: %+v", name, m)
		}
		types[m.Name] = true
		if m.Headers != nil && !strings.Contains(m.Headers.SchemaFormat, "draft-2020-12") {
			t.Errorf("the headers of %s are of %q", name, m.Headers.SchemaFormat)
		}
		if m.Example != "" {
			if _, err := files.ReadFile(m.Example); err != nil {
				t.Errorf("message %s: %v", name, err)
			}
		}
	}
	for _, typ := range Types() {
		if !types[typ.String()] {
			t.Errorf("no message has the name %s", typ)
		}
	}
	for _, c := range []string{"input", "events"} {
		if n := len(doc.Channels[c].Messages); n != len(Types()) {
			t.Errorf("channel %s has %d messages of %d types", c, n, len(Types()))
		}
	}
}

func TestAsyncAPITopicsAreOurs(t *testing.T) {
	doc, _ := readAsyncAPI(t)
	if got := doc.Channels["input"].Address; got != DefaultInputTopic {
		t.Errorf("the input channel is %q", got)
	}
	described := map[string]bool{}
	for name, c := range doc.Channels {
		if name == "input" {
			continue
		}
		described[c.Address] = true
		i := slices.IndexFunc(Topics(), func(topic Topic) bool { return topic.Name == c.Address })
		if i < 0 || c.Bindings.Kafka == nil {
			t.Errorf("channel %s with address %q is no topic of ours", name, c.Address)
			continue
		}
		topic, k := Topics()[i], c.Bindings.Kafka
		if k.Topic != topic.Name || k.Partitions != topic.Partitions || k.BindingVersion == "" {
			t.Errorf("channel %s: %+v; want %+v", name, k, topic)
		}
		config := map[string]string{}
		for key, v := range k.TopicConfiguration {
			switch v := v.(type) {
			case []any:
				for _, e := range v {
					config[key] += e.(string)
				}
			case float64:
				config[key] = strconv.FormatInt(int64(v), 10)
			}
		}
		if !maps.Equal(config, topic.Config) {
			t.Errorf("topic %s: the document has %v, Go %v", topic.Name, config, topic.Config)
		}
	}
	for _, topic := range Topics() {
		if !described[topic.Name] {
			t.Errorf("topic %s is not described", topic.Name)
		}
	}
}

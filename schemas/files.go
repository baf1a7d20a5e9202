package schemas

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed json/*.schema.json examples/*.json asyncapi.json openapi.json
var files embed.FS

// Files holds the documents of the formats: json/*.schema.json (JSON Schema, draft 2020-12),
// examples/*.json, asyncapi.json (AsyncAPI 3.0), which refers to the schemas by these paths, and openapi.json.
func Files() fs.FS { return files }

// AsyncAPI is the AsyncAPI 3.0 document of all topics, messages and headers.
func AsyncAPI() []byte { return mustRead("asyncapi.json") }

// OpenAPI is the OpenAPI 3.1 document of the HTTP API.
func OpenAPI() []byte { return mustRead("openapi.json") }

// JSONSchema is the JSON Schema with this name, "item.v1" or "head"; false where there is none.
func JSONSchema(name string) ([]byte, bool) {
	b, err := files.ReadFile("json/" + name + ".schema.json")
	return b, err == nil
}

// JSONSchemas lists the names for [JSONSchema] in alphabetical order.
func JSONSchemas() []string {
	entries, err := files.ReadDir("json")
	if err != nil {
		panic(err) // the directory is part of the binary
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".schema.json")
	}
	return names
}

func mustRead(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err) // the file is part of the binary
	}
	return b
}

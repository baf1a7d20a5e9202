package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/optimize"
	"drumbeat/schemas"
)

// documentPath is where the OpenAPI document is served; the schemas of its components are below componentPrefix.
const (
	documentPath    = "/v1/openapi.json"
	componentPrefix = "#/components/schemas/"
)

// componentName tells the types of a scenario from those of a plan that have the same names.
func componentName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.PkgPath() == reflect.TypeFor[optimize.Answer]().PkgPath() {
		return "Scenario" + name
	}
	return name
}

// day is a date in an answer.
type day struct{}

// Schema implements huma.SchemaProvider.
func (day) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date"}
}

// publishedLine is a line as it was published; schemas describes it.
type publishedLine struct{}

// Schema implements huma.SchemaProvider.
func (publishedLine) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Ref: componentPrefix + "line"}
}

// Schema implements huma.SchemaProvider.
func (plan) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AllOf: []*huma.Schema{{Ref: componentPrefix + "head"}, r.Schema(reflect.TypeFor[planAge](), true, "")}}
}

// Document is the OpenAPI 3.1 document.
func (a *API) Document() []byte { return a.document }

// describe writes the document. Answers may get new members at any time, so the published document does not
// forbid them; the strict one does, for tests that nothing is left out.
func (a *API) describe(strict bool) ([]byte, error) {
	body, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("api: document: %w", err)
	}
	var doc map[string]any
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, fmt.Errorf("api: document: %w", err)
	}
	components := doc["components"].(map[string]any)["schemas"].(map[string]any)
	asked := requests(doc, components)
	for name, schema := range components {
		if asked[name] {
			allowNull(schema.(map[string]any))
		} else if !strict || name == "PlanAge" { // the head has the other members
			allowMore(schema)
		}
	}
	if err := a.describeEvents(components); err != nil {
		return nil, err
	}
	for _, name := range []string{"head", "line", "common"} {
		if components[name], err = published(name); err != nil {
			return nil, err
		}
	}
	body, err = json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("api: document: %w", err)
	}
	return append(body, '\n'), nil
}

// describeOthers adds the routes that huma does not serve.
func (a *API) describeOthers() {
	text := func(kind, description string) map[string]*huma.Response {
		return map[string]*huma.Response{"200": {Description: description, Content: map[string]*huma.MediaType{kind: {Schema: &huma.Schema{}}}}}
	}
	problem := map[string]*huma.MediaType{"application/problem+json": {Schema: a.schema(web.Problem{})}}
	guarded := func(r map[string]*huma.Response) map[string]*huma.Response {
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
			r[fmt.Sprint(status)] = &huma.Response{Description: http.StatusText(status), Content: problem}
		}
		return r
	}
	ready := text("application/json", "Every check holds.")
	ready["503"] = &huma.Response{Description: "Some check fails.", Content: problem}
	for path, op := range map[string]*huma.Operation{
		documentPath: {OperationID: "openapi", Summary: "This document", Responses: guarded(text("application/openapi+json", "The document."))},
		"/healthz":   {OperationID: "healthz", Summary: "Whether the process answers", Responses: text("application/json", "It does.")},
		"/readyz":    {OperationID: "readyz", Summary: "Whether the service is ready", Responses: ready},
		"/metrics":   {OperationID: "metrics", Summary: "Figures for Prometheus", Responses: text("text/plain", "The figures.")},
	} {
		op.Method, op.Path = http.MethodGet, path
		a.huma.OpenAPI().AddOperation(op)
	}
}

// requests are the names of the components that requests are checked by.
func requests(doc, components map[string]any) map[string]bool {
	found := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				if name := strings.TrimPrefix(ref, componentPrefix); !found[name] {
					found[name] = true
					walk(components[name])
				}
			}
			for _, m := range v {
				walk(m)
			}
		case []any:
			for _, m := range v {
				walk(m)
			}
		}
	}
	for _, path := range doc["paths"].(map[string]any) {
		for _, op := range path.(map[string]any) {
			if of, ok := op.(map[string]any); ok {
				walk(of["requestBody"])
			}
		}
	}
	return found
}

// allowNull says of a request's optional members what is true of them: null is absent.
func allowNull(schema map[string]any) {
	required, _ := schema["required"].([]any)
	properties, _ := schema["properties"].(map[string]any)
	for name, of := range properties {
		if of := of.(map[string]any); !slices.Contains(required, any(name)) {
			if kind, ok := of["type"].(string); ok {
				of["type"] = []any{kind, "null"}
			}
		}
	}
}

// nullable says the same of an event's data, whose members are described elsewhere.
func nullable(schema map[string]any) {
	required, _ := schema["required"].([]any)
	properties, _ := schema["properties"].(map[string]any)
	for name, of := range properties {
		if !slices.Contains(required, any(name)) {
			properties[name] = map[string]any{"anyOf": []any{of, map[string]any{"type": "null"}}}
		}
	}
}

// allowMore takes away what forbids members.
func allowMore(v any) {
	switch v := v.(type) {
	case map[string]any:
		if v["additionalProperties"] == false {
			delete(v, "additionalProperties")
		}
		for _, m := range v {
			allowMore(m)
		}
	case []any:
		for _, m := range v {
			allowMore(m)
		}
	}
}

// published is a schema of package schemas as a component.
func published(name string) (map[string]any, error) {
	body, ok := schemas.JSONSchema(name)
	if !ok {
		return nil, fmt.Errorf("api: document: no schema %s", name)
	}
	var schema map[string]any
	if err := json.Unmarshal(body, &schema); err != nil {
		return nil, fmt.Errorf("api: document: schema %s: %w", name, err)
	}
	delete(schema, "$schema")
	delete(schema, "$id")
	relocate(schema, name)
	return schema, nil
}

// relocate turns references between files into references between components.
func relocate(v any, name string) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			file, part, _ := strings.Cut(ref, "#")
			if file = strings.TrimSuffix(file, ".schema.json"); file == "" {
				file = name
			}
			v["$ref"] = componentPrefix + file + part
		}
		for _, m := range v {
			relocate(m, name)
		}
	case []any:
		for _, m := range v {
			relocate(m, name)
		}
	}
}

// describeEvents says which data each decision has. by may be missing: it is written from the token's name. The
// site is the one in the path.
func (a *API) describeEvents(components map[string]any) error {
	request := components["EventRequest"].(map[string]any)
	var kinds []any
	for _, kind := range schemas.Types() {
		if _, can := decisions[kind]; !can {
			continue
		}
		name := strings.TrimPrefix(kind.String(), "drumbeat.")
		schema, err := published(name)
		if err != nil {
			return err
		}
		nullable(schema)
		if required, ok := schema["required"].([]any); ok {
			schema["required"] = slices.DeleteFunc(required, func(v any) bool { return v == "by" })
		}
		if properties, ok := schema["properties"].(map[string]any); ok {
			delete(properties, "site")
		}
		components[name] = schema
		kinds = append(kinds, map[string]any{"properties": map[string]any{
			"type": map[string]any{"const": kind.String()}, "data": map[string]any{"$ref": componentPrefix + name},
		}})
	}
	request["oneOf"] = kinds
	return nil
}

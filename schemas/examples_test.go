package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"reflect"
	"strings"
	"testing"
)

// Each example is taken by its schema and by the Decoder, and comes out with the same members.
func TestExamples(t *testing.T) {
	schema := compile(t, "event")
	seen := 0
	for _, typ := range Types() {
		record := mustRead("examples/" + exampleName(typ))
		if err := validate(schema, record); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
		ev := decode(t, nil, string(record))
		out, err := Encode(&ev)
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		sameJSON(t, typ.String(), out, record)
		seen++
		// An example shows every field, so that none is read and forgotten.
		if n := readSchema(t, strings.TrimSuffix(exampleName(typ), ".json")); typ != TypeHeartbeat {
			var shown struct{ Data map[string]any }
			if err := json.Unmarshal(record, &shown); err != nil {
				t.Fatal(err)
			}
			for name := range n.Properties {
				if _, ok := shown.Data[name]; !ok && !hiddenInExample[typ.String()+" "+name] {
					t.Errorf("the example of %s does not show %s", typ, name)
				}
			}
		}
	}
	for name, read := range map[string]func([]byte) ([]byte, error){
		"head": reencode[Head], "head-infeasible": reencode[Head], "line": reencode[Line], "plan": reencode[Plan],
		"dead-letter-headers": reencode[map[string]string], "event-headers": reencode[map[string]string], "tombstone-headers": reencode[map[string]string],
	} {
		value := mustRead("examples/" + name + ".json")
		if err := validate(compile(t, strings.TrimSuffix(name, "-infeasible")), value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		out, err := read(value)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sameJSON(t, name, out, value)
		seen++
	}
	if all, err := fs.Glob(Files(), "examples/*.json"); err != nil || len(all) != seen {
		t.Errorf("%d examples were looked at, of %s", seen, all)
	}
}

// hiddenInExample are fields that exclude the ones an example shows.
var hiddenInExample = map[string]bool{
	"drumbeat.sale.v1 time":          true,
	"drumbeat.sale.v1 site":          true,
	"drumbeat.sale-cancelled.v1 sku": true, "drumbeat.sale-cancelled.v1 quantity": true, "drumbeat.sale-cancelled.v1 date": true,
	"drumbeat.sale-cancelled.v1 time": true, "drumbeat.sale-cancelled.v1 customer": true, "drumbeat.sale-cancelled.v1 version": true,
	"drumbeat.calendar.v1 dates":         true,
	"drumbeat.demand-override.v1 factor": true,
	"drumbeat.policy.v1 starts":          true,
}

func init() {
	for _, typ := range Types() {
		hiddenInExample[typ.String()+" site"] = true // it stands as an attribute
	}
}

func reencode[T any](value []byte) ([]byte, error) {
	var v T
	if err := json.Unmarshal(value, &v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// sameJSON compares values, members in any order. A member that Go leaves out because it is false
// counts as there.
func sameJSON(t *testing.T, name string, got, want []byte) {
	t.Helper()
	var g, w any
	if err := errors.Join(json.Unmarshal(got, &g), json.Unmarshal(want, &w)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if w, ok := w.(map[string]any); ok {
		if data, ok := w["data"].(map[string]any); ok {
			maps.DeleteFunc(data, func(_ string, v any) bool { return v == false && !bytes.Contains(got, []byte(`:false`)) })
		}
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
	}
}

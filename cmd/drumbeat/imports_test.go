package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// repository is the root of the repository, seen from this package's tests.
const repository = "../.."

// module is the prefix of our own import paths.
const module = "drumbeat/"

// room is a directory of the house with what its packages may import. A package below a room that is no
// room of its own keeps the room's rules and may import its neighbours in it.
type room struct {
	ours      []string // packages of ours, exactly
	outside   []string // modules beside the standard library, with all their packages
	testOurs  []string // what test files may import as well
	testOther []string
}

const anything = "*"

// Every stage of the stream exports metrics of its own and waits for its goroutines the same way.
const (
	metricsModule  = "github.com/prometheus/client_golang"
	errgroupModule = "golang.org/x/sync"
)

// house says who may import whom. A new entry needs a reason that the commit gives.
var house = map[string]room{
	"schemas": {
		outside:   []string{"github.com/go-faster/jx"},
		testOther: []string{"github.com/santhosh-tekuri/jsonschema/v6", "github.com/goccy/go-yaml"},
	},
	"forecast": {
		outside: []string{"gonum.org/v1/gonum", "github.com/rickar/cal/v2"},
	},
	"optimize": {
		outside:  []string{"gonum.org/v1/gonum"},
		testOurs: []string{"optimize/clp"}, // whole LPs in CLP are what prices are compared with
	},
	"optimize/clp": {
		ours:      []string{"optimize"},
		outside:   []string{"github.com/lanl/clp"},
		testOther: []string{"gonum.org/v1/gonum"}, // its simplex is the oracle
	},
	"stream/internal/codec": {}, // bytes, whatever they mean
	"stream/repair":         {ours: []string{"schemas"}},
	"stream/outlier":        {ours: []string{"schemas", "stream/internal/codec"}},
	"stream": {
		ours:     []string{"schemas", "forecast", "optimize", "stream/internal/codec", "stream/repair", "stream/outlier"},
		outside:  []string{metricsModule, errgroupModule},
		testOurs: []string{"stream/memory"},
	},
	"stream/memory": {
		ours:     []string{"stream", "schemas"},
		outside:  []string{metricsModule, errgroupModule},
		testOurs: []string{"stream/streamtest"}, // the suite that the other adapters pass as well
	},
	"stream/kafka": {
		ours:      []string{"stream", "schemas"},
		outside:   []string{"github.com/segmentio/kafka-go", metricsModule, errgroupModule},
		testOurs:  []string{"stream/streamtest"},
		testOther: []string{"github.com/twmb/franz-go"},
	},
	"stream/postgres": {
		ours:     []string{"stream", "schemas"},
		outside:  []string{"github.com/jackc/pgx/v5", "github.com/pressly/goose/v3", metricsModule, errgroupModule},
		testOurs: []string{"stream/streamtest"},
	},
	"stream/streamtest": {
		ours:    []string{"stream", "stream/memory", "schemas", "optimize"},
		outside: []string{"pgregory.net/rapid", metricsModule, errgroupModule},
	},
	"cmd/drumbeat": {
		ours: []string{anything},
		outside: []string{
			"github.com/Shopify/toxiproxy/v2", // breaks the connections of a soak
			"github.com/rs/zerolog",           // which Toxiproxy logs with
			"github.com/alecthomas/kong",
			"github.com/danielgtaylor/huma/v2", // HTTP routes with their OpenAPI description
			"github.com/jackc/pgx/v5",
			"github.com/klauspost/compress",
			"github.com/segmentio/kafka-go",
			"github.com/twmb/franz-go",
			"go.yaml.in/yaml/v3", // the configuration file
			metricsModule,
			errgroupModule,
			"golang.org/x/term",
		},
		testOther: []string{
			"github.com/santhosh-tekuri/jsonschema/v6",
			"github.com/lanl/clp", // to make CLP abort
			"github.com/chromedp", // a real browser looks at the console
		},
	},
}

// everyTest lists the modules that tests of all rooms may import.
var everyTest = []string{"pgregory.net/rapid", "go.uber.org/goleak"}

// testsOnly is the room that only test files may import.
const testsOnly = "stream/streamtest"

// cgoRoom is the only room with C in it.
const cgoRoom = "optimize/clp"

// roomOf returns the innermost room that the directory lies in, "" for none.
func roomOf(dir string) string {
	for ; dir != "."; dir = path.Dir(dir) {
		if _, ok := house[dir]; ok {
			return dir
		}
	}
	return ""
}

// violation says why a file of the directory may not import the path; "" if it may.
func violation(dir string, test bool, imported string) string {
	name := roomOf(dir)
	if name == "" {
		return "the directory is no room of the house"
	}
	r := house[name]
	if imported == "C" {
		if name != cgoRoom {
			return "cgo belongs into " + cgoRoom
		}
		return ""
	}
	if own, ok := strings.CutPrefix(imported, module); ok {
		switch {
		case roomOf(own) == testsOnly && name != testsOnly && !test:
			return testsOnly + " is for tests"
		case roomOf(own) == name, slices.Contains(r.ours, own), slices.Contains(r.ours, anything),
			test && slices.Contains(r.testOurs, own):
			return ""
		}
		return name + " may not import it"
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return "" // standard library
	}
	allowed := r.outside
	if test {
		allowed = slices.Concat(allowed, r.testOther, everyTest)
	}
	for _, m := range allowed {
		if imported == m || strings.HasPrefix(imported, m+"/") {
			return ""
		}
	}
	return name + " may not import it"
}

// TestImportTable reads the imports of every Go file, whatever its build tags.
func TestImportTable(t *testing.T) {
	files := 0
	eachFile(t, func(file string) {
		if path.Ext(file) != ".go" {
			return
		}
		files++
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(repository, file), nil, parser.ImportsOnly)
		if err != nil {
			t.Error(err)
			return
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if why := violation(path.Dir(file), strings.HasSuffix(file, "_test.go"), imported); why != "" {
				t.Errorf("%s imports %q: %s", file, imported, why)
			}
		}
	})
	if files < 10 {
		t.Errorf("only %d Go files found: the walk looks at the wrong place", files)
	}
}

func TestOnlyOneRoomHoldsC(t *testing.T) {
	eachFile(t, func(file string) {
		switch path.Ext(file) {
		case ".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".s", ".S", ".syso":
			if path.Dir(file) != cgoRoom {
				t.Errorf("%s: C belongs into %s", file, cgoRoom)
			}
		}
	})
}

func TestTopLevelIsFixed(t *testing.T) {
	allowed := []string{"cmd", "stream", "forecast", "optimize", "schemas", "deploy", "go.mod", "go.sum", "README.md"}
	built := []string{"drumbeat"} // by `go build ./cmd/drumbeat`; git ignores it, as it does *.test and *.out
	entries, err := os.ReadDir(repository)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case strings.HasPrefix(name, "."), slices.Contains(allowed, name):
		case !e.IsDir() && (slices.Contains(built, name) || path.Ext(name) == ".test" || path.Ext(name) == ".out"):
		default:
			t.Errorf("%s stands at the top level, where only %s may", name, strings.Join(allowed, ", "))
		}
	}
}

// Names that say nothing collect everything.
func TestNoPackageForEverything(t *testing.T) {
	eachFile(t, func(file string) {
		for _, element := range strings.Split(path.Dir(file), "/") {
			switch element {
			case "util", "utils", "common", "models", "pkg", "helpers", "misc":
				t.Errorf("%s: a directory named %s", file, element)
			}
		}
	})
}

// The rules bite: one forbidden import of each kind, and its allowed neighbour.
func TestImportRules(t *testing.T) {
	for _, c := range []struct {
		dir      string
		test     bool
		imported string
		ok       bool
	}{
		{"stream", false, "encoding/json", true},
		{"stream", false, "drumbeat/optimize", true},
		{"stream", false, "drumbeat/optimize/clp", false},
		{"stream", false, "drumbeat/stream/memory", false},
		{"stream", true, "drumbeat/stream/memory", true},
		{"stream", false, "github.com/jackc/pgx/v5", false},
		{"stream/postgres", false, "github.com/jackc/pgx/v5/pgxpool", true},
		{"stream/postgres", false, "github.com/jackc/pgx/v51", false},
		{"stream/postgres", false, "drumbeat/stream/kafka", false},
		{"stream/kafka", true, "drumbeat/stream/streamtest", true},
		{"stream/kafka", false, "drumbeat/stream/streamtest", false},
		{"forecast", false, "drumbeat/schemas", false},
		{"forecast", false, "pgregory.net/rapid", false},
		{"forecast", true, "pgregory.net/rapid", true},
		{"optimize", false, "C", false},
		{"optimize/clp", false, "C", true},
		{"optimize/clp/probe", false, "drumbeat/optimize", true},
		{"cmd/drumbeat", false, "drumbeat/stream/kafka", true},
		{"cmd/drumbeat/internal/bench", false, "drumbeat/stream/streamtest", false},
		{"cmd/drumbeat/internal/bench", true, "drumbeat/stream/streamtest", true},
		{"cmd/drumbeat", false, "github.com/spf13/cobra", false},
		{"deploy", false, "fmt", false},
	} {
		why := violation(c.dir, c.test, c.imported)
		if (why == "") != c.ok {
			t.Errorf("%s (test %v) imports %s: allowed is %v, want %v (%s)", c.dir, c.test, c.imported, why == "", c.ok, why)
		}
	}
}

// eachFile calls f with the slash path of every file of the repository, but for dot-directories and
// testdata, where foreign things may lie.
func eachFile(t *testing.T, f func(file string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(repository), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if d.IsDir() {
			if file != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		f(file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

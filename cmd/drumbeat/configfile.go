package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// configFlag names the configuration file of a command. A flag that has an environment variable is a setting: it
// has the same name on the command line, in the environment and in the file, and is taken from the first of them
// that names it. A command embeds it as `Config configFlag`.
type configFlag string

// configFile is what a configuration file says: a mapping from the names of settings to values, which are written
// as on the command line; lists may also be YAML's. It is kong's resolver of the command's flags.
type configFile struct {
	path   string
	values map[string]configValue
}

type configValue struct {
	line int
	text any // string or []any of strings, as kong parses them
}

// BeforeResolve reads the file. It is a hook of kong's, called for every command that has the flag.
func (f configFlag) BeforeResolve(ctx *kong.Context, trace *kong.Path, file *configFile) error {
	command := ctx.Selected()
	if command == nil || !slices.Contains(command.Flags, trace.Flag) {
		return nil
	}
	file.path = string(ctx.FlagValue(trace.Flag).(configFlag))
	if file.path == "" {
		return nil
	}
	if err := file.read(); err != nil {
		return err
	}
	known := map[string]*kong.Flag{}
	knownSettings(ctx.Model.Node, known)
	if err := file.check(known); err != nil {
		return err
	}
	ctx.AddResolver(file)
	return nil
}

// knownSettings collects the settings of all commands that take a configuration file: one file serves them all.
func knownSettings(node *kong.Node, known map[string]*kong.Flag) {
	if slices.ContainsFunc(node.Flags, isConfig) {
		for _, flag := range node.Flags {
			if isSetting(flag) {
				known[flag.Name] = flag
			}
		}
	}
	for _, child := range node.Children {
		knownSettings(child, known)
	}
}

func isConfig(flag *kong.Flag) bool { return flag.Target.Type() == reflect.TypeFor[configFlag]() }

func isSetting(flag *kong.Flag) bool { return len(flag.Envs) > 0 && !isConfig(flag) }

// read reads the file; errors name it, the line and the key.
func (f *configFile) read() (err error) {
	file, err := os.Open(f.path)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	decoder := yaml.NewDecoder(file)
	var document yaml.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return nil // all is commented out
		}
		return fmt.Errorf("%s: %s", f.path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: more than one YAML document", f.path)
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		return f.wrong(root.Line, "", errors.New("not a mapping of names to values"))
	}
	f.values = map[string]configValue{}
	for i := 0; i < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if first, twice := f.values[key.Value]; twice {
			return f.wrong(key.Line, key.Value, fmt.Errorf("named already on line %d", first.line))
		}
		text, err := configText(value)
		if err != nil {
			return f.wrong(value.Line, key.Value, err)
		}
		f.values[key.Value] = configValue{key.Line, text}
	}
	return nil
}

// configText is a value as the command line would have it.
func configText(node *yaml.Node) (any, error) {
	switch {
	case node.Kind == yaml.AliasNode:
		return configText(node.Alias)
	case node.Kind == yaml.ScalarNode && node.Tag != "!!null":
		return node.Value, nil
	case node.Kind == yaml.ScalarNode:
		return nil, errors.New("no value")
	case node.Kind != yaml.SequenceNode:
		return nil, errors.New("not a value or a list of values")
	}
	list := []any{}
	for _, n := range node.Content {
		item, err := configText(n)
		if err != nil {
			return nil, err
		}
		if _, nested := item.([]any); nested {
			return nil, errors.New("a list within a list")
		}
		list = append(list, item)
	}
	return list, nil
}

// check wants every key to be a setting and every value to be of its type, also where the command line or the
// environment overrides it.
func (f *configFile) check(known map[string]*kong.Flag) error {
	for key, value := range f.ordered() {
		flag := known[key]
		if flag == nil {
			return f.wrong(value.line, key, errors.New("there is no such setting (drumbeat serve --help lists them)"))
		}
		if _, list := value.text.([]any); list && flag.Target.Kind() != reflect.Slice {
			return f.wrong(value.line, key, errors.New("one value is wanted, not a list"))
		}
		target := reflect.New(flag.Target.Type()).Elem()
		scan := kong.Scan().PushTyped(value.text, kong.FlagValueToken)
		if err := flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, target); err != nil {
			return f.wrong(value.line, key, err)
		}
		if got := fmt.Sprint(target); flag.Enum != "" && !slices.Contains(flag.EnumSlice(), got) {
			return f.wrong(value.line, key, fmt.Errorf("%q is not %s", got, strings.Join(flag.EnumSlice(), ", ")))
		}
	}
	return nil
}

// ordered are the values by line, so that of several errors the first is told.
func (f *configFile) ordered() iter.Seq2[string, configValue] {
	return func(yield func(string, configValue) bool) {
		for _, key := range slices.SortedFunc(maps.Keys(f.values), func(a, b string) int {
			return f.values[a].line - f.values[b].line
		}) {
			if !yield(key, f.values[key]) {
				return
			}
		}
	}
}

func (f *configFile) wrong(line int, key string, err error) error {
	if key == "" {
		return fmt.Errorf("%s:%d: %w", f.path, line, err)
	}
	return fmt.Errorf("%s:%d: %s: %w", f.path, line, key, err)
}

// Resolve implements kong.Resolver. Kong itself asks for what the command line does not name, but would let it
// override the environment.
func (f *configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, ok := f.values[flag.Name]
	if _, inEnv := fromEnvironment(flag); !ok || inEnv {
		return nil, nil
	}
	return value.text, nil
}

// Validate implements kong.Resolver; BeforeResolve has checked already.
func (f *configFile) Validate(*kong.Application) error { return nil }

// fromEnvironment is the variable that sets a flag.
func fromEnvironment(flag *kong.Flag) (name string, ok bool) {
	for _, name := range flag.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return name, true
		}
	}
	return "", false
}

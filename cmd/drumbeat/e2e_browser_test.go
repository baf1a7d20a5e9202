package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a real Chromium with one tab, which collects all that its console says.
type browser struct {
	ctx   context.Context
	shots string // directory of screenshots

	mu   sync.Mutex
	said []string
}

// newBrowser starts Chromium; a machine without one skips the test.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("there is no Chromium: ./deploy/setup --test installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's own does not run as root
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{ctx: ctx, shots: filepath.Join(repository, "deploy", ".cache", "screenshots")}
	if err := os.MkdirAll(b.shots, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, b.heard); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// heard keeps what a person would see in the console of the browser, and dialogs.
func (b *browser) heard(event any) {
	var what string
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		what = "console." + string(e.Type)
	case *runtime.EventExceptionThrown:
		what = "exception: " + e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		what = fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
	case *page.EventJavascriptDialogOpening:
		what = "dialog: " + e.Message
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, what)
}

// silent fails if the console said anything since it was last asked.
func (b *browser) silent(t *testing.T, where string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.said {
		t.Errorf("%s: the browser's console says %s", where, s)
	}
	b.said = nil
}

func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// js is the value of an expression in the page.
func js[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%.200s: %v", expression, err)
	}
	return v
}

// text is what a person reads in the first element that the selector finds.
func (b *browser) text(t *testing.T, selector string) string {
	t.Helper()
	return js[string](t, b, fmt.Sprintf("(document.querySelector(%q) ?? {innerText: ''}).innerText", selector))
}

// look sets the colour scheme and the width of the window.
func (b *browser) look(t *testing.T, scheme string, width int64) {
	t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err != nil {
		t.Fatal(err)
	}
	b.do(t, chromedp.EmulateViewport(width, 900))
}

// keep writes a picture of the whole page.
func (b *browser) keep(t *testing.T, name string) {
	t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(b.shots, name+".png"), picture, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// accessible runs axe-core on the page and wants no serious and no critical violation.
func (b *browser) accessible(t *testing.T, where string) {
	t.Helper()
	axe, err := os.ReadFile(filepath.Join(repository, "deploy", ".cache", "axe", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("axe-core is missing: ./deploy/console-test/setup installs it: %v", err)
	}
	b.do(t, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[json.RawMessage](string(axe)+";true"))
		return err
	}))
	found := js[[]struct {
		ID, Impact, Help string
		Nodes            []string
	}](t, b, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.map(n => n.html).slice(0, 3)})))`)
	for _, v := range found {
		if v.Impact == "serious" || v.Impact == "critical" {
			t.Errorf("%s: axe: %s (%s): %s: %s", where, v.ID, v.Impact, v.Help, strings.Join(v.Nodes, " "))
		} else {
			t.Logf("%s: axe: %s (%s): %s", where, v.ID, v.Impact, v.Help)
		}
	}
}

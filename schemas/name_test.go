package schemas

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCanonicalSKU(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"85123A", "85123A"},
		{" 85123a\t", "85123A"},
		{"a/b c", "A/B C"},
		{"<script>", "<SCRIPT>"},
		{"größe ½", "GRÖßE ½"}, // ß has no single capital
		{"\u00a0x\u3000", "X"},
		{strings.Repeat("x", 200), strings.Repeat("X", 200)},
		{"日本", "日本"},
	} {
		got, err := CanonicalSKU(c.in)
		if err != nil || got != c.want {
			t.Errorf("CanonicalSKU(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
	for _, s := range []string{"", "  ", "a\x00b", "a\nb", "a\tb", "\x7f", "\xff", "a\u2028b", "a\u00a0b", "a\u200bb", "\U000e0001", strings.Repeat("x", 201), strings.Repeat(" ", 5000) + "x"} {
		if got, err := CanonicalSKU(s); err == nil {
			t.Errorf("CanonicalSKU(%.20q) = %q", s, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s, err := CanonicalSKU(rapid.String().Draw(t, "sku"))
		if err != nil {
			return
		}
		if again, err := CanonicalSKU(s); err != nil || again != s {
			t.Fatalf("%q is not canonical: %q, %v", s, again, err)
		}
	})
	if n := testing.AllocsPerRun(100, func() { _, _ = CanonicalSKU("85123A") }); n != 0 {
		t.Errorf("a canonical SKU costs %v allocations", n)
	}
}

func TestValidSite(t *testing.T) {
	for _, s := range []string{"a", "hall-2", "A.b_c-9", strings.Repeat("x", 64)} {
		if !ValidSite(s) {
			t.Errorf("%q is a site", s)
		}
	}
	for _, s := range []string{"", "a/b", "a b", "é", "a\x00", strings.Repeat("x", 65)} {
		if ValidSite(s) {
			t.Errorf("%q is no site", s)
		}
	}
}

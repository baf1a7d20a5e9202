package schemas

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxSKU is the length limit of a canonical SKU in bytes.
const MaxSKU = 200

// ErrSKU says that text is no SKU: empty, longer than [MaxSKU], invalid UTF-8, or with a character
// that cannot be printed.
var ErrSKU = errors.New("schemas: not a SKU of 1 to 200 printable bytes")

// CanonicalSKU trims white space and turns s to upper case. Inside, any printable character may
// stand, a space too; NUL and other control characters may not. Text that is canonical already comes back as it is,
// without allocating.
func CanonicalSKU(s string) (string, error) {
	canonical := len(s) > 0 && len(s) <= MaxSKU && s[0] != ' ' && s[len(s)-1] != ' '
	for i := 0; canonical && i < len(s); i++ {
		c := s[i]
		canonical = c >= ' ' && c < 0x7f && (c < 'a' || c > 'z')
	}
	if canonical {
		return s, nil
	}
	if len(s) > 4*MaxSKU || !utf8.ValidString(s) {
		return "", ErrSKU
	}
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) == 0 || len(s) > MaxSKU {
		return "", ErrSKU
	}
	for _, r := range s {
		// IsPrint takes no space but U+0020; other spaces inside a code are a copying accident.
		if !unicode.IsPrint(r) {
			return "", ErrSKU
		}
	}
	return s, nil
}

// ValidSite says whether s is a site name: [A-Za-z0-9._-]{1,64}.
func ValidSite(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

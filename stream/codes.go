package stream

import (
	"fmt"
	"path"
	"strings"
)

// codes are the codes that are no product: fees, postage, samples. Most patterns are plain names, which
// a table finds at once.
type codes struct {
	names    map[string]bool
	patterns []string
}

// compileCodes reads patterns as [path.Match] does, but that a star stands for slashes too. Their case
// does not matter, as that of a SKU does not.
func compileCodes(list []string) (codes, error) {
	c := codes{names: map[string]bool{}}
	for _, p := range list {
		if _, err := path.Match(p, ""); err != nil {
			return codes{}, fmt.Errorf("stream: demand_items: %q is not a pattern", p)
		}
		p = flatten(strings.ToUpper(p))
		if strings.ContainsAny(p, `*?[\`) {
			c.patterns = append(c.patterns, p)
		} else {
			c.names[p] = true
		}
	}
	return c, nil
}

// has says that a pattern matches the canonical code.
func (c *codes) has(sku string) bool {
	sku = flatten(sku)
	if c.names[sku] {
		return true
	}
	for _, p := range c.patterns {
		if ok, err := path.Match(p, sku); ok && err == nil {
			return true
		}
	}
	return false
}

// flatten hides slashes, which a star would not match; no SKU has a control character.
func flatten(s string) string { return strings.ReplaceAll(s, "/", "\x01") }

// classify says whether k's code is one of a product. Somebody who has defined the item has said so, whatever
// the patterns say.
func (s *site) classify(k *sku) { k.noProduct = k.item.Provisional && s.codes.has(k.name) }

// isProduct says that a code is a product; k is its SKU, nil if there is none yet.
func (s *site) isProduct(k *sku, code string) bool {
	if k != nil {
		return !k.noProduct
	}
	return !s.codes.has(code)
}

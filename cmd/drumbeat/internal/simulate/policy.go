package simulate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"drumbeat/optimize"
)

// Choice names a policy and how it is set up, as NAME[:CADENCE][:KEY=VALUE…]: drumbeat, drumbeat:weekly, coverage:4w,
// drumbeat:level=0.9:frozen=0.
type Choice struct {
	Text    string // as it was written
	Name    string
	Cadence string             // drumbeat: daily, weekly or monthly
	Weeks   float64            // coverage
	Set     map[string]float64 // what is set by key
}

// keys are what can be set of a policy, with what holds otherwise.
var keys = map[string]map[string]float64{
	"drumbeat":    {"level": .95, "change": -1, "frozen": 0, "materiality": -1, "economic": 0, "worth": 1, "weeks": 0, "tolerance": 0},
	"coverage":    {},
	"published":   {"months": 1.5},
	"reorder":     {"level": .95},
	"clairvoyant": {"goodwill": 0},
}

// switches are keys that are on or off: their name alone sets them.
var switches = []string{"economic", "weeks"}

// Family is the policy without what makes it a point of a curve: its level, or the worth of a lost unit.
func (c *Choice) Family() string {
	parts := []string{c.Name}
	if c.Cadence != "daily" && c.Cadence != "" {
		parts = append(parts, c.Cadence)
	}
	for _, key := range []string{"change", "frozen", "materiality", "tolerance"} {
		if v, ok := c.Set[key]; ok {
			parts = append(parts, key+"="+strconv.FormatFloat(v, 'g', -1, 64))
		}
	}
	for _, key := range switches {
		if c.Set[key] > 0 {
			parts = append(parts, key)
		}
	}
	return strings.Join(parts, ":")
}

func (c *Choice) get(key string) float64 {
	if v, ok := c.Set[key]; ok {
		return v
	}
	return keys[c.Name][key]
}

// Parse reads a policy's text.
func Parse(text string) (c Choice, err error) {
	parts := strings.Split(strings.TrimSpace(text), ":")
	c = Choice{Text: strings.TrimSpace(text), Name: parts[0], Set: map[string]float64{}}
	known, ok := keys[c.Name]
	if !ok {
		names := make([]string, 0, len(keys))
		for name := range keys {
			names = append(names, name)
		}
		slices.Sort(names)
		return c, fmt.Errorf("policy %q is none of %s", parts[0], strings.Join(names, ", "))
	}
	if c.Name == "coverage" {
		c.Weeks = 4
	}
	if c.Name == "drumbeat" {
		c.Cadence = "daily"
	}
	for _, part := range parts[1:] {
		key, value, assigned := strings.Cut(part, "=")
		v, bad := strconv.ParseFloat(strings.TrimSuffix(value, "w"), 64)
		switch {
		case assigned:
			if _, ok := known[key]; !ok || bad != nil || v < 0 {
				return c, fmt.Errorf("policy %q: %q sets nothing of it", text, part)
			}
			c.Set[key] = v
		case c.Name == "drumbeat" && slices.Contains(switches, part):
			c.Set[part] = 1
		case c.Name == "drumbeat" && slices.Contains([]string{"daily", "weekly", "monthly"}, part):
			c.Cadence = part
		case c.Name == "coverage" && strings.HasSuffix(part, "w"):
			if c.Weeks, err = strconv.ParseFloat(strings.TrimSuffix(part, "w"), 64); err != nil || c.Weeks <= 0 {
				return c, fmt.Errorf("policy %q: %q is no number of weeks", text, part)
			}
		default:
			return c, fmt.Errorf("policy %q: %q is not known", text, part)
		}
	}
	return c, nil
}

// bound says that what it costs is the least that any policy costs.
func (c *Choice) bound() bool { return c.Name == "clairvoyant" && c.get("goodwill") == 0 }

// Curve are the settings of a policy between which it trades cost for service: its levels, weeks or months of stock, what
// a lost unit is worth.
func (c *Choice) Curve() (list []string) {
	switch {
	case c.Set["economic"] > 0:
		for _, worth := range []string{"1", "1.1", "1.2", "1.25", "1.3"} {
			list = append(list, c.Family()+":worth="+worth)
		}
	case c.Name == "drumbeat" || c.Name == "reorder":
		for _, level := range []string{"0.7", "0.8", "0.9", "0.95", "0.98", "0.995"} {
			list = append(list, c.Family()+":level="+level)
		}
	case c.Name == "coverage":
		for _, weeks := range []string{"2w", "3w", "4w", "6w", "8w"} {
			list = append(list, "coverage:"+weeks)
		}
	case c.Name == "published":
		for _, months := range []string{"0.25", "0.5", "1", "1.5", "2"} {
			list = append(list, "published:months="+months)
		}
	case c.Name == "clairvoyant":
		for _, goodwill := range []string{"1", "2", "4", "8"} {
			list = append(list, "clairvoyant:goodwill="+goodwill)
		}
	}
	return list
}

// Make makes a policy for one run of a set.
func (c *Choice) Make(set *Set, solver func() optimize.Solver) (Policy, error) {
	switch c.Name {
	case "drumbeat":
		return newDrumbeat(set, c, solver)
	case "coverage":
		return &coverage{set: set, weeks: c.Weeks}, nil
	case "published":
		return newPublished(set, c, solver), nil
	case "reorder":
		return newReorder(set, c.get("level")), nil
	}
	return newClairvoyant(set, c.get("goodwill"), solver), nil
}

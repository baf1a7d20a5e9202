package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// PlanReader folds the records of [PlansTopic] into the plans of all sites, as the package
// documentation describes. It does no I/O; give it every record of a partition in order, from its
// beginning. The zero value is ready for use; it is not safe for concurrent use.
type PlanReader struct {
	sites map[string]*SitePlan
}

// SitePlan is what a [PlanReader] holds of one site.
type SitePlan struct {
	// Head is the newest head; nil before the first.
	Head *Head

	lines map[string]heldLine // of revisions up to the head's
	ahead map[string]heldLine // of newer ones, which wait for their head
}

// heldLine is the newest record of a key. A tombstone has no value; its revision still counts, so
// that an older record which arrives late does not bring the SKU back.
type heldLine struct {
	revision int64
	value    []byte
}

// Site is the plan of a site, nil where no record named it.
func (r *PlanReader) Site(site string) *SitePlan { return r.sites[site] }

// Sites lists the sites in alphabetical order.
func (r *PlanReader) Sites() []string { return slices.Sorted(maps.Keys(r.sites)) }

// Apply takes the next record. It keeps value. closed is true where the record is a head that closes
// the newest revision, also where that head comes again: lines may have been written anew before it.
// A record older than what is held is ignored. The error names the key of a record that is no plan
// message; the plans held stay as they were.
func (r *PlanReader) Apply(headers []Header, key string, value []byte) (closed bool, err error) {
	site, sku, line := SplitPlanKey(key)
	if !ValidSite(site) || line && sku == "" {
		return false, fmt.Errorf("schemas: plan key %s names no site", excerpt(key))
	}
	var head *Head
	var revision int64
	if line {
		revision, err = lineRevision(headers, value)
	} else {
		head = new(Head)
		if err = json.Unmarshal(value, head); err == nil && (head.Site != site || head.Revision < 1) {
			err = fmt.Errorf("is the head of site %s, revision %d", excerpt(head.Site), head.Revision)
		}
	}
	if err != nil {
		return false, fmt.Errorf("schemas: plan record %s: %w", excerpt(key), err)
	}
	p := r.sites[site]
	if p == nil {
		p = &SitePlan{lines: map[string]heldLine{}, ahead: map[string]heldLine{}}
		if r.sites == nil {
			r.sites = map[string]*SitePlan{}
		}
		r.sites[site] = p
	}
	if line {
		p.line(sku, heldLine{revision, value})
		return false, nil
	}
	return p.close(head), nil
}

// lineRevision is the revision in the value of a line, or in the headers where it has none.
func lineRevision(headers []Header, value []byte) (int64, error) {
	var text []byte
	if len(value) > 0 {
		if member, digits, end := revisionMember(value); member > 0 {
			text = value[digits:end]
		}
	} else {
		for _, h := range headers {
			if h.Key == HeaderRevision {
				text = h.Value
			}
		}
	}
	revision, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || revision < 1 {
		return 0, errors.New("has no revision")
	}
	return revision, nil
}

func (p *SitePlan) line(sku string, l heldLine) {
	if p.Head != nil && l.revision <= p.Head.Revision {
		if l.revision >= p.lines[sku].revision {
			p.lines[sku] = l
		}
	} else if l.revision >= p.ahead[sku].revision {
		p.ahead[sku] = l
	}
}

func (p *SitePlan) close(h *Head) bool {
	if p.Head != nil && h.Revision < p.Head.Revision {
		return false
	}
	p.Head = h
	for sku, l := range p.ahead {
		if l.revision <= h.Revision {
			p.lines[sku] = l
			delete(p.ahead, sku)
		}
	}
	return true
}

// Lines are the published bytes of the lines by SKU.
func (p *SitePlan) Lines() map[string][]byte {
	lines := make(map[string][]byte, len(p.lines))
	for sku, l := range p.lines {
		if len(l.value) > 0 {
			lines[sku] = l.value
		}
	}
	return lines
}

// Complete says whether the lines have the head's checksum: this is the whole plan, as it was meant.
func (p *SitePlan) Complete() bool {
	return p.Head != nil && Checksum(p.Lines()) == p.Head.Checksum
}

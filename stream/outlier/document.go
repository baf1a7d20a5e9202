package outlier

import (
	"slices"

	"drumbeat/schemas"
)

// Documents say of the documents of the last days how their standing lines compare with the usual ones,
// so that a bulk order explains its own size. The lines that a document has on one day count together.
// All of it is made of those lines, whatever their order, so it is never saved. The zero value is empty.
type Documents struct {
	days map[schemas.Date]map[uint64]*documentLines
}

// documentLines counts the standing lines of a document by their size classes.
type documentLines struct {
	lines, sizes int32 // all, and those in classes
	classes      [sizeClasses]int32
	watchers     []uint32 // indexes of SKUs, ascending
}

// Add counts a line of a document that is known by its hash, and returns the SKUs that watch it, which
// the next call that names the document may change. A document of 0 is none.
func (d *Documents) Add(document uint64, day schemas.Date, mark Mark) []uint32 {
	return d.count(document, day, mark, 1)
}

// Remove takes back what Add has counted.
func (d *Documents) Remove(document uint64, day schemas.Date, mark Mark) []uint32 {
	return d.count(document, day, mark, -1)
}

func (d *Documents) count(document uint64, day schemas.Date, mark Mark, by int32) []uint32 {
	if document == 0 {
		return nil
	}
	of := d.of(document, day)
	of.lines += by
	if mark&markSize != 0 {
		of.sizes += by
		of.classes[mark.class()] += by
	}
	watchers := of.watchers
	if of.lines == 0 && len(watchers) == 0 {
		delete(d.days[day], document)
	}
	return watchers
}

// of is the entry of a document, made where there is none.
func (d *Documents) of(document uint64, day schemas.Date) *documentLines {
	if d.days == nil {
		d.days = map[schemas.Date]map[uint64]*documentLines{}
	}
	on := d.days[day]
	if on == nil {
		on = map[uint64]*documentLines{}
		d.days[day] = on
	}
	lines := on[document]
	if lines == nil {
		lines = new(documentLines)
		on[document] = lines
	}
	return lines
}

// Watch notes that a suspect line of a SKU is to be judged again when the document changes.
func (d *Documents) Watch(document uint64, day schemas.Date, sku uint32) {
	if document == 0 {
		return
	}
	of := d.of(document, day)
	if i, found := slices.BinarySearch(of.watchers, sku); !found {
		of.watchers = slices.Insert(of.watchers, i, sku)
	}
}

// Context says what explains the size of the largest line of a SKU's day, which stands in a document with a
// mark of its own:
//
//	a line not far above the usual one           bulk: many orders, not one with a slip
//	the document's other lines are large too     bulk, unless this one is far above them as well
//	other lines are ordinary, usual price        plain
//	other lines are ordinary, low price          mixed: document and price disagree
//	no other lines: low price, usual price       bulk, mixed
//
// and unknown for all else. document is 0 where the line has none.
func (d *Documents) Context(document uint64, day schemas.Date, own Mark) Context {
	class, others := d.others(document, day, own)
	known, cheap := own&markPrice != 0, own&markCheap != 0
	switch {
	case own&markSize == 0:
		if others && class >= largeClass {
			return ContextBulk
		}
		return ContextUnknown
	case own.class() < farClass, others && class >= largeClass && own.class() < class+farApart:
		return ContextBulk
	case others && cheap:
		return ContextMixed
	case others:
		return ContextPlain
	case cheap:
		return ContextBulk
	case known:
		return ContextMixed
	}
	return ContextUnknown
}

// Size classes that tell genuine bulk from a slip: the median of other lines is large from three times the
// usual size (2.8), a line is far above the usual or the other lines at eight times.
const (
	largeClass = 2
	farClass   = 5
	farApart   = 6
)

// others is the median size class of a document's lines but one, the upper one of two; false where none of
// them has a usual size.
func (d *Documents) others(document uint64, day schemas.Date, own Mark) (class int, ok bool) {
	of := d.days[day][document]
	if of == nil {
		return 0, false
	}
	left, mine := of.sizes, -1
	if own&markSize != 0 {
		left--
		mine = own.class()
	}
	if left <= 0 {
		return 0, false
	}
	above := int32(0)
	for class = sizeClasses - 1; class > 0; class-- {
		above += of.classes[class]
		if class == mine {
			above--
		}
		if 2*above >= left {
			break
		}
	}
	return class, true
}

// Expire forgets the days before a day.
func (d *Documents) Expire(before schemas.Date) {
	for day := range d.days {
		if day < before {
			delete(d.days, day)
		}
	}
}

package stream

import (
	"slices"

	"drumbeat/schemas"
)

// documents say of the documents of the last days how their standing lines compare with the usual ones,
// so that a bulk order explains its own size. The lines that a document has on one day count together.
// All of it is made of those lines, whatever their order, so it is never saved. The zero value is empty.
type documents struct {
	days map[schemas.Date]map[uint64]*documentLines
}

// documentLines counts the standing lines of a document by their marks.
type documentLines struct {
	lines, sizes, large int32
	watchers            []uint32 // indexes of SKUs, ascending
}

// add counts a line of a document that is known by its hash, and returns the SKUs that watch it, which
// the next call that names the document may change. A document of 0 is none.
func (d *documents) add(document uint64, day schemas.Date, mark lineMark) []uint32 {
	return d.count(document, day, mark, 1)
}

// remove takes back what add has counted.
func (d *documents) remove(document uint64, day schemas.Date, mark lineMark) []uint32 {
	return d.count(document, day, mark, -1)
}

func (d *documents) count(document uint64, day schemas.Date, mark lineMark, by int32) []uint32 {
	if document == 0 {
		return nil
	}
	of := d.of(document, day)
	of.lines += by
	if mark&markSize != 0 {
		of.sizes += by
	}
	if mark&markLarge != 0 {
		of.large += by
	}
	watchers := of.watchers
	if of.lines == 0 && len(watchers) == 0 {
		delete(d.days[day], document)
	}
	return watchers
}

// of is the entry of a document, made where there is none.
func (d *documents) of(document uint64, day schemas.Date) *documentLines {
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

// watch notes that a suspect line of a SKU is to be judged again when the document changes.
func (d *documents) watch(document uint64, day schemas.Date, sku uint32) {
	if document == 0 {
		return
	}
	of := d.of(document, day)
	if i, found := slices.BinarySearch(of.watchers, sku); !found {
		of.watchers = slices.Insert(of.watchers, i, sku)
	}
}

// context says what explains a line that stands in a document with a mark of its own: a low price, or that
// at least half of the document's other lines are large. document is 0 where the line has none.
func (d *documents) context(document uint64, day schemas.Date, own lineMark) saleContext {
	if own&markCheap != 0 {
		return contextBulk
	}
	var sizes, large int32
	if of := d.days[day][document]; of != nil {
		sizes, large = of.sizes, of.large
		if own&markSize != 0 {
			sizes--
		}
		if own&markLarge != 0 {
			large--
		}
	}
	switch {
	case sizes > 0 && 2*large >= sizes:
		return contextBulk
	case sizes > 0 || own&markPrice != 0:
		return contextPlain
	}
	return contextUnknown
}

// expire forgets the days before a day.
func (d *documents) expire(before schemas.Date) {
	for day := range d.days {
		if day < before {
			delete(d.days, day)
		}
	}
}

// watchers are the SKUs that watch a document.
func (d *documents) watchers(document uint64, day schemas.Date) []uint32 {
	if of := d.days[day][document]; of != nil {
		return of.watchers
	}
	return nil
}

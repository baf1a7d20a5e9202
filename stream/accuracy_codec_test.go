package stream

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

func drawAccuracy(t *rapid.T) (a accuracy) {
	figure := func() float32 { return rapid.Float32Range(0, 1e30).Draw(t, "figure") }
	a.class = seriesClass(rapid.IntRange(0, int(seriesClasses)-1).Draw(t, "class"))
	a.models = rapid.Uint32().Draw(t, "models")
	for i := range a.spans {
		s := &a.spans[i]
		if s.windows = rapid.Uint32Range(0, 3).Draw(t, "windows"); s.windows == 0 {
			continue
		}
		s.days, s.through = rapid.IntRange(1, longestSpan).Draw(t, "days"), schemas.Date(rapid.Int32().Draw(t, "through"))
		for _, v := range s.all() {
			*v = figure()
		}
	}
	for range rapid.IntRange(0, 4).Draw(t, "origins") {
		p := publication{day: schemas.Date(rapid.Int32Range(-1000, 30000).Draw(t, "day")), shape: rapid.SliceOfN(rapid.Byte(), 1, longestSpan).Draw(t, "shape")}
		for range rapid.IntRange(1, 4).Draw(t, "open") {
			p.open = append(p.open, window{
				spanKind(rapid.IntRange(0, int(spanKinds)-1).Draw(t, "span")), rapid.IntRange(1, len(p.shape)).Draw(t, "days"),
				figure(), figure(), figure(), figure(), figure(),
			})
		}
		a.origins = append(a.origins, p)
	}
	return a
}

// What is packed is what it was, and a cut or a changed byte is an error or another accuracy, and no panic.
func TestAccuracyCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawAccuracy(t)
		packed := packAccuracy(&a)
		if got := packed.unpack(); !reflect.DeepEqual(got, a) {
			t.Fatalf("unpacked %+v\nwant %+v", got, a)
		}
		saved := packed.append(nil)
		var restored packedAccuracy
		r := codec.Reader{Rest: append(bytes.Clone(saved), 7)}
		if restored.decode(&r); r.Err != nil || len(r.Rest) != 1 || !restored.same(packed) || restored.closes != packed.closes {
			t.Fatalf("restored %+v, %v, want %+v", restored, r.Err, packed)
		}
		cut := codec.Reader{Rest: saved[:rapid.IntRange(0, len(saved)-1).Draw(t, "cut")]}
		if restored.decode(&cut); cut.Err == nil {
			t.Fatal("a cut accuracy was read")
		}
		saved[rapid.IntRange(0, len(saved)-1).Draw(t, "at")] ^= rapid.Byte().Draw(t, "by")
		changed := codec.Reader{Rest: saved}
		if restored.decode(&changed); changed.Err == nil {
			restored.unpack()
		}
	})
}

// A SKU that a former release saved has no accuracy and nothing that stands of its plan, and goes on.
func TestFormerSKUStateLoads(t *testing.T) {
	k := &sku{name: "A", returns: never}
	k.item.Provisional, k.item.SKU = true, "A"
	k.history.update(20000, func(e *dayEntry) { e.Kept = schemas.Unit })
	k.accuracy.closes = schemas.MaxDate
	state := k.append(nil)
	if state[0] != skuVersion || state[len(state)-2] != 0 {
		t.Fatalf("state of a SKU without accuracy: % x", state)
	}
	former := append([]byte{oldestSKUVersion}, state[1:len(state)-2]...)
	got, err := decodeSKU("A", former)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.append(nil), state) || got.accuracy.closes != schemas.MaxDate {
		t.Errorf("restored % x, want % x", got.append(nil), state)
	}
	before := append([]byte{standingSKUVersion - 1}, state[1:len(state)-1]...)
	if got, err := decodeSKU("A", before); err != nil || !bytes.Equal(got.append(nil), state) {
		t.Errorf("of the version before: %v, %v", got, err)
	}
	if n, err := HistoryBytes(former); err != nil || n == 0 {
		t.Errorf("history of %d bytes, %v", n, err)
	}
	if _, err := decodeSKU("A", append([]byte{oldestSKUVersion - 1}, former[1:]...)); err == nil {
		t.Error("an older version was read")
	}
}

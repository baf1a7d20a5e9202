package schemas

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var genMoney = rapid.Map(rapid.Float64Range(-1e9, 1e9), RoundMoney)

// drawValue fills a plan message, whatever its members are.
func drawValue(t *rapid.T, v reflect.Value) {
	switch v.Interface().(type) {
	case Quantity:
		v.SetInt(int64(genQuantity.Draw(t, "quantity")))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "time")).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.StringN(1, 20, -1).Draw(t, "text"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64Range(0, 1<<40).Draw(t, "int"))
	case reflect.Float64:
		v.SetFloat(genMoney.Draw(t, "money"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 2).Draw(t, "len"), 2))
		for i := range v.Len() {
			drawValue(t, v.Index(i))
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			drawValue(t, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			drawValue(t, v.Field(i))
		}
	default:
		panic("no generator for " + v.Type().String())
	}
}

func draw[T any](t *rapid.T) *T {
	v := new(T)
	drawValue(t, reflect.ValueOf(v).Elem())
	return v
}

// byReflection encodes v with encoding/json by its tags alone, without the methods of the type.
func byReflection(t *rapid.T, v reflect.Value) []byte {
	// A struct type without methods but with the same fields and tags.
	fields := reflect.VisibleFields(v.Type())
	plain := reflect.New(reflect.StructOf(fields)).Elem()
	for i := range fields {
		plain.Field(i).Set(v.Field(i))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(plain.Interface()); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

// memberOrder lists the members of a JSON value with their depth, in the order they stand.
func memberOrder(t *rapid.T, b []byte) (order []string) {
	dec := json.NewDecoder(bytes.NewReader(b))
	type level struct{ object, key bool }
	var stack []level
	for {
		tok, err := dec.Token()
		if err != nil {
			return order
		}
		top := len(stack) - 1
		if d, ok := tok.(json.Delim); ok {
			if d == '}' || d == ']' {
				stack = stack[:top]
			} else {
				if top >= 0 {
					stack[top].key = stack[top].object
				}
				stack = append(stack, level{d == '{', d == '{'})
			}
			continue
		}
		if stack[top].object && stack[top].key {
			order = append(order, fmt.Sprint(len(stack), tok))
		}
		stack[top].key = stack[top].object && !stack[top].key
	}
}

// The hand-written encoders say what the tags say: same values, same members in the same order.
func TestPlanMessagesAgainstReflection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, l := draw[Head](t), draw[Line](t)
		for _, c := range []struct {
			got []byte
			v   reflect.Value
		}{{h.Append(nil), reflect.ValueOf(*h)}, {l.Append(nil), reflect.ValueOf(*l)}} {
			want := byReflection(t, c.v)
			var g, w any
			if err := json.Unmarshal(c.got, &g); err != nil {
				t.Fatalf("%s: %v", c.got, err)
			}
			if err := json.Unmarshal(want, &w); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(g, w) {
				t.Fatalf("got  %s\nwant %s", c.got, want)
			}
			if !slices.Equal(memberOrder(t, c.got), memberOrder(t, want)) {
				t.Fatalf("the order of members differs:\n%s\n%s", c.got, want)
			}
		}
		var back Head
		if err := json.Unmarshal(h.Append(nil), &back); err != nil || !bytes.Equal(back.Append(nil), h.Append(nil)) {
			t.Fatalf("%v\n%s comes back as\n%s", err, h.Append(nil), back.Append(nil))
		}
		p := Plan{Head: *h, Lines: []Line{*l, *l}}
		var plan Plan
		if err := json.Unmarshal(p.Append(nil), &plan); err != nil || !bytes.Equal(plan.Append(nil), p.Append(nil)) || plan.Head.Lines != 2 {
			t.Fatalf("%v\n%s comes back as\n%s", err, p.Append(nil), plan.Append(nil))
		}
	})
}

func TestHeadOrderIsTheContracts(t *testing.T) {
	want := strings.Fields("site revision plan_id status reason mode created_at now baseline cause input periods cost objective certificate resources " +
		"shortage_total shortages excluded lines changed_lines moved_units frozen_moves state infeasibility approved checksum")
	var got []string
	for f := range jsonMembers(reflect.TypeFor[Head]()) {
		got = append(got, f)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPublishedLine(t *testing.T) {
	l := Line{Site: "hall-2", SKU: `A"<é`, Revision: 57, Cost: 0.1 + 0.2, Reason: "made early\n", Periods: []LinePeriod{{
		Period: "2026-W05", Demand: 100_500_000, Opening: -1, Frozen: true, Price: math.Inf(1),
	}}}
	want := `{"site":"hall-2","sku":"A\"<é","revision":57,"periods":[{"period":"2026-W05","demand":100.5,"demand_low":0,"demand_high":0,` +
		`"opening":-0.000001,"receipts":0,"production":0,"arrivals":0,"inventory":0,"safety_stock":0,"shortfall":0,"shortage":0,"frozen":true,"price":null}],` +
		`"cost":0.3,"reason":"made early\n"}`
	if got := string(l.Append(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestChecksum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		published := map[string][]byte{}
		for range rapid.IntRange(0, 5).Draw(t, "lines") {
			l := draw[Line](t)
			published[l.SKU] = l.Append(nil)
		}
		skus := make([]string, 0, len(published))
		for sku := range published {
			skus = append(skus, sku)
		}
		slices.Sort(skus)
		var c Checksummer
		all := sha256.New()
		for _, sku := range skus {
			if err := c.Add(sku, published[sku]); err != nil {
				t.Fatal(err)
			}
			// The definition, by way of a line without a revision.
			var l Line
			if err := json.Unmarshal(published[sku], &l); err != nil {
				t.Fatal(err)
			}
			bare := strings.Replace(string(l.Append(nil)), fmt.Sprintf(`,"revision":%d,"periods":[`, l.Revision), `,"periods":[`, 1)
			if got := string(StripRevision(published[sku])); got != bare {
				t.Fatalf("stripped %s\nto   %s\nwant %s", published[sku], got, bare)
			}
			all.Write([]byte(bare + "\n"))
		}
		want := hex.EncodeToString(all.Sum(nil))
		if got := c.Sum(); got != want {
			t.Fatalf("streaming checksum %s, want %s", got, want)
		}
		if got := Checksum(published); got != want {
			t.Fatalf("checksum %s, want %s", got, want)
		}
	})
	var c Checksummer
	line := (&Line{SKU: "B"}).Append(nil)
	if err := c.Add("B", line); err != nil {
		t.Fatal(err)
	}
	for _, sku := range []string{"A", "B"} {
		if err := c.Add(sku, line); err == nil {
			t.Errorf("%s after B was taken", sku)
		}
	}
}

// A revision inside a text or further down is no revision of the line.
func TestStripRevisionTouchesOnlyTheThirdMember(t *testing.T) {
	for _, s := range []string{
		``, `{}`, `{"site":"a"`, `{"site":"a","sku":"b"}`, `{"site":"a","sku":"b","periods":[],"revision":5}`,
		`{"sku":"b","site":"a","revision":5}`, `{"site":"a","sku":"b","revision":}`, `{"site":"a\",\"sku\":\"b\",\"revision\":5`,
	} {
		if got := string(StripRevision([]byte(s))); got != s {
			t.Errorf("%s became %s", s, got)
		}
	}
	const tricky = `{"site":"a","sku":"\",\"revision\":7,","revision":57,"periods":[]}`
	if got := string(StripRevision([]byte(tricky))); got != `{"site":"a","sku":"\",\"revision\":7,","periods":[]}` {
		t.Errorf("got %s", got)
	}
}

// The example plan proves itself.
func TestExamplePlanHasItsChecksum(t *testing.T) {
	var p Plan
	if err := json.Unmarshal(mustRead("examples/plan.json"), &p); err != nil {
		t.Fatal(err)
	}
	lines := map[string][]byte{}
	for _, l := range p.Lines {
		lines[l.SKU] = l.Append(nil)
	}
	if got := Checksum(lines); got != p.Checksum {
		t.Errorf("checksum %s, the head has %s", got, p.Checksum)
	}
	if p.PlanID != PlanID(p.Site, p.Revision) {
		t.Errorf("plan id %s", p.PlanID)
	}
}

func TestPlanKeys(t *testing.T) {
	for _, c := range []struct {
		key, site, sku string
		line           bool
	}{
		{PlanKey("hall-2", "A"), "hall-2", "A", true},
		{PlanKey("hall-2", "A/B"), "hall-2", "A/B", true},
		{"hall-2", "hall-2", "", false},
	} {
		if site, sku, line := SplitPlanKey(c.key); site != c.site || sku != c.sku || line != c.line {
			t.Errorf("%s: %q, %q, %v", c.key, site, sku, line)
		}
	}
}

func TestRoundMoney(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {-1e-9, "0"}, {0.1 + 0.2, "0.3"}, {1234567.1234565, "1234567.123456"}, {2.5e-6, "0.000002"},
		{1e15, "1000000000000000"}, {-1e20, "-100000000000000000000"}, {math.NaN(), "null"}, {math.Inf(-1), "null"},
	} {
		if got := string(AppendMoney(nil, c.v)); got != c.want {
			t.Errorf("%v writes %s, want %s", c.v, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(-1e9, 1e9).Draw(t, "v")
		if r := RoundMoney(v); RoundMoney(r) != r || math.Abs(r-v) > 0.6e-6 {
			t.Fatalf("%v rounds to %v, then to %v", v, r, RoundMoney(r))
		}
	})
}

func TestAppendDoesNotAllocate(t *testing.T) {
	l := Line{Site: "hall-2", SKU: "A", Revision: 57, Periods: make([]LinePeriod, 52), Reason: "as demanded"}
	buf := l.Append(nil)
	var c Checksummer
	if err := c.Add("A", buf); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { buf = l.Append(buf[:0]) }); n != 0 {
		t.Errorf("%v allocations a line", n)
	}
}

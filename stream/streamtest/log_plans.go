package streamtest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"drumbeat/schemas"
	"drumbeat/stream"
)

func testFollow(t *testing.T, l Log) {
	line := func(sku string, value []byte, revision string) stream.Message {
		return stream.Message{
			Topic: l.PlansTopic, Site: "s", Key: []byte("s/" + sku), Value: value,
			Headers: []schemas.Header{{Key: schemas.HeaderRevision, Value: []byte(revision)}},
		}
	}
	head := func(revision string) stream.Message {
		return stream.Message{Topic: l.PlansTopic, Site: "s", Key: []byte("s"), Value: []byte(revision)}
	}
	publish := func(messages ...stream.Message) {
		if err := l.Publisher.Publish(t.Context(), messages); err != nil {
			t.Fatalf("Publish: %v", err)
		}
	}
	publish(line("A", []byte("a1"), "1"), line("B", []byte("b1"), "1"), head("1"))

	// seen is the log as Follow tells it: key=value of records, "." for the end.
	seen := func(ctx context.Context, from int64, until int) (told []string, next int64) {
		t.Helper()
		ctx, stop := context.WithTimeout(ctx, patience)
		defer stop()
		full := errors.New("enough")
		err := l.Plans.Follow(ctx, "s", from, func(r stream.Record) error {
			if r.Offset < 0 {
				if r.Key != nil || r.Value != nil || r.Headers != nil {
					t.Errorf("the end of the log is told with %+v", r)
				}
				told = append(told, ".")
			} else {
				text := string(r.Key) + "=" + string(r.Value)
				if r.Value == nil {
					text = string(r.Key) + " gone"
				}
				if len(r.Headers) == 1 {
					text += "@" + string(r.Headers[0].Value)
				}
				told = append(told, text)
				next = r.Offset + 1
			}
			if len(told) == 4 && until > 4 { // at the end of the first revision
				publish(line("A", nil, "2"), head("2"))
			}
			if len(told) == until {
				return full
			}
			return nil
		})
		if !errors.Is(err, full) {
			t.Fatalf("Follow: %v, want the error of fn; told %v", err, told)
		}
		return told, next
	}

	first := []string{"s/A=a1@1", "s/B=b1@1", "s=1", "."}
	told, next := seen(t.Context(), -1, 4)
	if !slices.Equal(told, first) {
		t.Errorf("Follow from the first record: %v, want %v", told, first)
	}
	told, _ = seen(t.Context(), -1, 7)
	if want := append(first, "s/A gone@2", "s=2", "."); !slices.Equal(told, want) {
		t.Errorf("Follow with a revision on the way: %v, want %v", told, want)
	}
	told, _ = seen(t.Context(), next, 3)
	if want := []string{"s/A gone@2", "s=2", "."}; !slices.Equal(told, want) {
		t.Errorf("Follow from offset %d: %v, want %v", next, told, want)
	}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if err := l.Plans.Follow(ctx, "s", -1, func(r stream.Record) error { stop(); return nil }); err != nil {
		t.Errorf("Follow whose context has ended: %v, want nil", err)
	}
	ctx, end := context.WithTimeout(t.Context(), patience)
	defer end()
	err := l.Plans.Follow(ctx, "s", 1000, func(stream.Record) error { return nil })
	if !errors.Is(err, stream.ErrOffsetOutOfRange) {
		t.Errorf("Follow from beyond the end: %v, want ErrOffsetOutOfRange", err)
	}
}

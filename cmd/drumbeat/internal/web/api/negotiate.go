package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"drumbeat/cmd/drumbeat/internal/web/view"
)

// Accepts is what every download can be asked with.
type Accepts struct {
	Accept string `header:"Accept" hidden:"true"`
}

// wantsCSV says that CSV is preferred to JSON.
func (in *Accepts) wantsCSV() bool {
	csv, json := 0.0, 0.0
	for part := range strings.SplitSeq(in.Accept, ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if v, err := strconv.ParseFloat(params["q"], 64); err == nil {
			q = v
		}
		switch kind {
		case "text/csv":
			csv = max(csv, q)
		case "application/json", "application/*", "*/*":
			json = max(json, q)
		}
	}
	return csv > json
}

// refuseEmpty refuses parameters of a query that are there without a value, which huma takes as absent; only
// text can be empty.
func (a *API) refuseEmpty(ctx huma.Context, next func(huma.Context)) {
	at := ctx.URL()
	asked := at.Query()
	for _, p := range ctx.Operation().Parameters {
		if p.In == "query" && p.Schema.Type != huma.TypeString && slices.Contains(asked[p.Name], "") {
			// A failed write means that the reader has gone.
			_ = huma.WriteErr(a.huma, ctx, http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Location: "query." + p.Name, Message: "no value"})
			return
		}
	}
	next(ctx)
}

// Conditional is what an answer with an ETag can be asked with.
type Conditional struct {
	IfNoneMatch string `header:"If-None-Match" maxLength:"1000" doc:"The ETag of an earlier answer: 304 if that is still right."`
}

// tag is the ETag of what follows from a plan; weak, since the age that is told with it moves on.
func tag(b *view.Basis) string { return `W/"` + b.PlanID + `"` }

// conditionally answers 304 where the reader has the plan already.
func conditionally(in *Conditional, b *view.Basis, full func() (*answer, error)) (*answer, error) {
	return in.unless(tag(b), full)
}

// fresh is for answers to be kept, and asked for again before they are used.
const fresh = "no-cache"

// unless answers 304 where the reader has what the tag is of.
func (in *Conditional) unless(tag string, full func() (*answer, error)) (*answer, error) {
	for have := range strings.SplitSeq(in.IfNoneMatch, ",") {
		if have = strings.TrimSpace(have); have == "*" || strings.TrimPrefix(have, "W/") == strings.TrimPrefix(tag, "W/") {
			return &answer{Status: http.StatusNotModified, ETag: tag, CacheControl: fresh}, nil
		}
	}
	out, err := full()
	if err == nil {
		out.ETag, out.CacheControl = tag, fresh
	}
	return out, err
}

// byContent is conditionally for answers that change with more than the plan: their ETag is a sum of what they
// say, but for the ages.
func byContent(in *Conditional, v any, full func() (*answer, error), ages ...*float64) (*answer, error) {
	was := make([]float64, len(ages))
	for i, a := range ages {
		was[i], *a = *a, 0
	}
	body, err := json.Marshal(v)
	for i, a := range ages {
		*a = was[i]
	}
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	sum := sha256.Sum256(body)
	return in.unless(`W/"`+hex.EncodeToString(sum[:12])+`"`, full)
}

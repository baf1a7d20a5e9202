package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// Config is what the API works on.
type Config struct {
	Reader    view.Reader
	NewSolver func() optimize.Solver // of what-if questions

	// Send writes messages to a topic and returns when they are acknowledged.
	Send  func(ctx context.Context, topic string, messages []stream.Message) error
	Input string // the topic of events; "": schemas.DefaultInputTopic
	// Fix returns a dead letter with members of its data set, and the id of the event that it becomes. The error
	// says why it cannot be one; the letter returned with it is the one given.
	Fix func(l *view.Letter, set map[string]any) (*view.Letter, string, error)
	// Replayed marks dead letters that were sent again.
	Replayed func(ctx context.Context, list []Replayed) error

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: slog.Default
}

// Mux takes the routes, each with the role that it needs.
type Mux interface {
	HandleFor(role web.Role, pattern string, h http.Handler)
}

// API answers under /v1. Run keeps it up to date.
type API struct {
	config    Config
	huma      huma.API
	mux       Mux
	roles     map[string]web.Role // by pattern
	changes   *changes
	sandboxes *sandboxes
	document  []byte
}

// Limits on one request.
const (
	maxBody       = 1 << 20
	answerTimeout = 30 * time.Second
)

// New registers all routes with mux.
func New(mux Mux, c Config) (*API, error) {
	if c.Input == "" {
		c.Input = schemas.DefaultInputTopic
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	a := &API{config: c, mux: mux, roles: map[string]web.Role{}, changes: newChanges(), sandboxes: newSandboxes(c.Reader, c.NewSolver)}
	registry := huma.NewMapRegistry(componentPrefix, componentName)
	registry.RegisterTypeAlias(reflect.TypeFor[schemas.Quantity](), reflect.TypeFor[float64]())
	registry.RegisterTypeAlias(reflect.TypeFor[schemas.Date](), reflect.TypeFor[day]())
	registry.RegisterTypeAlias(reflect.TypeFor[view.Line](), reflect.TypeFor[publishedLine]())
	huma.DefaultArrayNullable = false
	a.huma = humago.New(routes{a}, huma.Config{
		OpenAPI: &huma.OpenAPI{
			Info:       &huma.Info{Title: "Drumbeat", Version: "1", Description: "Supply plans that follow sales, and why they are as they are."},
			Components: &huma.Components{Schemas: registry, SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}},
			// Without tokens in the configuration nobody is asked for one.
			Security: []map[string][]string{{}, {"token": {}}},
		},
		Formats:                      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	})
	a.huma.UseMiddleware(a.refuseEmpty)
	a.plans()
	a.actionLists()
	a.skus()
	a.feed()
	a.decisions()
	a.whatIf()
	a.stream()
	a.describeOthers()
	document, err := a.describe(false)
	if err != nil {
		return nil, err
	}
	a.document = document
	mux.HandleFor(web.RoleRead, "GET "+documentPath, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		// A failed write means that the reader has gone.
		_, _ = w.Write(a.document)
	}))
	return a, nil
}

// routes is the mux that huma registers with.
type routes struct{ a *API }

// HandleFunc implements humago.Mux.
func (r routes) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	r.a.mux.HandleFor(r.a.roles[pattern], pattern, http.HandlerFunc(h))
}

// ServeHTTP is never called: the server behind mux serves.
func (r routes) ServeHTTP(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }

// operation describes a route.
type operation struct {
	id, method, path string
	summary          string
	role             web.Role // "": read
	status           int      // 0: 200
	shows            any      // a value of the type of the JSON answer
	csv              bool     // can answer as CSV
	etag             bool     // can answer 304
	errors           []int    // beside those that every route has
	body             bool
}

// answer is what a route answers.
type answer struct {
	Status       int
	ContentType  string `header:"Content-Type"`
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	Disposition  string `header:"Content-Disposition"`
	Body         []byte
}

// register adds a route.
func register[I any](a *API, o operation, answers func(ctx context.Context, in *I) (*answer, error)) {
	op := a.operation(o)
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*answer, error) {
		ctx, cancel := context.WithTimeout(ctx, answerTimeout)
		defer cancel()
		out, err := answers(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, o.id, err)
		}
		return out, nil
	})
}

// operation is o as huma describes it.
func (a *API) operation(o operation) huma.Operation {
	if o.role == "" {
		o.role = web.RoleRead
	}
	if o.method == "" {
		o.method = http.MethodGet
	}
	if o.status == 0 {
		o.status = http.StatusOK
	}
	a.roles[o.method+" "+o.path] = o.role
	content := map[string]*huma.MediaType{}
	if o.shows != nil {
		content["application/json"] = &huma.MediaType{Schema: a.schema(o.shows)}
	}
	if o.csv {
		content["text/csv"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	op := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, DefaultStatus: o.status,
		Description:  "Needs the role " + string(o.role) + ".",
		MaxBodyBytes: maxBody, BodyReadTimeout: 10 * time.Second,
		Responses: map[string]*huma.Response{strconv.Itoa(o.status): {Description: http.StatusText(o.status), Content: content}},
		Errors:    append([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}, o.errors...),
	}
	if o.etag {
		op.Responses["304"] = &huma.Response{Description: "The plan is still the one of If-None-Match."}
	}
	if o.body {
		op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	return op
}

func (a *API) schema(v any) *huma.Schema {
	return a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, "")
}

// problem is err as it is answered; what nobody expected is logged and not told.
func (a *API) problem(ctx context.Context, id string, err error) error {
	var status huma.StatusError
	switch {
	case errors.As(err, &status):
		return status
	case errors.Is(err, view.ErrNotFound):
		return huma.Error404NotFound(err.Error())
	case errors.Is(err, optimize.ErrProblem):
		return huma.Error422UnprocessableEntity(err.Error())
	case errors.Is(err, errBusy):
		return huma.Error503ServiceUnavailable(err.Error())
	case errors.Is(err, context.DeadlineExceeded), ctx.Err() != nil:
		return huma.Error503ServiceUnavailable(fmt.Sprintf("no answer within %v", answerTimeout))
	}
	a.config.Log.Error("api: request failed", "operation", id, "error", err)
	return huma.Error500InternalServerError("the service could not answer; its log says why")
}

var errBusy = errors.New("too many requests of this kind at once; try again in a moment")

// reply answers with v as JSON. It must not be kept: it tells an age.
func reply(status int, v any) (*answer, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // what was published stays as it is
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	return &answer{Status: status, ContentType: "application/json", CacheControl: "no-store", Body: body.Bytes()}, nil
}

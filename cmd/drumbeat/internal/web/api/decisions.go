package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// eventSource is the CloudEvents source of what people decide here.
const eventSource = "/drumbeat/http"

// unnamed decides where nobody has to say who they are and nobody did.
const unnamed = "local"

// decisions are the types that can be sent, each with the role that it needs.
var decisions = map[schemas.Type]web.Role{
	schemas.TypeOutlierReviewed: web.RolePlan,
	schemas.TypeDemandOverride:  web.RolePlan,
	schemas.TypeProductionPin:   web.RolePlan,
	schemas.TypePlanApproved:    web.RolePlan,
	schemas.TypeOperator:        web.RoleOperate,
}

// eventRequest is a decision: its type and data, or a whole CloudEvent. Other attributes are ignored, as in every
// event; the time is that of arrival, since the newest one wins.
type eventRequest struct {
	_           struct{}       `json:"-" additionalProperties:"true"`
	SpecVersion string         `json:"specversion,omitempty" enum:"1.0"`
	Type        string         `json:"type" maxLength:"100"`
	ID          string         `json:"id,omitempty" maxLength:"200" doc:"The same id of the same source is counted once, however often it is sent; missing: a new one."`
	Source      string         `json:"source,omitempty" maxLength:"200" doc:"The event's source is /drumbeat/http, followed by this."`
	Site        string         `json:"site,omitempty" maxLength:"64" doc:"As in the path, if given."`
	Data        map[string]any `json:"data"`
}

// eventAnswer is what was written.
type eventAnswer struct {
	Topic  string `json:"topic"`
	Site   string `json:"site"`
	ID     string `json:"id"`
	Source string `json:"source"`
	Type   string `json:"type"`
	By     string `json:"by"`
}

func (a *API) decisions() {
	register(a, operation{id: "event", method: http.MethodPost, path: "/v1/sites/{site}/events", role: web.RolePlan, body: true,
		status: http.StatusAccepted, shows: eventAnswer{}, errors: []int{http.StatusNotFound},
		summary: "Decide: review an outlier, override demand, pin production, approve a plan. It is written to the input topic"},
		func(ctx context.Context, in *struct {
			SitePath
			Body eventRequest
		}) (*answer, error) {
			out, err := a.decide(ctx, in.Site, &in.Body)
			if err != nil {
				return nil, err
			}
			return reply(http.StatusAccepted, out)
		})
}

// decide writes the event. It is encoded, read as the service will read it, and written in the form of that
// reading, so that nothing gets into the topic which is refused there.
func (a *API) decide(ctx context.Context, site string, r *eventRequest) (*eventAnswer, error) {
	kind, err := schemas.ParseType(r.Type)
	role, can := decisions[kind]
	if err != nil || !can {
		return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "body.type", Message: "no decision of this type can be sent here", Value: r.Type})
	}
	who := web.Who(ctx)
	if !who.Role.Covers(role) {
		return nil, huma.Error403Forbidden("this decision needs the role " + string(role))
	}
	if r.Site != "" && r.Site != site {
		return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "body.site", Message: "the path names site " + site, Value: r.Site})
	}
	if _, err := a.config.Reader.Newest(ctx, site); err != nil { // the site must be there
		return nil, err
	}
	value, by, err := a.event(site, kind, who, r)
	if err != nil {
		return nil, err
	}
	var decoder schemas.Decoder
	var ev schemas.Event
	var wrong *schemas.DecodeError
	if err := decoder.Decode(nil, value, &ev); errors.As(err, &wrong) {
		return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "body.data", Message: strings.TrimPrefix(wrong.Error(), "schemas: ")})
	} else if err != nil {
		return nil, err
	}
	out := &eventAnswer{Topic: a.config.Input, Site: site, ID: ev.ID, Source: ev.Source, Type: kind.String(), By: by}
	if value, err = schemas.Encode(&ev); err != nil {
		return nil, err
	}
	// Decisions of one site share a key: they keep the order in which they were taken.
	if err := a.config.Send(ctx, a.config.Input, []stream.Message{{Key: []byte(site), Value: value}}); err != nil {
		return nil, err
	}
	a.config.Log.Info("decision", "type", out.Type, "site", site, "by", by, "id", out.ID)
	return out, nil
}

// event is the request as an event, with the name of the one who asks in place of any other.
func (a *API) event(site string, kind schemas.Type, who web.Someone, r *eventRequest) (value []byte, by string, err error) {
	data := make(map[string]any, len(r.Data)+1)
	for name, v := range r.Data {
		data[name] = v
	}
	by = unnamed
	if given, ok := data["by"]; ok {
		text, ok := given.(string)
		if by = strings.TrimSpace(text); !ok || by == "" {
			return nil, "", huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "body.data.by", Message: "not a name", Value: given})
		}
	}
	if who.Name != "" {
		by = who.Name
	}
	data["by"] = by
	delete(data, "site") // the path names it
	id := r.ID
	if id == "" {
		id = rand.Text()
	}
	source := eventSource
	if r.Source != "" { // never bare: ids that were sent here must not use up those of another feed
		source += "/" + strings.TrimLeft(r.Source, "/")
	}
	value, err = json.Marshal(map[string]any{
		"specversion": "1.0", "id": id, "source": source, "type": kind.String(), "time": a.config.Now().UTC(), "site": site, "data": data,
	})
	return value, by, err
}

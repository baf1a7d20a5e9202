package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// auditAnswer is the audit of a site.
type auditAnswer struct {
	Site  string       `json:"site"`
	Audit []view.Audit `json:"audit"`
}

// replayRequest names dead letters.
type replayRequest struct {
	Origins []view.Origin `json:"origins,omitempty" maxItems:"1000" doc:"These records."`
	Site    string        `json:"site,omitempty" maxLength:"64" doc:"Of this site."`
	Reason  string        `json:"reason,omitempty" maxLength:"100" doc:"With this reason."`
	Again   bool          `json:"again,omitempty" doc:"Also those that were sent before."`
}

// replayAnswer says what was sent.
type replayAnswer struct {
	Sent    int           `json:"sent"`
	Left    int           `json:"left" doc:"Records that are stored without their bytes: only their origin has them."`
	Origins []view.Origin `json:"origins"`
}

// maxReplay is how many letters one request sends.
const maxReplay = 1000

func (a *API) feed() {
	missing := []int{http.StatusNotFound}
	register(a, operation{id: "audit", path: "/v1/sites/{site}/audit", csv: true, shows: auditAnswer{}, errors: missing,
		summary: "What became of the records of a site, by origin"}, a.audit)
	register(a, operation{id: "audit-csv", path: "/v1/sites/{site}/audit.csv", csv: true, errors: missing,
		summary: "What became of the records of a site, as CSV"}, func(ctx context.Context, in *siteIn) (*answer, error) {
		in.Accept = "text/csv"
		return a.audit(ctx, in)
	})
	register(a, operation{id: "dead-letters", path: "/v1/dead-letters", shows: view.LetterPage{}, summary: "Rejected records, the newest first, and how many there are"},
		func(ctx context.Context, in *struct {
			Site    string `query:"site" maxLength:"64" doc:"Of this site."`
			Reason  string `query:"reason" maxLength:"100" doc:"With this reason."`
			Waiting bool   `query:"waiting" doc:"Those that were not sent again so far."`
			Until   string `query:"until" maxLength:"40" doc:"Rejected before this instant (RFC 3339)."`
			Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		}) (*answer, error) {
			q := view.LetterQuery{Site: in.Site, Reason: in.Reason, Waiting: in.Waiting, Limit: in.Limit}
			if in.Until != "" {
				var err error
				if q.Until, err = time.Parse(time.RFC3339, in.Until); err != nil {
					return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "query.until", Message: "no instant", Value: in.Until})
				}
			}
			page, err := a.config.Reader.DeadLetters(ctx, q)
			if err != nil {
				return nil, err
			}
			return reply(http.StatusOK, page)
		})
	register(a, operation{id: "replay", method: http.MethodPost, path: "/v1/dead-letters/replay", role: web.RoleOperate, body: true,
		status: http.StatusAccepted, shows: replayAnswer{}, summary: "Send rejected records to their input topics again, as they are"},
		func(ctx context.Context, in *struct{ Body replayRequest }) (*answer, error) {
			out, err := a.replay(ctx, &in.Body)
			if err != nil {
				return nil, err
			}
			return reply(http.StatusAccepted, out)
		})
}

func (a *API) audit(ctx context.Context, in *siteIn) (*answer, error) {
	list, err := a.config.Reader.Audit(ctx, in.Site)
	if err != nil {
		return nil, err
	}
	if in.wantsCSV() {
		return table("audit-"+in.Site, auditColumns, auditRows(in.Site, list))
	}
	return reply(http.StatusOK, auditAnswer{in.Site, list})
}

var errReplayAll = errors.New("which dead letters? name origins, a site or a reason")

// replay sends letters again and marks them. What had been written to our own log goes the usual way, through
// an input topic.
func (a *API) replay(ctx context.Context, r *replayRequest) (*replayAnswer, error) {
	if len(r.Origins) == 0 && r.Site == "" && r.Reason == "" {
		return nil, huma.Error422UnprocessableEntity(errReplayAll.Error())
	}
	page, err := a.config.Reader.DeadLetters(ctx, view.LetterQuery{Site: r.Site, Reason: r.Reason, Waiting: !r.Again, Origins: r.Origins, Limit: maxReplay})
	if err != nil {
		return nil, err
	}
	out := &replayAnswer{Origins: []view.Origin{}}
	messages, origins := map[string][]stream.Message{}, map[string][]view.Origin{}
	for i := len(page.Letters) - 1; i >= 0; i-- { // the oldest first
		l := &page.Letters[i]
		if l.Reason == schemas.ReasonTooLarge && l.Size == 0 {
			out.Left++
			continue
		}
		topic := l.Topic
		if topic == schemas.EventsTopic {
			topic = a.config.Input
		}
		messages[topic] = append(messages[topic], stream.Message{Key: l.RawKey, Value: l.RawValue, Headers: l.Headers})
		origins[topic] = append(origins[topic], l.Origin)
	}
	for topic, list := range messages {
		if err := a.config.Send(ctx, topic, list); err != nil {
			return nil, err
		}
		// What the brokers have is marked also when the reader has gone.
		if err := a.config.Replayed(context.WithoutCancel(ctx), origins[topic]); err != nil {
			return nil, err
		}
		out.Sent += len(list)
		out.Origins = append(out.Origins, origins[topic]...)
	}
	if out.Sent > 0 {
		a.config.Log.Info("dead letters sent again", "by", web.Who(ctx).Name, "letters", out.Sent)
	}
	return out, nil
}

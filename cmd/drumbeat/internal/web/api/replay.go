package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// Replayed is a dead letter that was sent again.
type Replayed struct {
	view.Origin
	ID string // of the event, where it was sent with a fix
}

// replayRequest names dead letters.
type replayRequest struct {
	Origins []view.Origin `json:"origins,omitempty" maxItems:"1000" doc:"These records."`
	Site    string        `json:"site,omitempty" maxLength:"64" doc:"Of this site."`
	Reason  string        `json:"reason,omitempty" maxLength:"100" doc:"With this reason."`
	Again   bool          `json:"again,omitempty" doc:"Also those that were sent before."`

	Set map[string]any `json:"set,omitempty" maxProperties:"100" doc:"Members of the event's data to set before it is sent: a new event of the same source, with ~fixed behind its id. Nothing is sent unless all can be fixed."`
}

// replayAnswer says what was sent.
type replayAnswer struct {
	Sent    int           `json:"sent"`
	Left    int           `json:"left" doc:"Records that are stored without their bytes: only their origin has them."`
	Origins []view.Origin `json:"origins"`
}

// maxReplay is how many letters one request sends.
const maxReplay = 1000

func (a *API) replays() {
	register(a, operation{id: "replay", method: http.MethodPost, path: "/v1/dead-letters/replay", role: web.RoleOperate, body: true,
		status: http.StatusAccepted, shows: replayAnswer{}, summary: "Send rejected records to their input topics again, as they are or with members of their data set"},
		func(ctx context.Context, in *struct{ Body replayRequest }) (*answer, error) {
			out, err := a.replay(ctx, &in.Body)
			if err != nil {
				return nil, err
			}
			return reply(http.StatusAccepted, out)
		})
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
	messages, sent := map[string][]stream.Message{}, map[string][]Replayed{}
	for i := len(page.Letters) - 1; i >= 0; i-- { // the oldest first
		l := &page.Letters[i]
		if l.Reason == schemas.ReasonTooLarge && l.Size == 0 {
			out.Left++
			continue
		}
		id := ""
		if len(r.Set) > 0 {
			if l, id, err = a.config.Fix(l, r.Set); err != nil {
				return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{
					Location: "body.set", Message: fmt.Sprintf("%s:%d:%d: %v", l.Topic, l.Partition, l.Offset, err)})
			}
		}
		topic := l.Topic
		if topic == schemas.EventsTopic {
			topic = a.config.Input
		}
		messages[topic] = append(messages[topic], stream.Message{Key: l.RawKey, Value: l.RawValue, Headers: l.Headers})
		sent[topic] = append(sent[topic], Replayed{l.Origin, id})
	}
	for topic, list := range messages {
		if err := a.config.Send(ctx, topic, list); err != nil {
			return nil, err
		}
		// What the brokers have is marked also when the reader has gone.
		if err := a.config.Replayed(context.WithoutCancel(ctx), sent[topic]); err != nil {
			return nil, err
		}
		out.Sent += len(list)
		for _, s := range sent[topic] {
			out.Origins = append(out.Origins, s.Origin)
		}
	}
	if out.Sent > 0 {
		a.config.Log.Info("dead letters sent again", "by", web.Who(ctx).Name, "letters", out.Sent)
	}
	return out, nil
}

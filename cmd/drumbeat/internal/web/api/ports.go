package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// What the routes do, for pages that are served by the same process.

// ErrRefused is matched by what the one who asks can mend.
var ErrRefused = errors.New("refused")

// Ask answers a what-if question about the newest plan of a site.
func (a *API) Ask(ctx context.Context, site string, o *optimize.Overrides) (*optimize.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	answer, _, err := a.sandboxes.ask(ctx, site, o)
	return answer, refused(err)
}

// Decide writes a decision to the input topic; data is of the type's struct in package schemas.
func (a *API) Decide(ctx context.Context, site string, kind schemas.Type, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	r := eventRequest{Type: kind.String()}
	if err := json.Unmarshal(body, &r.Data); err != nil {
		return fmt.Errorf("api: %w", err)
	}
	_, err = a.decide(ctx, site, &r)
	return refused(err)
}

// Replay sends the waiting dead letters of a site with a reason again, and returns how many were sent.
func (a *API) Replay(ctx context.Context, site, reason string) (letters int, err error) {
	out, err := a.replay(ctx, &replayRequest{Site: site, Reason: reason})
	if err != nil {
		return 0, refused(err)
	}
	return out.Sent, nil
}

// refused says in words what a person can mend; other errors stay as they are.
func refused(err error) error {
	var model *huma.ErrorModel
	switch {
	case errors.Is(err, optimize.ErrProblem):
		return fmt.Errorf("%w: %s", ErrRefused, strings.TrimPrefix(err.Error(), optimize.ErrProblem.Error()+": "))
	case errors.Is(err, errBusy):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case !errors.As(err, &model) || model.Status >= 500:
		return err
	}
	said := []string{model.Detail}
	if len(model.Errors) > 0 {
		said = nil
	}
	for _, e := range model.Errors {
		said = append(said, e.Message)
	}
	return fmt.Errorf("%w: %s", ErrRefused, strings.Join(said, "; "))
}

package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/schemas"
)

// Submit sends an event of a site to the input topic and returns when it is there. An event that is refused
// gives an error that matches ErrRefused and says why.
type Submit func(ctx context.Context, site string, kind schemas.Type, data any) error

// Resend sends dead letters of a site again: all waiting ones of a reason. It returns how many.
type Resend func(ctx context.Context, site, reason string) (letters int, err error)

// ErrRefused is matched by what a planner can mend.
var ErrRefused = errors.New("refused")

// formLimit is far above what a form of ours sends.
const formLimit = 64 << 10

// act turns a form into an event and goes back to where the form stands.
func (c *Console) act(w http.ResponseWriter, r *http.Request) {
	if c.Submit == nil {
		http.NotFound(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	site := r.PathValue("site")
	kind, data, err := decision(r)
	if err == nil {
		err = c.Submit(r.Context(), site, kind, data)
	}
	c.back(w, r, site, "Sent: the next plan shows it.", err)
}

// replay sends the waiting dead letters of a reason again.
func (c *Console) replay(w http.ResponseWriter, r *http.Request) {
	if c.Resend == nil {
		http.NotFound(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	site := r.PathValue("site")
	n, err := c.Resend(r.Context(), site, r.FormValue("reason"))
	c.back(w, r, site, plural(n, "record")+" sent again.", err)
}

// back redirects to the page that the form names, with what became of it.
func (c *Console) back(w http.ResponseWriter, r *http.Request, site, done string, err error) {
	key, message := "done", done
	switch {
	case errors.Is(err, ErrRefused):
		key, message = "wrong", refusal(err)
	case err != nil:
		c.Log.Error("console: a form failed", "path", r.URL.Path, "error", err)
		key, message = "wrong", "This could not be sent; the log says why. Try again."
	}
	to, parseErr := url.Parse(r.FormValue("back"))
	// Only our own pages of the site: an address of elsewhere in a form is somebody's trick.
	if parseErr != nil || to.IsAbs() || to.Host != "" || !strings.HasPrefix(to.EscapedPath(), at(site, "")) {
		to = &url.URL{Path: "/sites/" + site + "/actions"}
	}
	q := to.Query()
	q.Del("done")
	q.Del("wrong")
	q.Set(key, message)
	to.RawQuery = q.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// decision reads the form of one kind of event.
func decision(r *http.Request) (schemas.Type, any, error) {
	f := form{r: r}
	by := web.Who(r.Context()).Name
	if by == "" {
		by = f.need("by", "your name")
	}
	var kind schemas.Type
	var data any
	switch r.FormValue("type") {
	case "outlier-reviewed":
		kind = schemas.TypeOutlierReviewed
		// The button of a table's row says both.
		if verdict, date, one := strings.Cut(r.FormValue("ruling"), " "); one {
			r.Form.Set("verdict", verdict)
			r.Form.Set("date", date)
		}
		data = &schemas.OutlierReviewed{SKU: f.need("sku", "the SKU"), Date: f.date("date", "the date"), Verdict: schemas.Verdict(f.need("verdict", "the verdict")), By: by}
	case "demand-override":
		kind = schemas.TypeDemandOverride
		o := &schemas.DemandOverride{SKU: f.need("sku", "the SKU"), From: f.date("from", "the first day"), To: f.date("to", "the last day"),
			Mode: schemas.OverrideMode(f.need("mode", "what to do")), By: by, Reason: r.FormValue("reason"), Expires: f.maybeDate("expires", "the end")}
		if o.Mode == schemas.OverrideScale {
			o.Factor = f.percent("amount", "the percentage")
		} else {
			o.Quantity = f.amount("amount", "the quantity", true)
		}
		if o.To < o.From {
			f.wrong("the last day is before the first")
		}
		data = o
	case "production-pin":
		kind = schemas.TypeProductionPin
		pin := &schemas.ProductionPin{SKU: f.need("sku", "the SKU"), Period: f.need("period", "the period"), By: by,
			Min: f.amount("min", "the least quantity", false), Max: f.amount("max", "the largest quantity", false), Expires: f.maybeDate("expires", "the end")}
		switch {
		case pin.Min == nil && pin.Max == nil:
			f.wrong("a pin needs a least or a largest quantity, or both")
		case pin.Min != nil && pin.Max != nil && *pin.Min > *pin.Max:
			f.wrong("the least quantity is above the largest")
		}
		data = pin
	case "plan-approved":
		kind = schemas.TypePlanApproved
		revision, err := strconv.ParseInt(r.FormValue("revision"), 10, 64)
		if err != nil || revision < 1 {
			f.wrong("the revision is no number")
		}
		data = &schemas.PlanApproved{Revision: revision, Through: f.need("through", "the period"), By: by}
	default:
		f.wrong("the form is of no known kind")
	}
	return kind, data, f.err
}

// form reads fields and keeps the first thing that is wrong.
type form struct {
	r   *http.Request
	err error
}

func (f *form) wrong(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
	}
}

func (f *form) need(name, what string) string {
	s := strings.TrimSpace(f.r.FormValue(name))
	if s == "" {
		f.wrong("%s is missing", what)
	}
	return s
}

func (f *form) date(name, what string) schemas.Date {
	s := f.need(name, what)
	d, err := schemas.ParseDate(s)
	if err != nil && s != "" {
		f.wrong("%s is no date: %s", what, s)
	}
	return d
}

func (f *form) maybeDate(name, what string) *schemas.Date {
	if strings.TrimSpace(f.r.FormValue(name)) == "" {
		return nil
	}
	d := f.date(name, what)
	return &d
}

func (f *form) amount(name, what string, needed bool) *schemas.Quantity {
	s := strings.TrimSpace(f.r.FormValue(name))
	if s == "" && !needed {
		return nil
	}
	q, err := schemas.ParseQuantity(strings.ReplaceAll(s, ",", ""))
	if err != nil {
		f.wrong("%s is no number: %q", what, s)
	}
	return &q
}

// percent is a factor from a percentage: 120 is 1.2.
func (f *form) percent(name, what string) *float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(f.r.FormValue(name)), 64)
	if err != nil || v < 0 || v > 1e6 {
		f.wrong("%s is no number from 0 on", what)
	}
	v /= 100
	return &v
}

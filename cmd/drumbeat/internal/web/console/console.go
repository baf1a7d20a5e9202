package console

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/cmd/drumbeat/internal/web/view"
)

// Config says what the console shows and where its forms go.
type Config struct {
	Reader view.Reader
	Ask    Ask    // nil: the page says that what-if is not served here
	Submit Submit // nil: no forms
	Resend Resend // nil: no replay of dead letters
	Lag    Lag    // nil: lags are not known
	SignIn SignIn // nil: nobody has to
	Log    *slog.Logger
}

// SignIn gives the browser what a token lets it do; false if the token is nobody's.
type SignIn func(w http.ResponseWriter, r *http.Request, token string) bool

// Input is a partition of an input topic.
type Input struct {
	Topic     string
	Partition int32
}

// Lag tells how many records each input is behind, as far as that is known here.
type Lag func() map[Input]float64

// Console serves the pages.
type Console struct {
	Config
	assets assets
	pages  map[string]*template.Template
	newest newest
	rates  rates
	asked  asked
}

// New returns the console. It starts nothing.
func New(c Config) (*Console, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	all, err := loadAssets()
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	console := &Console{Config: c, assets: all, pages: map[string]*template.Template{}}
	if err := console.parse(); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	return console, nil
}

// Routes calls handle with every pattern of the console, the role that it needs and its handler.
func (c *Console) Routes(handle func(role web.Role, pattern string, h http.Handler)) {
	handle(web.RoleAnyone, "GET /assets/{file}", c.assets)
	if c.SignIn != nil {
		handle(web.RoleAnyone, "GET "+web.LoginPath, http.HandlerFunc(c.loginPage))
		handle(web.RoleAnyone, "POST "+web.LoginPath, http.HandlerFunc(c.login))
		handle(web.RoleAnyone, "POST /logout", http.HandlerFunc(c.logout))
	}
	handle(web.RoleRead, "GET /{$}", c.serve("sites", c.sites))
	for _, v := range []struct {
		path, page string
		fill       build
	}{
		{"", "site", c.site},
		{"/skus", "skus", c.skus},
		{"/sku", "sku", c.sku},
		{"/what-if", "whatif", c.whatIf},
		{"/feed", "feed", c.feed},
		{"/actions", "actions", c.actions},
		{"/history", "history", c.history},
	} {
		handle(web.RoleRead, "GET /sites/{site}"+v.path, c.serve(v.page, v.fill))
	}
	handle(web.RoleRead, "GET /sites/{site}/what-if.json", http.HandlerFunc(c.scenarioJSON))
	handle(web.RolePlan, "POST /sites/{site}/events", http.HandlerFunc(c.act))
	handle(web.RoleOperate, "POST /sites/{site}/replay", http.HandlerFunc(c.replay))
}

// build fills a page for a request.
type build func(r *http.Request, p *page) error

// page is what the layout shows; Body is the view's own.
type page struct {
	Title string
	View  string
	Site  string
	Sites []string
	Basis *view.Basis // nil: no plan yet
	Done  string      // what a form did, or what was wrong with it
	Wrong bool
	Soon  bool   // more of the page is being found out
	Who   string // the one who asks, where tokens say so
	Body  any

	context context.Context // of the request
	whole   bool            // tables are wanted whole, not a page of them
	self    string
	query   url.Values
	tables  []*Table
}

// table registers a table of the page, so that it can be downloaded.
func (p *page) table(t *Table) *Table {
	t.CSV = address(p.self, p.query, "csv", t.ID)
	p.tables = append(p.tables, t)
	return t
}

// parse reads the templates: every view with the layout and the parts that all share.
func (c *Console) parse() error {
	functions := template.FuncMap{
		"asset":  func(name string) string { return c.assets[name].address },
		"at":     at,
		"sku":    skuAddress,
		"moment": moment,
		"plural": plural,
	}
	shared, err := template.New("").Funcs(functions).ParseFS(templates, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return err
	}
	files, err := templates.ReadDir("templates")
	if err != nil {
		return err
	}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		own, err := shared.Clone()
		if err == nil {
			_, err = own.ParseFS(templates, path.Join("templates", f.Name()))
		}
		if err != nil {
			return err
		}
		c.pages[name] = own
	}
	return nil
}

// serve answers with a page, or with one of its tables as CSV.
func (c *Console) serve(name string, fill build) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		p := &page{context: r.Context(), View: name, Site: r.PathValue("site"), self: r.URL.EscapedPath(), query: q, whole: q.Has("csv"), Done: q.Get("done")}
		p.Who = web.Who(r.Context()).Name
		if q.Has("wrong") {
			p.Done, p.Wrong = q.Get("wrong"), true
		}
		err := c.frame(r.Context(), p)
		if err == nil {
			err = fill(r, p)
		}
		switch {
		case err != nil:
			c.fail(w, r, p, err)
		case p.whole:
			c.csv(w, r, p, q.Get("csv"))
		default:
			for _, t := range p.tables {
				t.layOut()
			}
			c.render(w, http.StatusOK, name, p)
		}
	})
}

// frame fills what the layout needs.
func (c *Console) frame(ctx context.Context, p *page) error {
	sites, err := c.Reader.Sites(ctx)
	if err != nil {
		return err
	}
	known := p.Site == ""
	for _, s := range sites {
		p.Sites = append(p.Sites, s.Site)
		if s.Site == p.Site {
			known = true
			if s.Plan != nil {
				p.Basis = &s.Plan.Basis
			}
		}
	}
	if !known {
		return fmt.Errorf("site %q: %w", p.Site, view.ErrNotFound)
	}
	return nil
}

func (c *Console) csv(w http.ResponseWriter, r *http.Request, p *page, id string) {
	for _, t := range p.tables {
		if t.ID != id {
			continue
		}
		name := strings.Trim(p.Site+"-"+p.View+"-"+id, "-")
		if p.Basis != nil {
			name += fmt.Sprintf("-r%d", p.Basis.Revision)
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
		w.Header().Set("Cache-Control", "no-store")
		if err := t.writeCSV(w); err != nil {
			c.Log.Debug("console: a download was cut short", "error", err)
		}
		return
	}
	c.fail(w, r, p, fmt.Errorf("table %q: %w", id, view.ErrNotFound))
}

// fail answers with a page that says what is wrong; what is not the reader's doing is logged.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, p *page, err error) {
	status := http.StatusInternalServerError
	p.Title, p.Body = "Something went wrong", "The page cannot be shown; the log says why."
	switch {
	case errors.Is(err, view.ErrNotFound):
		status, p.Title, p.Body = http.StatusNotFound, "Not here", err.Error()
	case r.Context().Err() != nil:
		return // nobody reads the answer
	default:
		c.Log.Error("console: a page failed", "path", r.URL.Path, "error", err)
	}
	c.render(w, status, "error", p)
}

func (c *Console) render(w http.ResponseWriter, status int, name string, p *page) {
	var b strings.Builder
	if err := c.pages[name].ExecuteTemplate(&b, "layout", p); err != nil {
		c.Log.Error("console: a template failed", "view", name, "error", err)
		http.Error(w, "The page cannot be shown; the log says why.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(b.String())) // a failed write: the reader has gone
}

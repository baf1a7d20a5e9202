package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/optimize"
	"drumbeat/optimize/clp"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// oneSite is a Reader that has the newest plan of one site, and is asked for nothing else.
type oneSite struct{ view.Reader }

func (oneSite) Newest(context.Context, string) (int64, error) { return 1, nil }

func (oneSite) Problem(_ context.Context, site string) (*view.Problem, error) {
	p := &optimize.Problem{
		Periods:   []string{"2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"},
		Resources: []optimize.Resource{{Name: "factory", Capacity: []float64{100, 100, 100, 100}}},
	}
	for _, sku := range []string{"A", "B"} {
		p.SKUs = append(p.SKUs, optimize.SKU{
			Name: sku, Demand: []float64{30, 60, 40, 50}, SafetyStock: []float64{5, 5, 5, 5}, Opening: 20,
			ProductionCost: 10, HoldingCost: 1, Uses: []optimize.Use{{Amount: 1}},
		})
	}
	return &view.Problem{Basis: view.Basis{Site: site, PlanID: site + ":1", Revision: 1, Status: schemas.PlanOptimal}, Problem: p}, nil
}

// fuzzBodies posts bodies to a route: none is answered by an error of ours, and what gets into the input topic can be
// read there.
func fuzzBodies(f *testing.F, path string, seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	server := web.New(web.Config{Log: quietLog})
	api, err := New(server, Config{
		Reader: oneSite{}, NewSolver: clp.New, Log: quietLog, Now: func() time.Time { return time.Unix(1_767_600_000, 0) },
		Send: func(_ context.Context, _ string, messages []stream.Message) error {
			var d schemas.Decoder
			for _, m := range messages {
				var ev schemas.Event
				if err := d.Decode(nil, m.Value, &ev); err != nil {
					return err
				}
			}
			return nil
		},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := api.sandboxes.close(); err != nil {
			f.Error(err)
		}
	})
	handler := server.Handler()
	f.Fuzz(func(t *testing.T, body []byte) {
		req := httptest.NewRequest(http.MethodPost, "http://localhost"+path, strings.NewReader(string(body)))
		req.Header.Set("Content-Type", "application/json")
		out := httptest.NewRecorder()
		handler.ServeHTTP(out, req)
		if out.Code == http.StatusInternalServerError || out.Code < 200 {
			t.Errorf("%d %.500s", out.Code, out.Body)
		}
	})
}

func FuzzDecision(f *testing.F) {
	fuzzBodies(f, "/v1/sites/plant/events",
		`{"type":"drumbeat.demand-override.v1","data":{"sku":"A","from":"2026-02-01","to":"2026-02-28","mode":"add","quantity":10,"by":"ann"}}`,
		`{"type":"drumbeat.production-pin.v1","id":"7","data":{"sku":"A","period":"2026-W05","min":1e-6,"max":77}}`,
		`{"type":"drumbeat.outlier-reviewed.v1","data":{"sku":"A","date":"2026-01-01","verdict":"accept"}}`,
		`{"type":"drumbeat.plan-approved.v1","data":{"revision":1,"through":"2026-01-12"}}`,
		`{"type":"drumbeat.operator.v1","data":{"action":"replan","by":" "}}`,
	)
}

func FuzzWhatIf(f *testing.F) {
	fuzzBodies(f, "/v1/sites/plant/what-if",
		`{"resources":[{"resource":"factory","periods":["2026-01-12"],"capacity":90,"overtime":5,"overtime_cost":2}]}`,
		`{"mode":"elastic","resources":[{"capacity_percent":-10}]}`,
		`{"skus":[{"sku":"A","demand_percent":20,"safety_stock":3,"shortage_cost":50,"order_cost":7}]}`,
		`{"added":[{"sku":"NEW","demand":[1,2.5],"production_cost":3,"holding_cost":0.1,"resource":"factory","usage":2}]}`,
		`{"skus":[{"production_cost":1e25,"holding_cost":-0}]}`,
	)
}

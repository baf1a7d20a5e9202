package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/postgres"
)

// BenchmarkSave saves 10,000 changed SKUs of a site that has 100,000.
func BenchmarkSave(b *testing.B) {
	for _, bytes := range []int{300, 1000, 2000} {
		b.Run(fmt.Sprintf("10000x%dB", bytes), func(b *testing.B) {
			s, epoch := filled(b, 100_000, bytes)
			random := rand.New(rand.NewPCG(1, 2))
			next := int64(0)
			for b.Loop() {
				batch := &stream.Batch{Next: next, State: []byte("s"), Sites: []stream.SiteState{{Site: "a"}}}
				for _, i := range random.Perm(100_000)[:10_000] {
					batch.SKUs = append(batch.SKUs, sku(i, bytes))
				}
				if err := s.Save(context.Background(), 0, epoch, batch); err != nil {
					b.Fatal(err)
				}
				next++
			}
			b.ReportMetric(float64(10_000*b.N)/b.Elapsed().Seconds(), "SKUs/s")
		})
	}
}

// BenchmarkLoad loads a site of 100,000 SKUs.
func BenchmarkLoad(b *testing.B) {
	for _, bytes := range []int{300, 1000, 2000} {
		b.Run(fmt.Sprintf("100000x%dB", bytes), func(b *testing.B) {
			s, _ := filled(b, 100_000, bytes)
			for b.Loop() {
				got, err := s.Load(context.Background(), 0)
				if err != nil || len(got.Sites) != 1 || len(got.Sites[0].SKUs) != 100_000 {
					b.Fatal(got, err)
				}
			}
		})
	}
}

// BenchmarkSavePlan saves a revision that changes 3,400 lines and forecasts, with their daily sales.
func BenchmarkSavePlan(b *testing.B) {
	s, _ := newStore(b)
	epoch := loadEpoch(b, s)
	n := int64(0)
	for b.Loop() {
		n++
		savePlan(b, s, epoch, n)
	}
}

// BenchmarkViews reads 3,400 lines of 26 periods, and their forecasts of 182 days, as readers do.
func BenchmarkViews(b *testing.B) {
	s, dsn := newStore(b)
	epoch := loadEpoch(b, s)
	for n := int64(1); n <= 3; n++ {
		savePlan(b, s, epoch, n)
	}
	conn := connect(b, dsn)
	for _, view := range []string{"current_supply_plan", "supply_plans WHERE revision = 1", "plan_changes WHERE revision = 2", "current_demand_forecast"} {
		b.Run(view, func(b *testing.B) {
			for b.Loop() {
				rows, err := conn.Query(context.Background(), "SELECT * FROM drumbeat."+view)
				if err != nil {
					b.Fatal(err)
				}
				count := 0
				for rows.Next() {
					count++
				}
				if rows.Err() != nil {
					b.Fatal(rows.Err())
				}
				b.ReportMetric(float64(count), "rows")
			}
		})
	}
}

func savePlan(b *testing.B, s *postgres.Store, epoch, n int64) {
	b.Helper()
	batch := fullBatch(n)
	batch.Revisions[0].ExecutionDate = day
	batch.Revisions[0].Lines = nil
	daily := make([]float32, 182)
	for i := range 3400 {
		name := fmt.Sprintf("SKU-%06d", i)
		production := make([]int, 26)
		for t := range production {
			production[t] = int(n)*i + t
		}
		batch.Revisions[0].Lines = append(batch.Revisions[0].Lines, stream.LineValue{SKU: name, Value: planLine(name, n, production...)})
		batch.Forecasts = append(batch.Forecasts, stream.ForecastRow{
			Site: "a", SKU: name, Revision: n, ExecutionDate: day, First: day, Mean: daily, Lower: daily, Upper: daily, Model: "ets",
		})
		batch.Sales = append(batch.Sales, stream.DailySale{Site: "a", SKU: name, Date: day, Quantity: schemas.Quantity(n)})
	}
	if err := s.Save(context.Background(), 0, epoch, batch); err != nil {
		b.Fatal(err)
	}
}

func filled(b *testing.B, count, bytes int) (*postgres.Store, int64) {
	b.Helper()
	s, _ := newStore(b)
	epoch := loadEpoch(b, s)
	batch := &stream.Batch{State: []byte("s"), Sites: []stream.SiteState{{Site: "a"}}}
	for i := range count {
		batch.SKUs = append(batch.SKUs, sku(i, bytes))
	}
	if err := s.Save(context.Background(), 0, epoch, batch); err != nil {
		b.Fatal(err)
	}
	return s, epoch
}

func loadEpoch(b *testing.B, s *postgres.Store) int64 {
	b.Helper()
	snapshot, err := s.Load(context.Background(), 0)
	if err != nil {
		b.Fatal(err)
	}
	return snapshot.Epoch
}

func sku(i, bytes int) stream.SKUState {
	state := make([]byte, bytes)
	for at := range state {
		state[at] = byte(i * (at + 1))
	}
	return stream.SKUState{Site: "a", SKU: fmt.Sprintf("SKU-%06d", i), State: state}
}

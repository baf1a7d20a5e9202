package plancsv

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// FuzzRead reads any five files of a plan and a previous plan: they make a problem of finite numbers, or an error
// that names the file.
func FuzzRead(f *testing.F) {
	items, demand := "sku,production_cost,holding_cost,initial_inventory,safety_stock\nA,10,2,100,20\n", "sku,period,quantity\nA,2026-01,50\nA,2026-02,60\n"
	f.Add(items, demand, "resource,period,capacity\nfactory,2026-01,100\nfactory,2026-02,100\n", "sku,resource,usage\nA,factory,1\n", "order,sku,quantity,date\nP,A,5,2026-01-31\n", `{"lines":[]}`)
	f.Add(items, demand, "", "", "", "")
	f.Add("sku\n", "sku,period,quantity\nA,2026-W53,NaN\n", "resource\n\"", "sku,resource,usage\nA,factory,1e308\n", "\xff", `{"periods":["x"],"lines":[{"sku":"A"}]}`)
	f.Fuzz(func(t *testing.T, items, demand, capacity, routings, receipts, previous string) {
		dir := t.TempDir()
		write := func(name, text string) string {
			if text == "" && name != "items.csv" && name != "demand.csv" {
				return ""
			}
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		files := Files{
			Items: write("items.csv", items), Demand: write("demand.csv", demand), CapacityFile: write("capacity.csv", capacity),
			Routings: write("routings.csv", routings), Receipts: write("receipts.csv", receipts), Previous: write("previous.json", previous),
		}
		if files.CapacityFile == "" {
			files.Capacity = 100
		}
		if files.Previous != "" {
			files.Frozen = 1
		}
		p, err := Read(files)
		if err != nil {
			var bad *Error
			if !errors.As(err, &bad) && files.Validate() == nil {
				t.Errorf("an error without a file: %v", err)
			}
			return
		}
		for i := range p.SKUs {
			for _, v := range p.SKUs[i].Demand {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Errorf("demand %v of %s", v, p.SKUs[i].Name)
				}
			}
		}
	})
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"drumbeat/cmd/drumbeat/internal/simulate"
	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/optimize/clp"
)

// simulateCmd closes the loop.
type simulateCmd struct {
	From  []string          `placeholder:"FILE" help:"CSV of sales, in time order: their demand is replayed."`
	Map   map[string]string `mapsep:"," placeholder:"FIELD=COLUMN,…" help:"The columns of the event's fields."`
	Set   string            `default:"" enum:",three-sku,online-retail,spare-parts" help:"A data set instead of files: three-sku, online-retail or spare-parts."`
	Data  string            `default:"../shared/data" placeholder:"DIR" help:"Folder of the data sets' files."`
	Seeds int               `default:"1" placeholder:"N" help:"three-sku: data sets that are made up, from seed 1 on."`

	Policy []string `default:"drumbeat,drumbeat:weekly,drumbeat:monthly,coverage:4w,published,reorder,clairvoyant" placeholder:"NAME[:KEY=VALUE…],…" help:"Policies: drumbeat[:weekly|:monthly][:level=|:change=|:frozen=|:materiality=|:economic|:worth=|:weeks|:tolerance=], coverage:4w, published[:months=], reorder[:level=], clairvoyant[:goodwill=]."`

	Capacity      float64 `placeholder:"N" help:"three-sku: units a month (default 15000)."`
	Items         string  `placeholder:"FILE" help:"Files: items.csv with costs, stock, lead times, lots and resources of the SKUs; others have costs from prices."`
	CapacityFile  string  `placeholder:"FILE" help:"Files: resource,period,capacity[,overtime_capacity,overtime_cost]; every simulated day needs a figure."`
	CapacityShare float64 `placeholder:"F" help:"Files: capacity as a multiple of the mean load; without it nothing limits."`
	Lead          int     `placeholder:"WEEKS" help:"Files: lead time."`
	SKUs          int     `name:"skus" placeholder:"N" help:"Of files and data sets so many SKUs, the busiest first (online-retail: 200, else all)."`
	Weeks         int     `placeholder:"N" help:"Weeks that are simulated, the last of the data (default 26 for files, 17 for online-retail, 72 for spare-parts)."`
	Dirty         bool    `help:"Spoil a twentieth of the feed and deliver another twentieth late."`

	Curve bool   `help:"Add each policy at other service levels, weeks and months of stock."`
	JSON  bool   `name:"json" help:"Print the report as JSON."`
	SVG   string `name:"svg" placeholder:"FILE" help:"Write a page of charts."`
	Story string `placeholder:"SKU" help:"SKU whose days the page shows (default: the one that costs the policies most differently)."`
}

// What a data set simulates: weeks, and the service level that serves Online Retail best, where stock is cheap to hold.
const (
	retailSKUs  = 200
	retailWeeks = 17
	retailLevel = .985
	partsWeeks  = 72
	fileWeeks   = 26
)

// Run simulates: progress on stderr, the report on stdout.
func (c *simulateCmd) Run(ctx context.Context, std streams) error {
	choices, err := c.choices()
	if err != nil {
		return badInput(err)
	}
	sets, err := c.sets()
	if err != nil {
		return badInput(err)
	}
	began := time.Now()
	total, ended := len(choices)*len(sets), 0
	progress := terminal.NewProgress(std.err, terminal.Detect(std.err, os.Getenv), sets[0].Name, began)
	report, err := simulate.All(ctx, sets, simulate.Options{
		Choices: choices, Solver: clp.New, Story: c.Story,
		Done: func(text string) {
			ended++
			progress.Update(time.Now(), float64(ended)/float64(total), text)
		},
	})
	if err != nil {
		return err
	}
	progress.Done(fmt.Sprintf("%d runs in %s", total, terminal.Duration(time.Since(began))))
	if c.SVG != "" {
		if err := os.WriteFile(c.SVG, report.SVG(), 0o644); err != nil {
			return badInput(err)
		}
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(report)
	}
	_, err = fmt.Fprint(std.out, report.Table(terminal.Detect(std.out, os.Getenv)))
	return err
}

// choices are the policies, each once.
func (c *simulateCmd) choices() (list []simulate.Choice, err error) {
	var texts []string
	for _, text := range c.Policy {
		choice, err := simulate.Parse(text)
		if err != nil {
			return nil, err
		}
		texts = append(texts, choice.Text)
		if c.Curve {
			texts = append(texts, choice.Curve()...)
		}
	}
	if !slices.Contains(texts, "clairvoyant") {
		texts = append(texts, "clairvoyant")
	}
	for i, text := range texts {
		if slices.Contains(texts[:i], text) {
			continue
		}
		choice, err := simulate.Parse(text)
		if err != nil {
			return nil, err
		}
		list = append(list, choice)
	}
	return list, nil
}

// sets reads or makes the data.
func (c *simulateCmd) sets() (list []*simulate.Set, err error) {
	if (len(c.From) > 0) == (c.Set != "") {
		return nil, errors.New("one of --from and --set is needed")
	}
	if c.Set != "" && (c.Items != "" || c.CapacityFile != "") {
		return nil, errors.New("--items and --capacity-file: with --from alone")
	}
	if c.CapacityFile != "" && c.CapacityShare > 0 {
		return nil, errors.New("one of --capacity-file and --capacity-share")
	}
	if c.Seeds < 1 || c.Seeds > 1 && c.Set != "three-sku" {
		return nil, errors.New("--seeds: at least 1, and for three-sku alone")
	}
	weeks := func(otherwise int) int {
		if c.Weeks > 0 {
			return c.Weeks
		}
		return otherwise
	}
	var set *simulate.Set
	switch c.Set {
	case "three-sku":
		capacity := c.Capacity
		if capacity == 0 {
			capacity = 15_000
		}
		for seed := range c.Seeds {
			list = append(list, simulate.ThreeSKU(uint64(seed+1), capacity))
		}
	case "spare-parts":
		set, err = simulate.SpareParts(c.Data, c.SKUs, weeks(partsWeeks))
	case "online-retail":
		sales := simulate.Sales{
			Name: c.Set, Files: []string{filepath.Join(c.Data, "online_retail_2010-12_2011-06.csv.gz")}, Map: simulate.RetailColumns,
			SKUs: retailSKUs, Weeks: weeks(retailWeeks), Share: 1.05, Lead: c.Lead, Level: retailLevel,
		}
		if c.SKUs > 0 {
			sales.SKUs = c.SKUs
		}
		if c.CapacityShare > 0 {
			sales.Share = c.CapacityShare
		}
		set, err = sales.Load()
	default:
		set, err = simulate.Sales{
			Name: filepath.Base(c.From[0]), Files: c.From, Map: c.Map, SKUs: c.SKUs, Weeks: weeks(fileWeeks), Share: c.CapacityShare, Lead: c.Lead,
			Items: c.Items, Plant: c.CapacityFile,
		}.Load()
	}
	if err != nil {
		return nil, err
	}
	if set != nil {
		list = append(list, set)
	}
	if c.Dirty {
		for i, s := range list {
			s.Dirt = &simulate.Dirt{Seed: uint64(i + 1)}
		}
	}
	return list, nil
}

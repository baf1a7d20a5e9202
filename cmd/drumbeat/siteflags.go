package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"strings"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// siteFlags are the flags of every command that runs the Processor.
type siteFlags struct {
	DefaultSite string `env:"DRUMBEAT_DEFAULT_SITE" default:"default" help:"Site of the events that name none."`
	DayFirst    bool   `env:"DRUMBEAT_DAY_FIRST" help:"The feed declares dates such as 03/04/2026 to put the day first."`
	TimeZone    string `env:"DRUMBEAT_TIME_ZONE" default:"UTC" help:"Time zone of sites whose policy names none."`
	Country     string `env:"DRUMBEAT_COUNTRY" placeholder:"ES" help:"National holidays of sites whose policy names no country are those of this one."`
	Period      string `env:"DRUMBEAT_PERIOD" default:"week" enum:"day,week,month" help:"Planning period of sites whose policy names none: ${enum}."`
	Horizon     int    `env:"DRUMBEAT_HORIZON" default:"26" help:"Periods to plan, where no policy says so."`
	PlanEvery   string `env:"DRUMBEAT_PLAN_EVERY" default:"" enum:",day,week,end" help:"How often sites with an event clock plan: day (the default), week, or end (only at the end of the input)."`
}

// config is the Processor's configuration. A command that runs in event time says so by its clock.
func (f *siteFlags) config(clock schemas.Clock, log *slog.Logger) (stream.Config, error) {
	settings := stream.DefaultSettings()
	settings.TimeZone, settings.Period, settings.Horizon, settings.Clock = f.TimeZone, schemas.PeriodKind(f.Period), f.Horizon, clock
	settings.Country = strings.ToUpper(f.Country)
	if settings.Frozen >= settings.Horizon {
		settings.Frozen = settings.Horizon - 1
	}
	c := stream.Config{
		DefaultSite: f.DefaultSite, Settings: settings, DayFirst: f.DayFirst, PlanEvery: cmp.Or(f.PlanEvery, "day"), Log: log,
	}
	if err := c.Validate(); err != nil {
		return c, badInput(fmt.Errorf("configuration: %w", err))
	}
	return c, nil
}

// capacityFlags give a capacity to resources that nobody has defined.
type capacityFlags struct {
	Capacity      float64 `env:"DRUMBEAT_CAPACITY" placeholder:"N" help:"Capacity a period of resources that no event defines."`
	CapacityShare float64 `env:"DRUMBEAT_CAPACITY_SHARE" placeholder:"F" help:"The same as a multiple of the mean load: 1.05."`
}

func (f *capacityFlags) apply(c *stream.Config) {
	c.Capacity, c.CapacityShare = f.Capacity, f.CapacityShare
}

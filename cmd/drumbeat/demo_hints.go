package main

import (
	"fmt"
	"time"
)

// hints say what one can do with a demo whose feed has ended. Commands are whole lines, to be copied.
func (d *demo) hints() []string {
	sku, day := d.watch.example()
	broker := d.broker.Addr()
	return []string{
		"The feed has ended; the service runs on. Ctrl-C stops it. In another terminal:",
		fmt.Sprintf(`a sale    printf 'sku,quantity,date\n%s,900,%s\n' |`, sku, day.Format(time.DateOnly)),
		fmt.Sprintf("          drumbeat produce --from - --site %s --topic %s --kafka-brokers %s", d.watch.site, demoPeople, broker),
		fmt.Sprintf("plans     kcat -C -b %s -t drumbeat.plans", broker),
		"the plan  psql -c 'select * from drumbeat.current_supply_plan' \\",
		"          '" + d.database.DSN() + "'",
		fmt.Sprintf("console   http://%s", d.address),
		fmt.Sprintf("metrics   http://%s/metrics", d.address),
	}
}

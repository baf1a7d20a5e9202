// Package schemas holds the wire formats of Drumbeat: events, plans, topics and their codec.
package schemas

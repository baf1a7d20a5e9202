// Package console is what a planner sees: server-rendered pages over the reading port of package view.
//
// A page is a GET of one path; everything that a reader can choose (a search, a range of days, two revisions,
// what-if scenarios) stands in its query, so every state of the console is a link. Every table on a page is a
// [Table], and the page's own address with csv=ID answers with that table as CSV, whole, from the same rows.
//
// Parts of a page that a new plan changes carry the attribute data-live. The script listens to the site's
// event stream, fetches the page anew and exchanges those parts; without the script the pages work and stand
// still. Forms write events, never the database.
//
// Nothing on a page comes from elsewhere and nothing is inline, so the content security policy allows our own
// script and stylesheet only. Text from events is escaped by html/template and by package chart.
package console

// Package plancsv reads the files of `drumbeat plan` into an optimize.Problem: items, demand, capacity,
// routings, open orders and a previous plan.
//
// Files are CSV with a header, UTF-8 with or without a byte order mark, LF or CRLF, plain or gzip. The
// columns may stand in any order; columns nobody asks for are ignored unless they look like a slip of
// the pen. Whatever is wrong is one [Error] that names file, line and field.
package plancsv

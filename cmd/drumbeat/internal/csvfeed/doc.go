// Package csvfeed reads files of sales and of definitions as events, in the order of the file.
//
// A file is a CSV with a header, or JSON lines of CloudEvents (.jsonl, .ndjson), either of them
// compressed with gzip (.gz) or not; the path "-" is standard input. CSV may be separated by comma,
// semicolon or tab (the header decides), may begin with a byte order mark and may end its lines with
// CRLF. It must be UTF-8.
//
// # Columns
//
// A field of the event comes from the column that Options.Map names for it, else from the column of
// the field's own name, if there is one. Nested fields have dotted names: safety_stock.rule. An empty
// cell is an absent field. Lists are separated by semicolons.
//
// # What is an error
//
// The values of sales pass as they are written, however dirty: the cleaner repairs, rejects and counts
// them. A file whose structure is wrong (no header, a column that is not there, a row with too few
// fields) is an [Error] that names file, line and field, and so is a wrong value in a definition, which
// nobody would repair later. Lines of JSON pass unread.
//
// # Identity
//
// The events of a CSV file have the source "csv:" and the file's base name, and the line number as id
// (the header is line 1). Thus sending the same file twice adds nothing, and rows that are repeated
// within a file stay distinct. A file of definitions is the exception: its events carry the file's
// modification time as their time and in their id, so that an edited file redefines what it names, and
// the same one sent again still adds nothing.
package csvfeed

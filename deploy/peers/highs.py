"""Solves LPs with HiGHS for `drumbeat bench plan --peers` and `bench what-if --peers`.

Reads one JSON object a line and answers each with one. First comes {"ready": true, "version": "1.15.1"}.

{"load": file, "columns": n, "rows": m, "entries": k} reads an LP from a file of plain little-endian arrays, one after the
other: cost, lower, upper (n numbers each), value (k), row_lower, row_upper (m each), all of 8 bytes; start (n + 1), index (k), of 4
bytes. The matrix stands by columns.

{"cold": solver, "limit": seconds} passes that LP to a solver that knows nothing ("build", passModel alone) and solves it by the
option solver = choose, simplex or ipm.

{"rows": indices, "lower": numbers, "upper": numbers} changes bounds of rows and solves on from the last basis by the simplex
method.

The answer to both has "build" and "solve", seconds of the clock, "processor", those of all cores for both together, "objective"
and "optimal".
"""

import json
import sys
import time

import highspy
import numpy


def read(path, columns, rows, entries):
    data = numpy.fromfile(path, dtype="<f8", count=3 * columns + entries + 2 * rows)
    index = numpy.fromfile(path, dtype="<i4", offset=data.nbytes)
    cost, lower, upper, value, row_lower, row_upper = numpy.split(
        data, numpy.cumsum([columns, columns, columns, entries, rows])
    )
    return columns, rows, entries, cost, lower, upper, row_lower, row_upper, index[: columns + 1], index[columns + 1 :], value


def quiet(solver, limit):
    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    h.setOptionValue("solver", solver)
    h.setOptionValue("time_limit", limit)
    return h


def build(h, lp):
    columns, rows, entries, cost, lower, upper, row_lower, row_upper, start, index, value = lp
    by_columns, minimise = int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMinimize)
    h.passModel(columns, rows, entries, by_columns, minimise, 0.0, cost, lower, upper, row_lower, row_upper, start, index, value,
                numpy.zeros(columns, dtype=numpy.int32))


def main():
    print(json.dumps({"ready": True, "version": highspy.Highs().version()}), flush=True)
    lp, h = None, None
    for line in sys.stdin:
        ask = json.loads(line)
        if "load" in ask:
            lp = read(ask["load"], ask["columns"], ask["rows"], ask["entries"])
            print(json.dumps({}), flush=True)
            continue
        if "rows" in ask:
            h.setOptionValue("solver", "simplex")
            rows = numpy.asarray(ask["rows"], dtype=numpy.int32)
            lower, upper = numpy.asarray(ask["lower"], dtype=float), numpy.asarray(ask["upper"], dtype=float)
            used, began = time.process_time(), time.perf_counter()
            h.changeRowsBounds(len(rows), rows, lower, upper)
            built = began
        else:
            h = quiet(ask["cold"], ask["limit"])
            used, began = time.process_time(), time.perf_counter()
            build(h, lp)
            built = time.perf_counter()
        h.run()
        done, processor = time.perf_counter(), time.process_time() - used
        print(json.dumps({
            "build": built - began, "solve": done - built, "processor": processor,
            "objective": h.getObjectiveValue(), "optimal": h.getModelStatus() == highspy.HighsModelStatus.kOptimal,
        }), flush=True)


if __name__ == "__main__":
    main()

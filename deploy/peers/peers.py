"""Times AutoETS (statsforecast) and Prophet for `drumbeat bench forecast --peers`.

Reads one JSON object a line, {"model", "season", "horizon", "y"}, fits the model to y and forecasts so many
buckets with intervals of 80 and 95 %, and answers {"seconds": …}: the processor time of fit and forecast of this
one series on one core, child processes included. Imports, and a first fit of each model, which compiles and loads what is done once, come before the first
line: {"ready": true, "statsforecast": "2.1.1", "prophet": "1.5.0"}.
"""

import os

for name in ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM", "STAN"):
    os.environ[name + "_NUM_THREADS"] = "1"

import json
import logging
import resource
import sys
import warnings

logging.getLogger("prophet.plot").disabled = True  # it misses plotly

import numpy
import pandas
import prophet
import statsforecast
from statsforecast.models import AutoETS

LEVELS = (80, 95)
FREQUENCIES = {7: "D", 52: "W", 12: "MS"}


def autoets(y, season, horizon):
    AutoETS(season_length=season).forecast(y=y, h=horizon, level=list(LEVELS))


def fit_prophet(y, season, horizon):
    days = pandas.date_range("2020-01-05", periods=len(y), freq=FREQUENCIES[season])
    model = prophet.Prophet(interval_width=LEVELS[-1] / 100)
    model.fit(pandas.DataFrame({"ds": days, "y": y}))
    model.predict(model.make_future_dataframe(horizon, freq=FREQUENCIES[season], include_history=False))


MODELS = {"autoets": autoets, "prophet": fit_prophet}


def used():
    """Processor time so far."""
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def main():
    warnings.filterwarnings("ignore")
    for name in ("prophet", "cmdstanpy"):
        logging.getLogger(name).disabled = True
    for model in MODELS.values():
        model(10 + 3 * numpy.sin(numpy.arange(60.0)), 7, 7)
    print(json.dumps({"ready": True, "statsforecast": statsforecast.__version__, "prophet": prophet.__version__}), flush=True)
    for line in sys.stdin:
        case = json.loads(line)
        y = numpy.asarray(case["y"], dtype=float)
        began = used()
        MODELS[case["model"]](y, case["season"], case["horizon"])
        print(json.dumps({"seconds": used() - began}), flush=True)


if __name__ == "__main__":
    main()

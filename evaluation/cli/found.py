"""What a run found, for the terminal: headline effects on gaps, beside the planted truth where it is known."""

from __future__ import annotations

import pandas as pd
from rich.console import Console
from rich.table import Table

from evaluation import store
from evaluation.params import Study
from evaluation.synthetic.beside import truth_of

NO_INTERVAL_WORDS = "no interval"

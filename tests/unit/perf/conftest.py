"""The suite's modules, which import each other by their bare names."""

import sys
from pathlib import Path

PERF = Path(__file__).resolve().parents[3] / "perf"
if str(PERF) not in sys.path:
    sys.path.append(str(PERF))

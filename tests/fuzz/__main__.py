"""`python -m tests.fuzz [--seconds N] [TARGET ...]`: fuzz for a while; what fails is kept in tests/fuzz/corpus."""

import argparse
import sys

from tests.fuzz.engine import fuzz_apart
from tests.fuzz.targets import TARGETS

parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
parser.add_argument(
    "--seconds", type=float, default=60.0, help="how long, all targets together (default: 60)"
)
parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of: {', '.join(TARGETS)} (default: all)")
options = parser.parse_args()
unknown = set(options.targets) - set(TARGETS)
if unknown:
    parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
sys.exit(fuzz_apart(options.targets or list(TARGETS), options.seconds))

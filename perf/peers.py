#!/usr/bin/env python3
"""Isaac side by side with others, in one run on one machine: `perf/peers.py [--quick] [SECTION ...]`.

Each peer is installed from PyPI into an environment of its own, and its version is stated. `ask` is start-up and one
complete question to the same provider on this machine, which answers at once; `caches` is hits and sets in one process;
`ipc` is what one small call costs the server. Nothing leaves the loopback but pip. A peer that cannot be installed or
does not run is named as such. `gateway` is 32 clients of an OpenAI-compatible endpoint, misses and hits, against LiteLLM's
proxy: what it adds to a request, its start and its memory.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import leash
import peer_ask
import peer_caches
import peer_gateway
import peer_ipc
from conditions import company, describe, ticks, verdict
from environment import InstallError, make_environment, make_peers, only_one
from harness import Row
from peer import HEAD, lines
from place import Place
from results import try_to_write, write_more, write_results
from targets import summary

SECTIONS = {"ask": peer_ask, "gateway": peer_gateway, "caches": peer_caches, "ipc": peer_ipc}
OUT = Path(__file__).resolve().with_name("results") / "peers.json"


def main() -> int:
    """Install, measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; default: all"
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument(
        "--env", type=Path, metavar="DIR", help="keep the environments there, and use them again"
    )
    parser.add_argument(
        "--json", type=Path, default=OUT, metavar="FILE", help="write the values there, as pyperf JSON"
    )
    parser.add_argument("--python", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := [name for name in options.sections if name not in SECTIONS]:
        parser.error(f"no section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    if options.json.is_dir():
        parser.error(f"{options.json} is a directory; --json wants a file")
    try:
        if options.python is not None:
            try_to_write(options.json)
            with leash.scratch("isaac-peers-") as scratch:
                return _measure(options.sections or list(SECTIONS), options, scratch)
        with leash.scratch("isaac-peers-") as scratch:
            kept = Path(options.env or scratch).resolve()
            with only_one(kept / "env"):
                # Results are written by pyperf, which the environment of tools has.
                found = make_environment(kept / "env")
                more = [
                    "--env",
                    str(kept),
                    "--python",
                    str(found.clean),
                    "--json",
                    str(options.json.resolve()),
                ]
                return leash.run([str(found.tools), __file__, *sys.argv[1:], *more])
    except (InstallError, OSError) as error:
        print(f"perf/peers.py: {error}", file=sys.stderr)
        return leash.UNABLE
    except KeyboardInterrupt:
        print("interrupted: nothing is written", file=sys.stderr)
        return leash.INTERRUPTED


def _measure(names: Sequence[str], options: argparse.Namespace, scratch: Path) -> int:
    """Measure the sections and write: all figures as rows, and their tables beside; leaves with FAILED if a section failed."""
    clean, kept = options.python, options.env
    conditions = describe(clean)
    print("\n".join(f"{name}: {value}" for name, value in conditions.items()), flush=True)
    before, began_s = ticks(), time.monotonic()
    rows: list[Row] = []
    tables: list[dict[str, object]] = []
    failed: list[str] = []
    for name in names:
        section_s = time.monotonic()
        section = SECTIONS[name]
        peers = make_peers(kept / "peers", section.PEERS)
        place = Place(clean, scratch / name)
        try:
            for title, note, figures, promised in section.measure(place, peers, options.quick):
                table = [HEAD, *lines(figures)]
                tables.append({"title": title, "note": note, "rows": table})
                rows += [
                    Row(
                        f"{title}: {figure.who}",
                        "floor" if figure.floor else "",
                        figure.values,
                        figure.floor,
                        figure.unit,
                    )
                    for figure in figures
                    if figure.values
                ]
                rows += promised
                rows = [row if row.room else replace(row, room=f"peers {name}") for row in rows]
                print(f"\n{title}\n{note}\n{_laid_out(table)}", flush=True)
        except Exception:  # noqa: BLE001  # the other sections are worth having
            traceback.print_exc()
            failed.append(name)
        print(f"{name} took {time.monotonic() - section_s:.0f} s", file=sys.stderr, flush=True)
    around = company(before, ticks())
    print(f"\n{summary(rows, [f'peers {name}' for name in names])}")
    print(f"\n{verdict(rows, around)}")
    conditions |= {"others": f"{around.others:.2f}", "steal": f"{around.stolen:.2f}"}
    conditions |= {
        "command": " ".join(["perf/peers.py", *(["--quick"] if options.quick else []), *options.sections])
    }
    conditions |= {"took": f"{time.monotonic() - began_s:.0f} s"}
    conditions |= {"failed": ", ".join(failed)} if failed else {}
    if rows:
        write_results(options.json, rows, conditions)
        write_more(options.json, {"tables": tables})
    for name in failed:
        print(f"the section {name} failed; see above", file=sys.stderr)
    return leash.FAILED if failed else 0


def _laid_out(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


if __name__ == "__main__":
    sys.exit(main())

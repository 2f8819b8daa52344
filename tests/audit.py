"""`make audit`: whether a known vulnerability is in what is installed here, by the word of OSV (https://osv.dev).

Only names and versions of packages are sent. Exits with 0 if there is none, 1 if there is one, 75 where OSV cannot be reached.
"""

import argparse
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from importlib import metadata

SERVICE = "https://api.osv.dev"
CLEAN, FOUND, UNREACHABLE = 0, 1, 75
_TIMEOUT_S = 30.0
_MAX_BYTES = 32 * 1024 * 1024


def installed() -> dict[str, str]:
    """Return the packages of this environment with their versions, without those that are worked on here."""
    found = {}
    for item in metadata.distributions():
        origin = item.read_text("direct_url.json") or "{}"
        if not json.loads(origin).get("dir_info", {}).get("editable"):
            found[item.metadata["Name"]] = item.version
    return found


def known(packages: Mapping[str, str], service: str = SERVICE) -> dict[str, list[str]]:
    """Return the names of the vulnerabilities that each package has in its version; raises OSError or ValueError."""
    asked = sorted(packages.items())
    queries = [
        {"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in asked
    ]
    request = urllib.request.Request(
        f"{service}/v1/querybatch",
        data=json.dumps({"queries": queries}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as reply:
        results = json.loads(reply.read(_MAX_BYTES))["results"]
    if len(results) != len(asked):
        raise ValueError(f"{len(asked)} packages were asked for, and {len(results)} told of")
    return {
        name: ids
        for (name, _), result in zip(asked, results, strict=True)
        if (ids := [str(item["id"]) for item in (result or {}).get("vulns", [])])
    }


def main(argv: Iterable[str] | None = None) -> int:
    """Look, and say what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service", default=SERVICE, help="where OSV's API is")
    options = parser.parse_args(None if argv is None else list(argv))
    packages = installed()
    try:
        found = known(packages, options.service)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = getattr(error, "reason", None) or error
        print(f"not looked at: {options.service} cannot be asked: {reason}", file=sys.stderr)
        print("  run it where the internet is (HTTPS_PROXY is obeyed)", file=sys.stderr)
        return UNREACHABLE
    for name, ids in found.items():
        print(f"{name} {packages[name]}: {', '.join(ids)}  (https://osv.dev/vulnerability/{ids[0]})")
    print(f"{len(packages)} packages looked at, {len(found)} with a known vulnerability")
    return FOUND if found else CLEAN


if __name__ == "__main__":
    sys.exit(main())

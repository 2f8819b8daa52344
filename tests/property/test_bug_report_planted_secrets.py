"""No secret is in a bug report, wherever it was planted."""

import tarfile
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from isaacd.checkup.bundle import bundle
from isaacd.checkup.machine import Machine
from tests.kept_house import KeptHouse
from tests.property.test_log_redaction import SECRET_NAMES, SHAPED

# With no shape of a secret: only that it is stored as a key, or its variable's name, gives it away.
STORED = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=8, max_size=30
).filter(lambda text: not text.isdigit() and len(set(text)) > 4)


def planted(base: Path, environ: dict[str, str], key: str, told: object, line: bytes) -> str:
    house = KeptHouse(base)
    house.write("config/keys/mine", f"{key}\n")
    house.write("state/isaacd.log", "")
    house.paths.log_file.write_bytes(line)
    machine = Machine(
        paths=house.paths, environ={**house.environ, **environ}, uid=0, now=0.0, free_bytes=lambda _: 2**40
    )
    bundle(machine, {"status": told}, base / "report.tar.gz")
    with tarfile.open(base / "report.tar.gz") as tar:
        return "\n".join(tar.extractfile(member).read().decode() for member in tar)


@settings(max_examples=60, deadline=None)
@given(STORED, STORED, SHAPED, SECRET_NAMES, st.sampled_from(["plain", "json", "text"]))
def test_it_is_not_there(tmp_path_factory, stored, variable, shaped, name, how):
    base = tmp_path_factory.mktemp("report")
    words = f"before {stored} and {variable} after, {shaped}"
    told = {"message": words, "list": [words, {"deep": words}], name: f"Zq{stored}"}
    line = {
        "plain": words.encode(),
        "json": msgspec.json.encode({"event": words, "fields": {"a": [words]}}),
        "text": f"Traceback {words}\n{words}".encode(),
    }[how]
    whole = planted(base, {"SOME_API_KEY": variable}, stored, told, line)
    for secret in (stored, variable, shaped):
        assert secret not in whole
        # Nor any large part of it.
        assert secret == shaped or secret[2:] not in whole
        assert msgspec.json.encode(secret).decode()[1:-1] not in whole

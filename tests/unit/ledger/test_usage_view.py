"""Reports as programs read them: what is not known is never written as nothing."""

import pytest

from isaac_plugins.usage import view
from isaacd.api import Terminal, UsageReport, UsageSums
from tests.fakes import FakeClock
from tests.ledgers import at, call, config, ended, ledger

pytestmark = pytest.mark.anyio


async def test_rows_whose_calls_are_all_unpriced_have_no_cost(tmp_path):
    book = ledger(tmp_path, FakeClock(at("2026-11-23 12:00")))
    meter = book.view(config(), "x")
    for model in ("m", "mystery"):
        await meter.settle(await meter.reserve(call(model=model)), ended(model=model))
    report = await book.desk(config()).report("model", None, None)
    await book.aclose()
    assert {row.key: (row.cost_usd, row.unpriced) for row in report.rows} == {
        "m": (pytest.approx(0.002), 0),
        "mystery": (None, 1),
    }
    assert report.total.cost_usd == pytest.approx(0.002)
    head, *lines = (line.split(",") for line in view.csv(report).splitlines())
    assert {line[0]: line[head.index("cost_usd")] for line in lines} == {"m": "0.002", "mystery": ""}
    assert "unpriced" in view.report(report, Terminal())


def test_calls_that_cost_nothing_cost_zero():
    report = UsageReport(
        since="", until="", by="model", total=UsageSums(key=""), rows=(UsageSums(key="m", hits=3),)
    )
    assert report.rows[0].cost_usd == 0.0

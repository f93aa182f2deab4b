"""The page of the comparison is made from the lines of one run."""

from pathlib import Path
from typing import Any

from bench.peers.environment import directory_of
from bench.peers.report import page_text

RUN: dict[str, Any] = {
    "bench": "peers",
    "at_ms": 1_795_637_977_745,
    "cores": 2,
    "python": "3.11.7",
    "postgres": "18.4",
    "kafka": "4.3.1",
    "jvm_warm_s": 60,
    "pretix": "2026.8.0",
    "pretix_web_workers": 4,
    "stock": 200,
    "clients": 16,
    "rounds": [900.0, 1_000.0, 1_100.0],
    "value": 1_000.0,
    "p50_ms": 12.34,
    "p99_ms": 40.0,
    "foreign_cores": [0.1, 0.1, 0.4],
    "processes": ["web", "worker"],
    "cpu_us": {"web": 900.0, "worker": 200.0, "postgres": 50.0, "redis": 10.0, "kafka": 7.0, "another's": 4_000.0},
}
TOLD = {"rounds": [0], "value": 0.0, "trials": 3, "sold_beyond_stock": 0, "unsettled": 2, "what": "contradictions"}


def counts(shop: str) -> dict[str, Any]:
    return {name: value for name, value in RUN.items() if name != "stock"} | TOLD | {"shop": shop}


def test_a_row_for_each_shop_and_a_sentence_about_its_tables() -> None:
    lines = [
        RUN | {"shop": "onsale", "what": "sold"},
        RUN | {"shop": "onsale", "what": "refused", "value": 3_000.0},
        RUN | {"shop": "pretix", "what": "sold", "value": 40.0},
        RUN | {"shop": "pretix", "what": "refused", "value": 80.0},
        RUN | {"shop": "onsale", "what": "times", "value": 25.0},
        counts("onsale"),
    ]
    head, _, _, _, ours, theirs, _, told = page_text(lines).splitlines()
    assert head == (
        '`make peers ARGS="--rounds 3"`, 2026-11-25 20:19 UTC: 2 cores, Python 3.11.7, pretix 2026.8.0 with 4 web '
        "workers, Postgres 18.4, Kafka 4.3.1, 3 alternating rounds."
    )
    assert ours == (
        "| last 200, 16 clients | onsale | **1,000** (900–1,100) | 12.3 / 40 | 3,000 (900–1,100) | 12.3 / 40 | 25 "
        "| 1,100, 67 | 0.1–0.4 |"
    )
    assert theirs.startswith("| last 200, 16 clients | pretix | **40** ")
    assert theirs.endswith("|  | 1,100, 60 | 0.1–0.4 |")
    assert told == (
        "onsale: 3 trials, 0 places sold beyond the stock, 0 contradictions between the tables and what buyers were "
        "told, 2 buyers without a clear answer."
    )


def test_a_quick_run_says_that_it_judges_nothing() -> None:
    lines = [RUN | {"jvm_warm_s": 0, "shop": "onsale", "what": what} for what in ("sold", "refused")]
    head, _, warning, *_ = page_text(lines).splitlines()
    assert head.startswith("`make peers ARGS=--quick`")
    assert warning.endswith("judges nothing.")


def test_another_lock_is_another_environment() -> None:
    cache = Path("cache")
    assert directory_of(b"pretix==1", cache) != directory_of(b"pretix==2", cache)
    assert directory_of(b"pretix==1", cache).parent == cache / "peers"

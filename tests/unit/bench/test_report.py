"""Figures become tables, whether their question needed servers or not."""

from typing import Any

from bench.report import last_runs, table

LINE: dict[str, Any] = {
    "bench": "best",
    "case": "two together",
    "value": 5.343,
    "unit": "us",
    "must": 1000,
    "goal": None,
    "ok": True,
    "rounds": [5.343],
    "at_ms": 1_795_637_977_745,
    "cores": 2,
    "python": "3.11.7",
}
SERVERS: dict[str, Any] = {
    "bench": "pipeline",
    "jvm_warm_s": 60,
    "postgres": "18.4",
    "kafka": "4.3.1",
    "rounds": [1.0, 2.0],
}


def test_a_question_without_servers_names_none() -> None:
    head, _, *rows = table([LINE]).splitlines()
    assert head == "`make bench BENCH=best`, 2026-11-25 20:19 UTC: 2 cores, Python 3.11.7, 1 round."
    assert rows[-1] == "| two together | **5.34** us | 1,000 |  | yes | 5.34 |  |  |"


def test_one_with_servers_names_them_and_how_warm_they_were() -> None:
    head = table([LINE | SERVERS]).splitlines()[0]
    assert head.endswith("2 cores, Python 3.11.7, Postgres 18.4, Kafka 4.3.1 (under load for 60 s before), 2 rounds.")
    cold = table([LINE | SERVERS | {"jvm_warm_s": 0}]).splitlines()[0]
    assert cold.startswith("`make bench BENCH=pipeline ARGS=--quick`")


def test_the_newest_run_of_each_question_counts() -> None:
    newer = LINE | {"at_ms": LINE["at_ms"] + 1, "value": 6.0}
    assert last_runs([LINE, LINE | SERVERS, newer]) == {"best": [newer], "pipeline": [LINE | SERVERS]}

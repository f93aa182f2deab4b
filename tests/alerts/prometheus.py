"""A Prometheus of a check's own, with the rules as they are shipped, before the processes of one `onsale up`."""

import asyncio
import math
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from infra.embedded.processes import LAUNCHER, free_port, log_tail
from infra.grafana.asking import WINDOW
from onsale.launching import KEEP, end
from onsale.up import TARGETS
from tests.faults.rooms import until
from tests.house.sources import ROOT

SHIPPED = ROOT / "infra" / "prometheus"
SCRAPES_IN_A_WINDOW = 4
READY_WITHIN_S, STOPPED_WITHIN_S, ANSWER_WITHIN_S = 30.0, 15.0, 30.0


def missing() -> str:
    """What this machine lacks; empty where nothing is."""
    return ", ".join(program for program in ("prometheus", "promtool") if shutil.which(program) is None)


@dataclass(frozen=True)
class Prometheus:
    """One that answers, and looks at every process each `scrape_s` seconds."""

    http: httpx.AsyncClient
    scrape_s: int

    async def values(self, expr: str, began_s: float, ended_s: float) -> int:
        """How many values Grafana could draw of a panel's expression: neither absent nor NaN."""
        words = {"query": filled_in(expr, self.scrape_s), "start": began_s, "end": ended_s, "step": self.scrape_s}
        found = (await self._ask("query_range", words))["result"]
        return sum(math.isfinite(float(value)) for series in found for _, value in series["values"])

    async def now(self, expr: str) -> frozenset[str]:
        """Every value that an expression has at this moment."""
        found = (await self._ask("query", {"query": expr}))["result"]
        return frozenset(series["value"][1] for series in found)

    async def firing(self) -> set[str]:
        """The alerts that somebody would be told of now."""
        return {alert["labels"]["alertname"] for alert in (await self._ask("alerts", {}))["alerts"] if _fires(alert)}

    async def _ask(self, what: str, words: dict[str, Any]) -> Any:
        answer = await self.http.get(f"/api/v1/{what}", params=words)
        answer.raise_for_status()
        return answer.json()["data"]


def filled_in(expr: str, scrape_s: int) -> str:
    """As Grafana sends it: every show, and the narrowest window that it would choose."""
    return expr.replace(WINDOW, f"{SCRAPES_IN_A_WINDOW * scrape_s}s").replace("$show", ".+")


def shipped_config() -> dict[str, Any]:
    """As it is given to users."""
    config: dict[str, Any] = yaml.safe_load((SHIPPED / "prometheus.yml").read_text())
    return config


def shipped_scrape_s() -> int:
    """How often a process is looked at."""
    return int(shipped_config()["global"]["scrape_interval"].removesuffix("s"))


def config_for(data_dir: Path, scrape_s: int) -> dict[str, Any]:
    """The shipped configuration, which looks for the processes of this directory alone, this often."""
    config = shipped_config()
    if scrape_s != shipped_scrape_s():
        config["global"] |= {"scrape_interval": f"{scrape_s}s", "scrape_timeout": f"{scrape_s}s"}
    config["rule_files"] = [str(SHIPPED / files) for files in config["rule_files"]]
    (job,) = config["scrape_configs"]
    (discovery,) = job["file_sd_configs"]
    discovery["files"] = [str(data_dir / TARGETS / "*.json")]
    return config


@asynccontextmanager
async def open_prometheus(directory: Path, data_dir: Path, *, scrape_s: int | None = None) -> AsyncIterator[Prometheus]:
    """For as long as the context is open; it keeps what it needs in `directory`. Raises TimeoutError.

    `scrape_s`: None is as shipped.
    """
    scrape_s = scrape_s or shipped_scrape_s()
    program = shutil.which("prometheus")
    assert program is not None, "see missing()"
    port = free_port()
    # A folder that is not there yet is looked for only every half minute, and a short sale is over by then.
    (data_dir / TARGETS).mkdir(parents=True, exist_ok=True)
    file, said = directory / "prometheus.yml", directory / "prometheus.log"
    file.write_text(yaml.safe_dump(config_for(data_dir, scrape_s)))
    end_with_us = (sys.executable, "-I", "-S", str(LAUNCHER), str(int(signal.SIGTERM)), str(os.getpid()), KEEP, KEEP)
    with said.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *end_with_us,
            program, f"--config.file={file}", f"--storage.tsdb.path={directory / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{port}",
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=ANSWER_WITHIN_S) as http:
            await _until_ready(http, process, said)
            yield Prometheus(http, scrape_s)
    finally:
        await end(process, STOPPED_WITHIN_S)


async def _until_ready(http: httpx.AsyncClient, process: asyncio.subprocess.Process, said: Path) -> None:
    async def ready() -> bool:
        if process.returncode is not None:
            raise RuntimeError(f"prometheus ended with {process.returncode}: {log_tail(said)}")
        try:
            return (await http.get("/-/ready")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    await until(ready, READY_WITHIN_S)


def _fires(alert: dict[str, Any]) -> bool:
    return bool(alert["state"] == "firing")

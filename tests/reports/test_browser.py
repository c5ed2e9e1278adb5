"""The page in headless Chromium: charts drawn, no error said, no scrolling sideways."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.bottleneck_page import render_bottleneck
from reports.html import render_html
from reports.palette import MUTED
from tests.reports.sweep.sweeps import sweep_page
from tests.reports.synthetic import study
from tests.reports.synthetic_grid import grid_study
from tests.reports.test_bottleneck_page import findings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
    "--virtual-time-budget=15000", "--allow-file-access-from-files",
)  # fmt: skip
PROBE = """<!doctype html><meta charset=utf-8><body style="margin:0">
<iframe id=f src="report.html" style="width:{width}px;height:900px;border:0"></iframe><pre id=said></pre>
<script>
setInterval(() => {{
  const page = document.getElementById("f").contentDocument;
  const tick = page?.querySelector(".xtick text");
  if (!tick) return;
  document.getElementById("said").textContent = JSON.stringify({{
    ready: page.documentElement.dataset.ready ?? "no",
    notice_hidden: page.getElementById("notice").hidden,
    charts: page.querySelectorAll("[data-chart] .main-svg:first-child").length,
    sideways: page.documentElement.scrollWidth - page.documentElement.clientWidth,
    tick_colour: tick.style.fill,
  }});
}}, 200);
</script>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH")


@pytest.mark.parametrize(
    ("page", "charts"),
    [
        (lambda: render_html(study()), 7),
        (lambda: render_html(grid_study()), 9),
        (lambda: render_html(grid_study(chips=False)), 2),
        (lambda: render_bottleneck(findings()), 4),
        (sweep_page, 6),
    ],
    ids=["bundled", "grid", "no-chips", "bottleneck", "sweep"],
)
@pytest.mark.parametrize(
    ("width", "scheme", "tick"),
    [(400, 0, MUTED.dark), (1280, 1, MUTED.light)],
    ids=["400-dark", "1280-light"],
)
def test_the_page_draws_quietly(
    tmp_path: Path, page: Callable[[], str], charts: int, width: int, scheme: int, tick: str
) -> None:
    (tmp_path / "report.html").write_text(page(), encoding="utf-8")
    (tmp_path / "probe.html").write_text(PROBE.format(width=width), encoding="utf-8")
    command = (
        str(CHROMIUM),
        *FLAGS,
        f"--blink-settings=preferredColorScheme={scheme}",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--dump-dom",
        (tmp_path / "probe.html").as_uri(),
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    remarks = [line for line in done.stderr.splitlines() if "CONSOLE" in line and "WebGL" not in line]
    assert remarks == []  # a software renderer of WebGL remarks on its own speed
    said = json.loads(html.unescape(re.findall(r'<pre id="said">(.*?)</pre>', done.stdout)[0]))
    red, green, blue = (int(tick[at : at + 2], 16) for at in (1, 3, 5))
    assert said == {
        "ready": "yes",
        "notice_hidden": True,
        "charts": charts,
        "sideways": 0,
        "tick_colour": f"rgb({red}, {green}, {blue})",
    }

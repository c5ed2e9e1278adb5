"""The page of one estimate: whole, self-contained, and its sentences say what the numbers say."""

import json
from functools import lru_cache

import pytest

from hwmodels.chip_file import apply_overrides, load_chip
from quant.recipe import load_recipe
from reports.bottleneck_page import Findings, findings_of, render_bottleneck, sentences
from reports.charts.bottleneck import MOST_NUMBERS, slowest_charts, tornado_charts
from reports.units import seconds
from simulator.annotate import annotated
from simulator.bit_sensitivity import bit_sensitivities
from simulator.estimate import estimate
from simulator.sensitivity import sensitivities
from simulator.utterances import Utterance
from traces.store import load_workload

COMMAND = "edgeasr bottleneck <whisper>"


@lru_cache
def findings(chip: str = "ethos-u85-1024", *overrides: str) -> Findings:
    workload = annotated(load_workload("whisper-micro"), load_recipe("w4a8-g32"))
    found = estimate(workload, apply_overrides(load_chip(chip), overrides), utterances=(Utterance(5.0, 20),))
    known = (*sensitivities(found), *bit_sensitivities(found))
    return findings_of(found, model="whisper-micro", recipe="w4a8-g32", sensitivities=known, command=COMMAND)


def latency_s(of: Findings) -> float:
    return float(of.found.latency_s().nominal.mean())


@pytest.mark.parametrize("chip", ["ethos-u85-1024", "hexagon-htp-v75", "nucleo-h7a3zi"])
def test_the_page_is_whole_and_the_same_again(chip: str) -> None:
    page = render_bottleneck(findings(chip))
    assert page.rstrip().endswith("</html>")
    assert "src=" not in page.split("<script type")[0]
    assert "edgeasr bottleneck &lt;whisper&gt;" in page
    for row in findings(chip).layers:
        assert row.layer.layer in page
    assert page == render_bottleneck(findings(chip))


def test_the_first_sentence_names_the_largest_term_and_the_slowest_layer() -> None:
    of = findings("hexagon-htp-v75", "levels.dram.bandwidth_bytes_per_s=1 GB/s")
    first, *others = sentences(of)
    assert first.startswith("Dram takes ")
    assert of.layers[0].layer.layer in first
    assert seconds(latency_s(of)) in first
    assert others[0].startswith("Without dram it would take ")
    assert seconds(of.reliefs[0].latency_s) in others[0]
    assert any("twice levels.dram.bandwidth_bytes_per_s brings most" in line for line in others)


def test_what_does_not_fit_is_said() -> None:
    assert any("does not fit" in line for line in sentences(findings("nucleo-h7a3zi")))
    assert not any("does not fit" in line for line in sentences(findings("hexagon-htp-v75")))


def test_a_tornado_shows_the_numbers_that_move_most_around_the_whole() -> None:
    of = findings("hexagon-htp-v75")
    chart, _ = tornado_charts(of.sensitivities, latency_s=latency_s(of), energy_j=1.0)
    figure = json.loads(chart.frames[0].figure_json)
    halved, doubled = figure["data"]
    assert len(halved["y"]) <= MOST_NUMBERS
    largest = max(of.sensitivities, key=lambda row: row.latency_swing_s)
    assert halved["y"][0] == largest.parameter
    assert largest.latency_halved_s is not None
    ends = halved["base"][0] + halved["x"][0]
    assert ends / halved["base"][0] == pytest.approx(largest.latency_halved_s / latency_s(of), rel=1e-3)
    low, high = figure["layout"]["xaxis"]["range"]
    assert low < halved["base"][0] < high
    assert {len(halved["y"]), len(doubled["y"])} == {len(halved["x"]), len(doubled["x"])}


def test_bars_of_a_layer_sum_to_its_latency() -> None:
    of = findings()
    chart, _ = slowest_charts(of.layers)
    figure = json.loads(chart.frames[0].figure_json)
    sums = [sum(values) for values in zip(*(trace["x"] for trace in figure["data"]), strict=True)]
    shares = [row.layer.latency_s for row in of.layers[: len(sums)]]
    assert [value / sums[0] for value in sums] == pytest.approx(
        [value / shares[0] for value in shares], rel=1e-3
    )

"""Repeated layers together, slowest first, and what freeing their bound would bring."""

from pathlib import Path

import pytest

from hwmodels.chip_file import load_chip
from quant.recipe import load_recipe
from reports.bottleneck import bottleneck_rows, repeated
from reports.figures.bottleneck import draw_bottleneck
from reports.figures.style import save_png
from simulator.annotate import annotated
from simulator.estimate import Estimate, estimate
from simulator.relief import reliefs
from simulator.sensitivity import sensitivities
from simulator.utterances import Utterance
from traces.store import load_workload


def found(chip: str = "hexagon-htp-v75") -> Estimate:
    workload = annotated(load_workload("whisper-tiny"), load_recipe("w8a8"))
    return estimate(workload, load_chip(chip), utterances=(Utterance(5.0, 20),))


def test_layers_that_differ_in_their_number_are_one_row() -> None:
    assert repeated("encoder.layers.11.fc1") == "encoder.layers.*.fc1"
    rows = bottleneck_rows(found())
    assert any(row.layer.layer == "encoder.layers.*.fc1 x4" and row.layer.phase == "encode" for row in rows)


def test_rows_sum_to_the_latency_but_for_starting() -> None:
    whole = found()
    rows = bottleneck_rows(whole)
    starts_s = sum(
        float(phase.runs_per_utterance().mean()) * float(whole.start.latency_s.nominal)
        for phase in whole.phases
    )
    latency_s = float(whole.latency_s().nominal.mean())
    assert sum(row.layer.latency_s for row in rows) + starts_s == pytest.approx(latency_s)
    assert sum(row.share for row in rows) == pytest.approx(1.0 - starts_s / latency_s)
    assert [row.layer.latency_s for row in rows] == sorted(
        (row.layer.latency_s for row in rows), reverse=True
    )


@pytest.mark.parametrize("chip", ["hexagon-htp-v75", "ethos-u85-1024", "nucleo-h7a3zi"])
def test_freeing_a_layers_bound_saves_no_more_than_freeing_it_everywhere(chip: str) -> None:
    whole = found(chip)
    everywhere = {relief.resource: relief.saved_s for relief in reliefs(whole)}
    rows = bottleneck_rows(whole)
    for resource, saved_s in everywhere.items():
        local_s = sum(row.saved_s for row in rows if row.layer.bound_by == resource)
        assert local_s <= saved_s * (1 + 1e-9), resource
    for row in rows:
        assert 0.0 <= row.saved_s <= row.layer.latency_s * (1 + 1e-9)


def test_the_figure_is_drawn_and_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    whole = found()
    rows, tornado = bottleneck_rows(whole), tuple(sensitivities(whole))
    for name in ("one.png", "two.png"):
        save_png(draw_bottleneck(rows, tornado, title="tiny", latency_s=0.01), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()

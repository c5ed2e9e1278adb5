from pathlib import Path

import pytest
import yaml

from reports.sweep.config import load_sweep
from reports.sweep.plan import feasible_points, plan_of
from reports.sweep.schema import sweep_mapping
from simulator.sweep.axes import Choices, Span
from tests.reports.sweep.sweeps import SMALL, loaded
from traces.errors import EdgeAsrError

STUDIES = Path(__file__).resolve().parents[3] / "studies"
SRAM = "{from: 256KiB, to: 4MiB, steps: 3, scale: log}"


def test_a_file_becomes_values_in_base_units(tmp_path: Path) -> None:
    sweep = loaded(tmp_path)
    assert sweep.axes == (
        Choices("recipe", ("w8a8", "w4a8")),
        Choices("levels.sram.size_bytes", (2.0**18, 2.0**20, 2.0**22)),
        Choices("units.array.clock_hz", (4e8, 8e8)),
        Choices("batch", (1.0, 2.0)),
    )
    assert (sweep.base.audio_s, sweep.base.tokens, sweep.base.batch) == (3.0, 4, 1)


@pytest.mark.parametrize(
    "more",
    [
        "",
        "sample: {random: 7}\n",
        "search: {sampler: tpe, trials: 9, batch: 3}\nseed: 4\n",
        "accuracy: runs/x\n",
    ],
)
def test_what_is_written_back_loads_equal(tmp_path: Path, more: str) -> None:
    sweep = loaded(tmp_path, SMALL + more)
    assert loaded(tmp_path / "again", yaml.safe_dump(sweep_mapping(sweep), sort_keys=False)) == sweep


def test_a_sampled_range_keeps_its_ends_and_scale(tmp_path: Path) -> None:
    text = SMALL.replace(", steps: 3", "") + "sample: {latin_hypercube: 50}\n"
    sweep = loaded(tmp_path, text)
    assert sweep.axes[1] == Span("levels.sram.size_bytes", 2.0**18, 2.0**22, log=True, whole=False)
    again = loaded(tmp_path / "again", yaml.safe_dump(sweep_mapping(sweep), sort_keys=False))
    assert again == sweep


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("axes:", "axis:"), "axis: unknown key; did you mean axes"),
        ((SRAM, "[]"), "axes.levels.sram.size_bytes: has no values"),
        ((SRAM, "[1MiB, 1MiB]"), "lists a value more than once"),
        ((SRAM, "[1MHz]"), "axes.levels.sram.size_bytes: '1MHz' has the wrong unit"),
        ((SRAM, "[-1]"), "axes.levels.sram.size_bytes: -1 is not positive"),
        (("batch: [1, 2]", "codec.int8: [0, 0.9]"), "axes.codec.int8: 0 is not positive"),
        (("batch: [1, 2]", "units.array.speed: [0, 1]"), "axes.units.array.speed: 0 is not positive"),
        (("batch: [1, 2]", "rates.dense-int8.lanes.n: [8, 12.5]"), "12.5 makes no sense; write a whole"),
        ((SRAM, "{from: 4MiB, to: 1MiB, steps: 3}"), "the range from 4MiB to 1MiB is empty"),
        ((SRAM, "{from: 1MiB, to: 4MiB, steps: 1}"), "steps: 1: "),
        ((SRAM, "{from: 1MiB, to: 4MiB}"), "a grid needs steps to take from its range; add steps, or sample"),
        ((SRAM, "{from: 1MiB, to: 4MiB, steps: 9999999}"), "points, more than 10,000,000; take fewer"),
        (("recipe: [w8a8, w4a8]", "recipe: {from: 1, to: 2, steps: 2}"), "has names, of which there is no"),
        (("batch: [1, 2]", "batch: [0]"), "axes.batch: 0: write a whole number of at least 1"),
        (("batch: [1, 2]", "tokens: {from: 0.5, to: 2, steps: 2}"), "tokens: 0.5: write a whole number"),
        (("batch: [1, 2]", "audio_s: [0]"), "axes.audio_s: 0: write a positive number"),
        (
            ("batch: [1, 2]", "levels.dram.latency_s: {from: 0, to: 1us, steps: 2, scale: log}"),
            "start above 0",
        ),
        (
            ("batch: [1, 2]", '"bits:*": [int8_channel]'),
            "unknown part of a recipe (written PART:GLOB) 'bits'",
        ),
        (("chunk_points: 5", "sample: {}"), "write one of random and latin_hypercube"),
        (("chunk_points: 5", "sample: {random: 5}\nsearch: {trials: 5}"), "samples or searches"),
        (("audio_s: 3", "audio_s: .inf"), "audio_s: inf"),
        (("audio_s: 3", "audio_s: .nan"), "audio_s: nan"),
        (("area]", "latency_s]"), "objectives lists one more than once"),
    ],
)
def test_a_mistake_names_file_key_and_value(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    assert change[0] in SMALL
    with pytest.raises(EdgeAsrError) as caught:
        loaded(tmp_path, SMALL.replace(*change))
    assert str(tmp_path) in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("levels.sram.size_bytes: {", "levels.srum.size_bytes: {"),
            "'levels.srum.size_bytes'; did you mean",
        ),
        (
            ("batch: [1, 2]", "batsh: [1, 2]"),
            "unknown axis (on chip npu-template) 'batsh'; did you mean batch",
        ),
        (("batch: [1, 2]", "chip: [npu-template, dsp-template]"), "axis (on chip dsp-template)"),
        (("w4a8]", "w4a9]"), "unknown recipe 'w4a9'; did you mean"),
        (("model: whisper-micro", "model: whisper-mikro"), "'whisper-mikro'; did you mean"),
        (("chip: npu-template", "chip: npu-templat"), "'npu-templat'; did you mean npu-template"),
        (("batch: [1, 2]", '"weight:*": [int8_chanel]'), "axes.weight:*: "),
        (("latency_s <= 1", "latency <= 1"), "constraints.1: unknown quantity in 'latency <= 1': 'latency'"),
        (("latency_s <= 1", "levels.sram.size_bytes"), "'levels.sram.size_bytes' compares nothing"),
        (
            ("latency_s <= 1", "latency_s <= 1 MiB"),
            "constraints.1: 'latency_s <= 1 MiB': latency_s is s, not B",
        ),
        (("model: whisper-micro", "model: resnet-18"), "unknown precision of a network 'w4a8'"),
        (("latency_s <= 1", "latency_s <="), "constraints.1: 'latency_s <=' is no expression"),
        (("area: rates", "latency_s: rates"), "define.latency_s: is the name of something known"),
        (("area: rates", "chip: rates"), "define.chip: is the name of something known"),
        (("area]", "aria]"), "unknown objective 'aria'; did you mean area"),
        (("area]", "wer]"), "objective wer: is not known; name a study's run folder"),
        (("chunk_points: 5", "accuracy: none"), "accuracy: 'none/cells.csv' cannot be read"),
    ],
)
def test_an_unknown_name_is_told_before_anything_runs(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    assert change[0] in SMALL
    sweep = loaded(tmp_path, SMALL.replace(*change))
    with pytest.raises(EdgeAsrError) as caught:
        plan_of(sweep)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_tokens_than_the_decoder_makes_are_told_unless_ruled_out(tmp_path: Path) -> None:
    text = SMALL.replace("batch: [1, 2]", "tokens: [4, 63]")
    message = r"whisper-micro: 63 tokens of 3 s of audio .*max_tokens 62 per window"
    with pytest.raises(EdgeAsrError, match=message):
        feasible_points(plan_of(loaded(tmp_path, text)))
    ruled_out = text.replace("latency_s <= 1", "tokens <= 62")
    points, n_points = feasible_points(plan_of(loaded(tmp_path, ruled_out)))
    assert (len(points), n_points) == (8, 24)


def test_the_sweeps_of_the_repository_are_ready_to_run() -> None:
    files = list(STUDIES.glob("sweep_*.yaml"))
    assert files
    for path in files:
        assert plan_of(load_sweep(path)).space.axes

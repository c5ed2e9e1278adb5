"""The study files of the repository: every name in them is known, and they ask for what is promised."""

from pathlib import Path

import pytest

from asr.leaderboard import LEADERBOARD
from asr.models import MODELS
from quant.methods import METHODS
from reports.study.config import Study, load_study
from reports.study.grid import variants

STUDIES = Path(__file__).resolve().parents[3] / "studies"
EDGE_ASR = ("edge_asr", "edge_asr_micro")


def weights_and_activations(study: Study) -> set[str]:
    return {name.split("-")[0] for name in study.formats}


def test_every_file_is_read() -> None:
    assert {path.stem for path in STUDIES.glob("*.yaml")} >= set(EDGE_ASR)
    for path in STUDIES.glob("*.yaml"):
        if not path.stem.startswith("sweep_"):
            assert variants(load_study(path))


@pytest.mark.parametrize("name", EDGE_ASR)
def test_the_benchmark_compares_all_methods_on_all_formats(name: str) -> None:
    study = load_study(STUDIES / f"{name}.yaml")
    assert weights_and_activations(study) == {"w8a8", "w4a16", "w4a8", "w3a16", "w3a8", "w2a16"}
    assert {step.name for pipeline in study.methods for step in pipeline.steps} == set(METHODS)
    assert study.methods[0].name == "rtn"
    assert study.recipes == ("float",)
    assert set(study.models) <= set(MODELS)
    assert study.limit is None


def test_the_corpora_are_those_of_the_leaderboard() -> None:
    assert set(load_study(STUDIES / "edge_asr.yaml").corpora) == set(LEADERBOARD)


@pytest.mark.parametrize("name", EDGE_ASR)
def test_methods_against_outliers_are_left_out_where_activations_are_float(name: str) -> None:
    for variant in variants(load_study(STUDIES / f"{name}.yaml")):
        moves_outliers = variant.method.startswith(("smoothquant", "quarot", "spinquant"))
        assert not (moves_outliers and "a16" in variant.formats)

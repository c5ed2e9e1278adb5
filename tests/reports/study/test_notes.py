"""What a study says before anyone trusts its numbers."""

from dataclasses import replace
from pathlib import Path

from reports.study.config import load_study
from reports.study.notes import notes_of
from tests.reports.synthetic import study as data

MICRO = load_study(Path(__file__).parents[3] / "studies" / "edge_asr_micro.yaml")


def test_settings_that_a_study_chose_are_told_beside_the_methods_own() -> None:
    (told,) = (note for note in notes_of(MICRO, data()) if note.startswith("Settings"))
    assert "omniquant: epochs 5, not 20" in told
    assert "awq-tesseraq: tesseraq's iterations 25, not 250, tesseraq's learning_rate 0.01, not 0.001" in told
    assert "rtn-mse: range mse, not minmax" in told
    assert "gptq" not in told


def test_methods_as_they_are_need_no_word() -> None:
    own = tuple(each for each in MICRO.methods if each.name in ("rtn", "gptq"))
    plain = replace(MICRO, methods=own, exclude=())
    assert not any("Settings" in note for note in notes_of(plain, data()))


def test_failures_come_first() -> None:
    assert notes_of(MICRO, data(), failures=("cell X",))[0] == "Not measured, for it failed: cell X."

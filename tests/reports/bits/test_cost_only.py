"""Cost alone: what a model without weights can have within a budget."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reports.bits.answer import Answer
from reports.bits.chips import answer_chips
from reports.bits.cost_only import ACTIVATION_SHARE, bits_given_up
from reports.bits.outputs import write_answer
from reports.bits.question import Question
from reports.bits.rows import candidate_rows, unit_rows
from reports.bits.run import answer
from reports.bits.words import verdict
from reports.study.folder import RunFolder
from reports.units import percent
from simulator.budgets import parse_budget
from simulator.utterances import Utterance
from traces.errors import EdgeAsrError

QUESTION = Question(
    "moonshine-tiny",  # its weights are on no machine that runs these tests
    ("ethos-u85-256",),
    parse_budget("packed_bytes=20MiB"),
    formats=("w8a8", "w8a16", "w3a8-g32"),
    utterance=Utterance(3.0, 12),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bits")


@pytest.fixture(scope="module")
def found(folder: Path) -> Answer:
    return answer(QUESTION, folder)


def test_no_mixture_within_the_budget_keeps_more_bits(found: Answer) -> None:
    limit, chosen = QUESTION.limits[0].limit, found.chosen
    assert found.is_met
    assert chosen.used["packed_bytes"] <= limit
    narrow = [index for index, recipe in enumerate(found.problem.recipes) if recipe.name.startswith("w3")]
    stored = found.problem.costs.packed_bytes
    smallest_step = min(
        float(stored[unit].max() - stored[unit].min())
        for unit, index in enumerate(chosen.chosen)
        if index in narrow
    )
    assert limit - chosen.used["packed_bytes"] < smallest_step  # or that unit would have kept its bits


def test_bits_of_activations_break_ties_alone(found: Answer) -> None:
    given_up = bits_given_up(found.problem)
    names = [recipe.name for recipe in found.problem.recipes]
    narrow, a8, a16 = names.index("w3a8-g32"), names.index("w8a8"), names.index("w8a16")
    assert np.all(given_up[:, a16] == 0)
    assert np.any(given_up[:, a8] > 0)  # convolutions read 16 bits in either
    assert np.all(given_up[given_up[:, narrow] > 0][:, narrow] > given_up[:, a8].max())
    assert given_up[:, a8].sum() <= ACTIVATION_SHARE
    assert all(given_up[unit, a8] == 0 for unit, index in enumerate(found.chosen.chosen) if index == a8)


def test_nothing_is_measured_and_the_answer_says_so(found: Answer, folder: Path) -> None:
    assert not (folder / "cells").exists() or not any((folder / "cells").iterdir())
    first, *others = candidate_rows(found)
    assert first.what == "most bits kept"
    assert all((row.damage, row.wer, row.wer_predicted) == (None, None, None) for row in (first, *others))
    assert {row.damage for row in unit_rows(found)} == {None}
    assert "its word error rate is not known" in " ".join(verdict(found))
    unproven = replace(found, solution=replace(found.solution, gap=0.25))
    assert f"another might give up {percent(0.25)} less" in " ".join(verdict(unproven))
    page = write_answer(found, RunFolder(folder), command="edgeasr bits").read_text()
    assert "of one utterance of 3 s and 12 tokens" in page


def test_chips_are_told_apart(tmp_path: Path) -> None:
    asked = replace(QUESTION, chips=("ethos-u85-256", "nucleo-l4r5zi"), limits=parse_budget("latency_s=1"))
    met = {row.chip: row.meets_budget for row in answer_chips(asked, tmp_path)}
    assert met == {"ethos-u85-256": True, "nucleo-l4r5zi": False}


def test_a_limit_of_the_error_rate_asks_for_what_is_not_measured() -> None:
    with pytest.raises(EdgeAsrError, match="drop --max-wer-increase"):
        replace(QUESTION, max_wer_increase=0.01)

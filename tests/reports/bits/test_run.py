"""A question answered on a bundled model with little data: the choice, the files, the same answer again."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from quant.recipe import load_recipe
from reports.bits.answer import Answer
from reports.bits.outputs import write_answer
from reports.bits.question import Question
from reports.bits.rows import budget_rows, candidate_rows, front_rows, unit_rows
from reports.bits.run import answer
from reports.bits.words import gains, verdict
from reports.study.folder import RunFolder
from simulator.budgets import Limit, parse_budget
from traces.errors import EdgeAsrError

QUESTION = Question(
    "moonshine-micro",
    ("ethos-u85-256",),
    parse_budget("packed_bytes=1.6MB,latency_s=1"),
    formats=("w8a8", "w3a8-g32"),
    method="rtn",
    confirmed=2,
    calibration_utterances=3,
    sensitivity_utterances=2,
    limit=3,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bits")


@pytest.fixture(scope="module")
def found(folder: Path) -> Answer:
    return answer(QUESTION, folder)


def test_the_mixture_is_within_budget_and_its_rate_is_measured(found: Answer) -> None:
    assert found.is_met
    assert {found.problem.recipes[index].name for index in found.chosen.chosen} == {"w8a8", "w3a8-g32"}
    assert found.rates is not None
    assert found.chosen.recipe.name in found.rates.evaluations
    budgets = budget_rows(found)
    assert [row.budget for row in budgets] == ["packed_bytes", "latency_s"]
    assert all(row.is_met and row.margin >= 0 and row.share <= 1 for row in budgets)
    assert budgets[1].pessimistic >= budgets[1].used


def test_the_most_damaged_units_keep_more_bits(found: Answer) -> None:
    problem = found.problem
    wide = [index == 0 for index in found.chosen.chosen]
    loss = problem.damage[:, 1] - problem.damage[:, 0]
    saved = problem.costs.packed_bytes[:, 0] - problem.costs.packed_bytes[:, 1]
    worth = loss / saved
    assert worth[wide].mean() > 2 * worth[[not each for each in wide]].mean()


def test_the_rows_say_what_was_weighed(found: Answer) -> None:
    rows = candidate_rows(found)
    assert rows[0].what == "chosen"
    assert rows[0].wer is not None
    assert rows[0].meets_budget
    uniform = {row.recipe: row for row in rows if row.what == "uniform"}
    assert not uniform["w8a8"].meets_budget
    damages = {row.recipe: row.damage or 0.0 for row in rows}
    assert damages["w3a8-g32"] > damages[rows[0].recipe] > damages["w8a8"] > 0
    assert uniform["w3a8-g32"].weight_bits < rows[0].weight_bits < uniform["w8a8"].weight_bits
    assert sum(row.packed_bytes for row in unit_rows(found)) < rows[0].packed_bytes
    assert front_rows(found)[0].packed_bytes == uniform["w3a8-g32"].packed_bytes


def test_the_answer_in_words(found: Answer) -> None:
    said = " ".join(verdict(found))
    assert "moonshine-micro on ethos-u85-256" in said
    assert "packed_bytes" in said
    assert "Measured word error rate on bundled" in said
    assert "The best uniform network measured within the budget is w3a8-g32 at" in said
    (bought,) = gains(found)
    assert bought.startswith("3-bit weights, w3a8-g32 for w8a8: latency")
    assert "smaller" in bought


def test_the_files_hold_the_recipe_and_the_page(found: Answer, folder: Path) -> None:
    page = write_answer(found, RunFolder(folder), command="edgeasr bits <x>")
    text = page.read_text()
    assert "&lt;x&gt;" in text
    assert found.chosen.recipe.name in text
    assert 'id="notice"' in text  # the script that draws charts hides it first
    assert "WER predicted" in text
    assert load_recipe(folder / "recipe.yaml") == found.chosen.recipe
    assert (folder / "front.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "candidates.csv").read_text().count("\n") == len(candidate_rows(found)) + 1


def test_a_second_run_measures_nothing_and_answers_the_same(
    found: Answer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr("reports.bits.sensitivities.quantize", never)
    monkeypatch.setattr("reports.study.measure.evaluate", never)
    again = answer(QUESTION, folder)
    assert candidate_rows(again) == candidate_rows(found)
    assert again.chosen.recipe == found.chosen.recipe


def test_an_error_rate_that_rises_too_far_is_not_met(found: Answer) -> None:
    assert found.wer_increase is not None
    strict = replace(found, question=replace(QUESTION, max_wer_increase=found.wer_increase - 1e-9))
    assert not strict.is_met
    assert "more than" in " ".join(verdict(strict))
    assert replace(found, question=replace(QUESTION, max_wer_increase=found.wer_increase)).is_met


def test_out_of_reach_ends_before_sensitivities(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.bits.run.sensitivities", lambda *_, **__: pytest.fail("measured"))
    limits = (Limit("packed_bytes", 1e5), Limit("latency_s", 1.0))
    missed = answer(replace(QUESTION, limits=limits), folder)
    assert not missed.is_met
    assert missed.needed["packed_bytes"] is not None
    assert missed.needed["packed_bytes"] > 1e5
    assert missed.needed["latency_s"] is None
    assert {row.damage for row in candidate_rows(missed)} == {None}
    said = " ".join(verdict(missed))
    assert "no mixture of 2 formats meets the budget" in said
    (limit,) = re.findall(r"With packed_bytes=(\S+)", said)
    needed = missed.needed["packed_bytes"]
    assert needed <= float(limit) < needed * 1.001
    write_answer(missed, RunFolder(folder), command="edgeasr bits")
    assert not (folder / "recipe.yaml").exists()


@pytest.mark.parametrize(
    ("changed", "fragment"),
    [
        ({"formats": ("w8a9-static",)}, "w8a8-static"),
        ({"formats": ("w8a8", "w8a8")}, "listed twice"),
        ({"chips": ("ethos-u85-265",)}, "ethos-u85-256"),
        ({"model": "moonshine-mikro"}, "moonshine-micro"),
    ],
)
def test_mistakes_are_found_before_anything_is_measured(
    changed: dict[str, Any], fragment: str, tmp_path: Path
) -> None:
    with pytest.raises(EdgeAsrError, match=fragment):
        answer(replace(QUESTION, **changed), tmp_path)


def test_methods_that_change_the_float_network_cannot_be_mixed() -> None:
    with pytest.raises(EdgeAsrError, match="use gptq, hqq, rtn"):
        replace(QUESTION, method="awq")
    with pytest.raises(EdgeAsrError, match="gptq"):
        replace(QUESTION, method="gpqt")

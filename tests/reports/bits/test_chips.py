"""Which chips can run a model within a budget: a row per chip, kept as it is found, however it is found."""

from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from reports.bits.chip_rows import ChipAnswerRow, in_order, summed_up, unanswered
from reports.bits.chips import answer_chips
from reports.bits.outputs import write_chips
from reports.bits.question import Question
from reports.study.folder import RunFolder
from simulator.budgets import parse_budget
from traces.errors import EdgeAsrError

CHIPS = ("ethos-u85-256", "hexagon-htp-v75", "gap9")
QUESTION = Question(
    "moonshine-micro",
    CHIPS,
    parse_budget("packed_bytes=1.6MB,latency_s=5ms"),
    formats=("w8a8", "w3a8-g32"),
    method="rtn",
    confirmed=2,
    calibration_utterances=3,
    sensitivity_utterances=2,
    limit=3,
)


class Immediate(Executor):
    """An executor that does each job when it is handed in."""

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]  # as the base class has it
        done: Future[object] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bits")


@pytest.fixture(scope="module")
def rows(folder: Path) -> tuple[ChipAnswerRow, ...]:
    return answer_chips(QUESTION, folder)


def test_chips_are_told_apart(rows: tuple[ChipAnswerRow, ...]) -> None:
    assert [row.chip for row in rows] == ["hexagon-htp-v75", "ethos-u85-256", "gap9"]
    met, *missed = rows
    assert met.meets_budget
    assert met.missed == ""
    assert met.wer_predicted is not None
    assert met.used_share is not None
    assert met.used_share <= 1.0
    assert met.gap is not None
    assert met.gap < 1e-6
    assert set(met.formats.replace(",", "").split()) >= {"w8a8", "w3a8-g32"}
    for row in missed:
        assert not row.meets_budget
        assert row.missed.startswith("latency_s by ")
        assert row.used_share is not None
        assert row.used_share > 1.0
        assert row.latency_s == pytest.approx(row.used_share * 0.005)


def test_what_is_kept_is_not_answered_again(
    rows: tuple[ChipAnswerRow, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[str] = []

    def counted(job) -> ChipAnswerRow:  # type: ignore[no-untyped-def]  # a ChipJob
        answered.append(job.formats.chip.name)
        return unanswered(job.formats.chip.name, "counted")

    monkeypatch.setattr("reports.bits.chips.answer_chip", counted)
    assert answer_chips(QUESTION, folder) == rows
    assert answered == []
    more = answer_chips(replace(QUESTION, chips=(*CHIPS, "ethos-u85-1024")), folder)
    assert answered == ["ethos-u85-1024"]
    assert more[:3] == rows
    answer_chips(replace(QUESTION, limits=parse_budget("packed_bytes=1.7MB")), folder)
    assert answered[1:] == list(CHIPS)


def test_what_another_code_worked_out_is_answered_again(
    rows: tuple[ChipAnswerRow, ...], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    copytree(folder, run)
    kept = len(list((run / "chips").iterdir()))
    monkeypatch.setattr("reports.bits.chips.costing_code", lambda: "another")
    assert answer_chips(QUESTION, run) == rows
    assert len(list((run / "chips").iterdir())) == kept + len(rows)


def test_a_killed_run_goes_on_with_the_chips_that_are_missing(
    rows: tuple[ChipAnswerRow, ...], folder: Path
) -> None:
    (kept,) = (folder / "chips").glob("gap9--*.json")
    before = kept.read_bytes()
    kept.unlink()
    told: list[tuple[str, int, int, str]] = []
    again = answer_chips(QUESTION, folder, progress=lambda *said: told.append((*said, "")[:4]))
    assert again == rows
    assert kept.read_bytes() == before
    (last,) = [(done, total, note) for task, done, total, note in told if task == "chips answered" and note]
    assert last[:2] == (3, 3)
    assert last[2].startswith("gap9: missed, latency_s by ")


def test_an_executor_finds_the_same(rows: tuple[ChipAnswerRow, ...], folder: Path) -> None:
    for kept in (folder / "chips").glob("*.json"):
        kept.unlink()
    assert answer_chips(QUESTION, folder, executor=Immediate()) == rows


@pytest.mark.usefixtures("rows")
def test_a_damaged_row_names_its_file(folder: Path) -> None:
    (kept,) = (folder / "chips").glob("gap9--*.json")
    whole = kept.read_bytes()
    kept.write_text("{")
    with pytest.raises(EdgeAsrError, match=r"gap9--.*delete it"):
        answer_chips(QUESTION, folder)
    kept.write_bytes(whole)


def test_out_of_everyones_reach_ends_before_sensitivities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.bits.chips.sensitivities", lambda *_, **__: pytest.fail("measured"))
    asked = replace(QUESTION, chips=CHIPS[:2], limits=parse_budget("packed_bytes=100kB"))
    rows = answer_chips(asked, tmp_path)
    assert [row.meets_budget for row in rows] == [False, False]
    assert {row.damage for row in rows} == {None}
    assert all(row.missed.startswith("packed_bytes by ") for row in rows)


@pytest.mark.usefixtures("rows")
def test_a_rate_that_rises_too_far_is_missed(folder: Path) -> None:
    strict = answer_chips(replace(QUESTION, chips=CHIPS[1:2], max_wer_increase=-1.0), folder)
    assert strict[0].missed.startswith("word error rate by ")
    assert not strict[0].meets_budget


def test_one_chip_that_fails_does_not_take_the_others_with_it(
    rows: tuple[ChipAnswerRow, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise EdgeAsrError("no allocation was found within 0 s; give it more time")

    monkeypatch.setattr("reports.bits.chips.solve", fails)
    found = answer_chips(replace(QUESTION, chips=(*CHIPS, "ethos-u85-2048")), folder)
    assert found[:3] == rows
    assert found[3].missed.startswith("no allocation was found")
    assert not found[3].is_answered
    assert not list((folder / "chips").glob("ethos-u85-2048--*"))


def test_rows_in_order_and_summed_up(rows: tuple[ChipAnswerRow, ...]) -> None:
    met = rows[0]
    damage = met.damage or 0.0
    better, unproven = (
        replace(met, chip="a", damage=damage / 2),
        replace(met, chip="b", damage=damage, gap=0.04),
    )
    none = unanswered("c", "chip c can do none of w8a8")
    assert [row.chip for row in in_order([none, *rows[1:], met, unproven, better])] == [
        "a", "b", met.chip, rows[1].chip, rows[2].chip, "c",
    ]  # fmt: skip
    assert summed_up(rows) == ("1 of 3 chips meet the budget.",)
    counted, warned = summed_up([better, unproven, none])
    assert counted == "2 of 3 chips meet the budget."
    assert "On 1 of them" in warned
    assert "4.0" in warned
    assert "(b)" in warned
    assert none.in_short == "c: missed, chip c can do none of w8a8"


def test_the_table_is_written(rows: tuple[ChipAnswerRow, ...], folder: Path) -> None:
    lines = write_chips(rows, RunFolder(folder)).read_text().splitlines()
    assert lines[0].startswith("chip,meets_budget,formats,")
    assert [line.split(",")[0] for line in lines[1:]] == [row.chip for row in rows]

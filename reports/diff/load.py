"""The sides of a comparison: an estimate in one word, a table of `edgeasr estimate`, or a run folder."""

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reports.data import Part
from reports.diff.side import Combination, LayerCost, Side, gathered
from reports.layers import layer_of, layer_rows
from simulator.estimate import Estimate
from traces.errors import EdgeAsrError
from traces.faults import reason_of

if TYPE_CHECKING:
    import pandas

FORM = "MODEL,CHIP[,RECIPE][,NUMBER=VALUE...]"
"""An estimate in one word."""

_KEY = ["model", "recipe", "chip"]
_NEEDED = (*_KEY, "phase", "kind", "latency_s", "energy_j", "macs", "note")


def load_sides(text: str, *, audio_s: float, tokens: int) -> tuple[Side, ...]:
    """Return the estimates that a word names.

    A run folder holds one for each model, recipe and chip; so may a table of `edgeasr estimate --by layer` in
    CSV, JSON or Parquet. Anything with a comma is `MODEL,CHIP[,RECIPE][,NUMBER=VALUE...]`, such as
    `whisper-tiny,ethos-u85-1024,w8a8,levels.sram.size_bytes=2MiB`, and is estimated now.

    Raises:
        EdgeAsrError: if the word is neither, or what it names is not there or of another kind.
    """
    path = Path(text).expanduser()
    if path.is_dir():
        return _of_run(path)
    if path.is_file():
        return _of_frame(_read_table(path), path)
    if "," in text:
        return (_of_word(text, audio_s=audio_s, tokens=tokens),)
    raise EdgeAsrError(
        f"'{text}' is no run folder, no table of 'edgeasr estimate --by layer' and not of the form {FORM}"
    )


def _of_word(text: str, *, audio_s: float, tokens: int) -> Side:
    from hwmodels.chip_file import apply_overrides, load_chip
    from reports.workloads import workload_under
    from simulator.estimate import estimate
    from simulator.utterances import Utterance

    words = [word.strip() for word in text.split(",")]
    overrides = tuple(word for word in words if "=" in word)
    names = [word for word in words if "=" not in word]
    if not 2 <= len(names) <= 3 or not all(names):
        raise EdgeAsrError(f"'{text}': an estimate is named by {FORM}")
    workload, recipe = workload_under(names[0], names[2] if len(names) > 2 else None)
    chip = apply_overrides(load_chip(names[1]), overrides)
    found = estimate(workload, chip, utterances=(Utterance(audio_s, tokens),))
    shown = " ".join((names[1], *overrides))
    return _of_estimate(found, Combination(names[0], recipe, shown))


def _of_estimate(found: Estimate, what: Combination) -> Side:
    layers = (
        LayerCost(
            phase=row.phase,
            layers=row.layer,
            kind=row.kind,
            latency_s=row.latency_s,
            latency_terms_s=row.latency_terms_s,
            energy_j=row.energy_j,
            energy_terms_j=row.energy_terms_j,
            macs=row.macs,
            level_bytes=row.level_bytes,
            notes=(row.note,) if row.note else (),
        )
        for row in layer_rows(found, model=what.model, recipe=what.recipe)
    )
    return Side(
        what,
        gathered(layers),
        latency_s=float(found.latency_s().nominal.mean()),
        energy_j=float(found.energy_j().nominal.mean()),
    )


def _of_run(folder: Path) -> tuple[Side, ...]:
    """Return the sides of a run, with totals and word error rates from its `summary.csv`."""
    if not (folder / "layers.parquet").is_file():
        raise EdgeAsrError(
            f"'{folder}' is no run folder: it holds no layers.parquet; give the folder of a finished study, "
            f"or an estimate as {FORM}"
        )
    frame, summary = _read_table(folder / "layers.parquet"), _read_table(folder / "summary.csv")
    if frame.empty:
        raise EdgeAsrError(f"'{folder}' holds no estimates: its study names no chips")
    totals = {
        Combination(str(row["model"]), str(row["recipe"]), str(row["chip"])): row
        for row in summary.to_dict("records")
    }
    sides = []
    for side in _of_frame(frame, folder):
        known = totals.get(side.what)
        if known is None:
            raise EdgeAsrError(f"'{folder}/summary.csv' lacks {side.what}; run 'edgeasr report {folder}'")
        wer = float(known["wer"])
        sides.append(
            Side(
                side.what,
                side.layers,
                latency_s=float(known["latency_s"]),
                energy_j=float(known["energy_j"]),
                wer=None if math.isnan(wer) else wer,
            )
        )
    return tuple(sides)


def _of_frame(frame: "pandas.DataFrame", path: Path) -> tuple[Side, ...]:
    lacking = [name for name in _NEEDED if name not in frame.columns]
    if lacking or not {"layer", "module"} & set(frame.columns):
        raise EdgeAsrError(
            f"'{path}' has no column '{(*lacking, 'layer')[0]}'; "
            "give a run folder, or a table written by 'edgeasr estimate --by layer'"
        )
    sides = []
    for names, part in frame.groupby(_KEY, sort=False):
        layers = gathered(_layers(part.dropna(axis="columns", how="all")))
        what = Combination(*(str(name) for name in names))
        latency_s, energy_j = float(part["latency_s"].sum()), float(part["energy_j"].sum())
        sides.append(Side(what, layers, latency_s, energy_j))
    return tuple(sides)


def _layers(frame: "pandas.DataFrame") -> Iterator[LayerCost]:
    terms_s = _named(frame, r"latency_(\w+)_s")
    terms_j = _named(frame, r"energy_(\w+)_j")
    levels = _named(frame, r"level_(\w+)_bytes")
    for row in frame.to_dict("records"):
        note = row.get("note")
        yield LayerCost(
            phase=str(row["phase"]),
            layers=str(row["layer"]) if "layer" in row else layer_of(str(row["module"])),
            kind=str(row["kind"]),
            latency_s=float(row["latency_s"]),
            latency_terms_s=tuple(Part(name, float(row[column])) for column, name in terms_s.items()),
            energy_j=float(row["energy_j"]),
            energy_terms_j=tuple(Part(name, float(row[column])) for column, name in terms_j.items()),
            macs=float(row["macs"]),
            level_bytes=tuple(Part(name, float(row[column])) for column, name in levels.items()),
            notes=(note,) if isinstance(note, str) and note else (),
        )


def _named(frame: "pandas.DataFrame", pattern: str) -> dict[str, str]:
    """Return the columns that match a pattern, and the name that each carries."""
    found = ((column, re.fullmatch(pattern, column)) for column in frame.columns)
    return {column: match[1] for column, match in found if match}


def _read_table(path: Path) -> "pandas.DataFrame":
    import pandas

    readers: dict[str, Callable[[Path], pandas.DataFrame]] = {
        ".csv": pandas.read_csv,
        ".json": pandas.read_json,
        ".parquet": pandas.read_parquet,
    }
    reader = readers.get(path.suffix)
    if reader is None:
        raise EdgeAsrError(f"'{path}' is none of {', '.join(readers)}; give a table of 'edgeasr estimate'")
    try:
        return reader(path)
    except OSError as error:
        raise EdgeAsrError(f"'{path}' cannot be read ({error.strerror or type(error).__name__})") from error
    except ValueError as error:
        raise EdgeAsrError(f"'{path}' cannot be read ({reason_of(error)})") from error

"""The section on networks that were predicted before any of their rows were used."""

from collections.abc import Callable, Sequence

from reports.table import Table, render
from reports.validation.shares import percent, signed
from simulator.validation.predicted_before import MODELS, Foretold, score_of

_COLUMNS = ("", "cases", "MAPE", "bias", "Spearman", "inside")
_INTRODUCTION = """## Networks added later, as predicted before any of their rows were used

What the models of commit `{models}` said of {networks} further networks on their {n} fully NPU-resident
cases, before anything was changed in sight of them: the form of the models and all their numbers had been
settled on other networks. That is as near to a blind check as this page comes, and says what to expect of a
network unlike those that were fitted. (Twelve such networks had been tried once before on three devices,
were found to be off by 40 % in the mean, and moved nothing.) All rows are in
`simulator/validation/predicted_before.csv`; `simulator/validation/predicted_before.py` says how they were
made.

Part of it was wrong inputs: EfficientNetV2-S was traced at 384x384 and DETR at 480x480, as stated beside the
measurements, and no network standardised its pixels. Traced as they were measured, with the same models,
these cases are off by 33.7 %. Another part was the measurements of the three networks with convolutions over
time, whose medians take in TFLite's rows here; without these networks it is 30.4 %.

"""


def before_section(rows: Sequence[Foretold]) -> str:
    """Return the section as Markdown."""
    parts: tuple[tuple[str, Callable[[Foretold], str]], ...] = (
        ("precision", lambda row: row.precision),
        ("network", lambda row: f"{row.network} {row.precision}"),
        ("chip", lambda row: row.chip),
    )
    cells = [_scores("all", rows)]
    for _, key in parts:
        groups: dict[str, list[Foretold]] = {}
        for row in rows:
            groups.setdefault(key(row), []).append(row)
        cells += [_scores(group, mine) for group, mine in sorted(groups.items())]
    text = _INTRODUCTION.format(models=MODELS, networks=len({row.network for row in rows}), n=len(rows))
    return text + render(Table(_COLUMNS, tuple(cells)), "md")


def _scores(group: str, rows: Sequence[Foretold]) -> tuple[str, ...]:
    found = score_of(rows)
    rank = "" if found.spearman is None else f"{found.spearman:.3f}"
    return group, str(found.n), percent(found.mape), signed(found.bias), rank, percent(found.coverage)

"""A calibrated chip as a chip file: what the fit changed, laid over the chip it started from."""

from math import expm1
from pathlib import Path

from hwmodels.quantity import Quantity
from simulator.calibration.fit import Fit

Tree = dict[str, "Tree | float | str"]


def chip_document(fit: Fit, *, inherit: str, measured: str) -> str:
    """Return the text of the chip file; `inherit` names the chip fitted, `measured` the file of rows.

    The rows used and their residuals stand in its head, as comments.
    """
    import yaml

    numbers = dict(fit.chip.quantities())
    tree: Tree = {"inherit": inherit}
    for fitted in fit.parameters:
        for path in fitted.parameter.paths:
            _put(tree, path.split("."), numbers[path])
    body = yaml.safe_dump(tree, sort_keys=False, width=110)
    return "".join(f"# {line}\n" for line in _head(fit, measured)) + body


def save_chip(fit: Fit, path: Path, *, inherit: str, measured: str) -> None:
    """Write the chip file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(chip_document(fit, inherit=inherit, measured=measured), encoding="utf-8")


def _put(tree: Tree, path: list[str], quantity: Quantity) -> None:
    for key in path[:-1]:
        below = tree.setdefault(key, {})
        if not isinstance(below, dict):
            raise AssertionError(f"{'.'.join(path)} lies inside a number")
        tree = below
    tree[path[-1]] = {
        "value": float(f"{quantity.value:.6g}"),
        "kind": quantity.kind,
        "low": float(f"{quantity.low:.6g}"),
        "high": float(f"{quantity.high:.6g}"),
        "source": quantity.source,
    }


def _head(fit: Fit, measured: str) -> list[str]:
    has_energy = any(energy is not None for energy in fit.energy_residuals)
    what = "log latency and log energy" if has_energy else "log latency"
    lines = [f"Fitted to {len(fit.cases)} rows of {measured} of this chip, least squares on {what}."]
    for each in fit.parameters:
        bound = ", AT ITS BOUND" if each.at_bound else ""
        lines.append(
            f"{each.parameter.name}: factor {each.factor:.4g} (log error {each.log_error:.2g}{bound})"
        )
    if fit.unused:
        lines.append(f"Not fitted, since no row depends on them: {', '.join(fit.unused)}")
    lines.append("Rows, with predicted / measured - 1 of latency and energy:")
    for case, latency, energy in zip(fit.cases, fit.latency_residuals, fit.energy_residuals, strict=True):
        of_energy = "" if energy is None else f" {_percent(energy)} energy"
        lines.append(f"  {case.network} {case.precision}: {_percent(latency)}{of_energy}")
    return lines


def _percent(log_ratio: float) -> str:
    return f"{100 * expm1(log_ratio):+.1f} %"

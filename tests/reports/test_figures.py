from dataclasses import replace
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from reports.figures import FIGURES, save_figures
from reports.figures.style import save_png
from reports.study.assemble import empty_data
from tests.reports.synthetic import study


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return save_figures(study(), tmp_path_factory.mktemp("run") / "figures")


def test_every_figure_is_there_and_nothing_else(paths: tuple[Path, ...]) -> None:
    assert [path.stem for path in paths] == list(FIGURES)
    assert sorted(paths[0].parent.iterdir()) == sorted(paths)


def test_figures_are_dark_on_white_and_not_blank(paths: tuple[Path, ...]) -> None:
    for path in paths:
        pixels = np.asarray(matplotlib.image.imread(path))[..., :3]
        assert pixels.shape[1] == 1350
        assert (pixels[0, 0] == 1.0).all()
        drawn = (pixels < 0.9).any(axis=-1).mean()
        assert 0.01 < drawn < 0.6, path.name


def test_without_rates_the_figure_says_so(tmp_path: Path) -> None:
    data = study()
    unmeasured = replace(data, cells=tuple(replace(cell, accuracy=None) for cell in data.cells))
    _, draw = FIGURES["pareto"]
    save_png(draw(unmeasured), tmp_path / "pareto.png")
    assert (np.asarray(matplotlib.image.imread(tmp_path / "pareto.png"))[..., :3] < 0.9).any()


def test_an_empty_study_has_no_figures(tmp_path: Path) -> None:
    assert save_figures(empty_data(), tmp_path / "figures") == ()

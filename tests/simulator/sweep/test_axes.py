import numpy as np
import pytest

from simulator.sweep.axes import Choices, Sample, Sampling, Span, coordinates, n_points, stepped
from traces.errors import EdgeAsrError

CLOCK = Span("clock", 1e8, 1e9, log=True, whole=False)
TOKENS = Span("tokens", 1.0, 20.0, log=False, whole=True)
RECIPE = Choices("recipe", ("w8a8", "w4a8"))
SIZE = Choices("size", (1.0, 2.0, 4.0))
GRID = Sample("grid", 0, 0)


def test_a_grid_has_every_combination_the_first_axis_slowest() -> None:
    found = coordinates((RECIPE, SIZE), GRID)
    recipes, sizes = RECIPE.column(found[:, 0]), SIZE.column(found[:, 1])
    assert recipes.tolist() == ["w8a8"] * 3 + ["w4a8"] * 3
    assert sizes.tolist() == [1.0, 2.0, 4.0] * 2


def test_no_axes_are_one_point() -> None:
    assert coordinates((), GRID).shape == (1, 0)


def test_steps_take_both_ends() -> None:
    assert stepped(CLOCK, 3).values == pytest.approx((1e8, 10**8.5, 1e9))
    assert stepped(Span("x", 0.0, 1.0, log=False, whole=False), 3).values == (0.0, 0.5, 1.0)
    assert stepped(Span("x", 1.0, 3.0, log=False, whole=True), 9).values == (1.0, 2.0, 3.0)


@pytest.mark.parametrize("sampling", ["random", "latin_hypercube"])
def test_a_sample_stays_in_range_and_repeats_with_its_seed(sampling: Sampling) -> None:
    axes = (CLOCK, TOKENS, RECIPE)
    sample = Sample(sampling, 200, 7)
    found = coordinates(axes, sample)
    assert found.shape == (200, 3)
    assert ((found[:, 0] >= 1e8) & (found[:, 0] < 1e9)).all()
    assert set(found[:, 1]) <= set(range(1, 21))
    assert set(RECIPE.column(found[:, 2])) == {"w8a8", "w4a8"}
    np.testing.assert_array_equal(found, coordinates(axes, sample))
    assert not np.array_equal(found, coordinates(axes, Sample(sampling, 200, 8)))


def test_a_latin_hypercube_has_one_point_in_every_stratum_of_every_axis() -> None:
    found = coordinates(
        (CLOCK, Span("x", 0.0, 1.0, log=False, whole=False)), Sample("latin_hypercube", 50, 0)
    )
    strata = np.floor(50 * np.log(found[:, 0] / 1e8) / np.log(10)), np.floor(50 * found[:, 1])
    for each in strata:
        assert sorted(each) == list(range(50))


@pytest.mark.parametrize(
    ("axes", "sample", "message"),
    [
        ((SIZE, CLOCK), GRID, "clock: a grid needs steps .* 'sample: {latin_hypercube: 10000}'"),
        ((Choices("a", tuple(map(float, range(10**4)))),) * 2, GRID, "the grid has 100,000,000 points, more"),
        ((CLOCK,), Sample("random", 10**8, 0), "the random has 100,000,000 points"),
    ],
)
def test_too_many_points_are_told_with_a_remedy(
    axes: tuple[Choices | Span, ...], sample: Sample, message: str
) -> None:
    with pytest.raises(EdgeAsrError, match=message):
        n_points(axes, sample)

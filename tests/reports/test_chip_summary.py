"""What `chips show` says first of a chip."""

from hwmodels.chip_file import apply_overrides, load_chip
from reports.chip_summary import chip_summary


def test_a_measured_chip_has_its_errors_as_shipped_and_left_out() -> None:
    found = chip_summary(load_chip("ek-ra8d1"), shipped=True)
    assert found.n_measured == 2
    assert found.latency_error is not None
    assert found.left_out_error is not None
    assert 0 < found.latency_error < found.left_out_error < 0.2
    assert found.worst_kind == "assumed"
    assert sum(int(part.split()[0]) for part in found.kinds.split(", ")) == len(
        tuple(load_chip("ek-ra8d1").quantities())
    )


def test_a_chip_nobody_measured_has_none_nor_has_one_that_was_changed() -> None:
    assert chip_summary(load_chip("nvdla-full"), shipped=True).latency_error is None
    changed = apply_overrides(load_chip("ek-ra8d1"), ("units.core.clock_hz=1GHz",))
    assert chip_summary(changed, shipped=False).n_measured == 0


def test_a_chip_that_is_fitted_together_with_others_has_both_errors() -> None:
    found = chip_summary(load_chip("hexagon-htp-v69"), shipped=True)
    assert found.latency_error is not None
    assert found.left_out_error is not None
    assert found.latency_error < found.left_out_error

"""Fractions as the page writes them."""


def percent(value: float | None) -> str:
    """Return a share or an error without its sign; empty where unknown."""
    return "" if value is None else f"{100 * value:.1f} %"


def signed(value: float | None) -> str:
    """Return an error with its sign; empty where unknown."""
    return "" if value is None else f"{100 * value:+.1f} %"

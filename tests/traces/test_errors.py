"""Unknown names are answered in one line that a person can read."""

from traces.errors import unknown_name


def test_the_nearest_of_the_known_are_offered() -> None:
    assert (
        str(unknown_name("chip", "Gap8", known=("gap9", "xg24"))) == "unknown chip 'Gap8'; did you mean gap9?"
    )


def test_few_names_are_all_told() -> None:
    assert str(unknown_name("chip", "qqq", known=("xg24", "gap9"))) == "unknown chip 'qqq'; known: gap9, xg24"
    assert str(unknown_name("chip", "qqq", known=())) == "unknown chip 'qqq'; known: none"


def test_of_hundreds_only_some_are_told() -> None:
    names = [f"rates.dense-{idx}.lanes.m" for idx in range(300)]
    said = str(unknown_name("number", "tiling", known=names))
    assert "of 300 known the nearest are: " in said
    assert said.count("rates.") == 5

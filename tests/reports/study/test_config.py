from pathlib import Path

import pytest

from reports.study.config import load_study, save_study
from traces.errors import EdgeAsrError

GOOD = "name: mine\nmodels: [whisper-micro]\nrecipes: [float]\nchips: [ethos-u85-1024]\n"

GRID = (
    GOOD
    + """formats: [w8a8, w4a16-g32]
methods:
  - rtn
  - mse: [{name: rtn, config: {range: mse}}]
"""
)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", [None, GRID])
def test_a_saved_study_loads_equal(tmp_path: Path, text: str | None) -> None:
    study = load_study(write(tmp_path, text) if text else "bundled")
    save_study(study, tmp_path / "study.yaml")
    assert load_study(tmp_path / "study.yaml") == study


def test_the_bundled_study_is_what_is_promised() -> None:
    study = load_study()
    assert set(study.models) == {"whisper-micro", "moonshine-micro"}
    assert len(study.recipes) >= 6
    assert len(study.chips) >= 3
    assert "float" in study.recipes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("recipes", "recipies"), "recipies: unknown key; did you mean recipes"),
        (GOOD + "limit: 0\n", "limit: 0: "),
        (GOOD + "limit: ten\n", "limit: 'ten': "),
        (GOOD.replace("[float]", "[]"), "a study needs a recipe"),
        (GOOD + "formats: [w8a8]\n", "formats without methods gives no recipe"),
        (GOOD + "methods: [rtn]\n", "methods without formats gives no recipe"),
        (GRID.replace("- rtn", "- gtpq"), "methods.gtpq.0.name: unknown quantization method 'gtpq'"),
        (GRID.replace("- rtn", "- [rtn]"), "methods.0: ['rtn'] is no pipeline; write a method's name"),
        (GRID.replace("- rtn", "- mse"), "methods lists mse more than once"),
        (GRID.replace("range", "rang"), "methods.mse.0.config: rang: unknown key; did you mean range"),
        (GRID.replace("mse:", "m/e:"), "methods.1.name: 'm/e': "),
        (GRID + "calibration_utterances: 0\n", "calibration_utterances: 0: "),
        (GOOD.replace("[whisper-micro]", "[]"), "a study needs a model"),
        (GOOD.replace("[float]", "[float, float]"), "recipes lists float more than once"),
        ("- a\n- b\n", "holds list, not a mapping"),
        ("name: [\n", "is no valid YAML"),
    ],
)
def test_a_mistake_names_file_key_and_value(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(EdgeAsrError) as caught:
        load_study(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EdgeAsrError, match="cannot be read"):
        load_study(tmp_path / "none.yaml")

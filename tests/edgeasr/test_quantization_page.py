"""The page on quantization names what there is, and its examples work."""

import re
import subprocess
import sys
from dataclasses import fields
from itertools import product
from pathlib import Path

import pytest
import yaml

from benchmarks import outlier_errors
from benchmarks.layer_errors import BEGIN, END, load_rows, recipes_of, settings_of, table
from quant.details import LayerDetail
from quant.methods import METHODS
from quant.plan import make_plan
from quant.recipe_schema import recipe_of
from reports.study.config import load_study
from tests.quant.networks import NETWORKS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "quantization.md").read_text()


def rows_under(heading: str) -> list[str]:
    """The first cells of the table in a section."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| (`.*?) \|", section, re.M)


def test_every_method_is_in_the_table() -> None:
    assert sorted(rows_under("Methods")) == sorted(f"`{name}`" for name in METHODS)


def test_methods_that_look_at_nothing_are_those_that_need_no_data() -> None:
    section = PAGE.partition("## Methods\n")[2]
    blind = re.findall(r"^\| `(\w+)` \| [^|]* \| nothing \|", section, re.M)
    assert sorted(blind) == sorted(name for name, method in METHODS.items() if method.data_free)


def test_the_layer_errors_are_those_that_were_measured() -> None:
    rows = load_rows()
    assert f"{BEGIN}\n{table(rows)}\n{END}" in PAGE
    known = dict(recipes_of(load_study(ROOT / "studies" / "edge_asr_micro.yaml")))
    for found in rows:
        assert found.settings == settings_of(known[found.row.recipe]), f"measure {found.row.recipe} again"


def test_the_outlier_errors_are_those_that_were_measured() -> None:
    rows = outlier_errors.load_rows()
    assert f"{outlier_errors.BEGIN}\n{outlier_errors.table(rows)}\n{outlier_errors.END}" in PAGE
    wanted = {recipe.name: settings_of(recipe) for recipe in outlier_errors.recipes()}
    assert rows.keys() == set(product(outlier_errors.MODELS, wanted))
    for (_, recipe), (_, settings) in rows.items():
        assert settings == wanted[recipe], f"measure {recipe} again"


def test_every_measured_column_is_in_the_table() -> None:
    named = re.findall(r"`(\w+)`", " ".join(rows_under("Details")))
    measured = [field.name for field in fields(LayerDetail)][4:]
    assert named == measured


@pytest.mark.parametrize("family", NETWORKS)
def test_the_recipe_fits_both_families(family: str) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    recipe = recipe_of(yaml.safe_load(block), where="docs/quantization.md")
    assert [step.name for step in recipe.methods] == ["smoothquant", "gptq"]
    assert make_plan(NETWORKS[family](), recipe).remarks == ()


def test_the_python_example_runs() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, check=True, cwd=ROOT)
    assert re.search(r"w3a16 0\.\d\d of the error", done.stdout)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)]+)\)", PAGE))))
def test_the_page_links_to_files_that_exist(link: str) -> None:
    assert (ROOT / "docs" / link).exists()

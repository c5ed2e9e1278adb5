import json
import re
from typing import get_args

import yaml

from hwmodels.chip_file import CHIPS_FOLDER, chip_names
from hwmodels.editor_schema import SCHEMA_PATH, editor_schema
from hwmodels.op_table import OpClass
from hwmodels.rate_node import OpName


def test_the_schema_beside_the_chips_is_up_to_date() -> None:
    assert SCHEMA_PATH.read_text(encoding="utf-8") == editor_schema(), "run: python -m hwmodels.editor_schema"


def test_it_knows_every_key_of_every_chip_file() -> None:
    known = set(json.loads(editor_schema())["properties"])
    for name in chip_names():
        assert set(yaml.safe_load((CHIPS_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))) <= known


def test_the_templates_name_every_key_and_every_choice() -> None:
    schema = json.loads(editor_schema())
    nodes = [schema, *schema["$defs"].values()]
    keys = {key for node in nodes for key in node.get("properties", {})} - {"$schema"}
    choices = {each for node in nodes for each in node.get("enum", ())}
    assert "rows_per_pass" in keys
    assert "full" in choices
    templates = "".join(
        (CHIPS_FOLDER / f"{name}-template.yaml").read_text("utf-8") for name in ("npu", "mcu")
    )
    assert sorted(word for word in keys | choices if not re.search(rf"\b{word}\b", templates)) == []


def test_numbers_may_carry_units_and_inherited_entries_may_go() -> None:
    definitions = json.loads(editor_schema())["$defs"]
    assert definitions["QuantityNode"]["properties"]["value"] == {"type": ["number", "string"]}
    assert definitions["QuantityNode"]["required"] == ["value", "kind", "source"]
    assert "required" not in definitions["LevelNode"]
    assert {"type": "null"} in definitions["LevelNode"]["properties"]["size_bytes"]["anyOf"]


def test_a_chip_file_can_name_every_op_class_and_no_other() -> None:
    assert set(get_args(OpName)) == {op.label for op in OpClass}

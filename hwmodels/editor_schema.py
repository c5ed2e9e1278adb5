"""The JSON Schema of chip files, for editors: `python -m hwmodels.editor_schema` writes it beside the chips.

It is the schema files are read with, loosened by what is resolved before: numbers may be texts with units, a
file that inherits may leave anything out, and `null` removes what was inherited.
"""

import json

from hwmodels.chip_file import CHIPS_FOLDER

SCHEMA_PATH = CHIPS_FOLDER / "chip.schema.json"
_RESOLVED_BEFORE: dict[str, object] = {
    "$schema": {"type": "string"},
    "inherit": {"type": "string", "description": "Name of the chip whose entries this file changes."},
    "sources": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "Texts that `source` may name.",
    },
}


def editor_schema() -> str:
    """Return the JSON Schema as text, one form for every run."""
    from hwmodels.chip_schema import ChipNode

    schema = ChipNode.model_json_schema()
    for node in (schema, *schema["$defs"].values()):
        properties = node.get("properties", {})
        if "kind" in properties and "value" in properties:
            for key in ("value", "low", "high"):
                properties[key] = {"type": ["number", "string"]}
            properties["source"] = {"type": "string"}  # the name of one of `sources`, or the text itself
        else:
            node.pop("required", None)
            node["properties"] = {key: _or_null(value) for key, value in properties.items()}
    schema["properties"] = _RESOLVED_BEFORE | schema["properties"]
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


def _or_null(node: dict[str, object]) -> dict[str, object]:
    node.pop("default", None)
    extra = node.get("additionalProperties")
    if isinstance(extra, dict):
        node["additionalProperties"] = {"anyOf": [extra, {"type": "null"}]}
    return {"anyOf": [node, {"type": "null"}]}


if __name__ == "__main__":
    SCHEMA_PATH.write_text(editor_schema(), encoding="utf-8")

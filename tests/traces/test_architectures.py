"""The table of architectures against the bundled checkpoints' own configs."""

import json
from importlib.resources import files

import pytest

from traces.architectures import ARCHITECTURES, HUB_IDS

IRRELEVANT = frozenset(
    {
        "architectures",
        "begin_suppress_tokens",
        "dtype",
        "dropout",
        "_name_or_path",
        "transformers_version",
        "use_cache",
    }
)
"""Keys that change no extent; ids of special tokens are left out too."""


@pytest.mark.parametrize("name", ["whisper-micro", "moonshine-micro"])
def test_the_bundled_models_are_as_the_table_says(name: str) -> None:
    path = files("asr") / "bundled" / "models" / name / "config.json"
    bundled = json.loads(path.read_text(encoding="utf-8"))
    table = ARCHITECTURES[name].config().to_dict()
    shared = [
        key for key in bundled if key in table and key not in IRRELEVANT and not key.endswith("token_id")
    ]
    assert {key: table[key] for key in shared} == {key: bundled[key] for key in shared}
    assert len(shared) > 15


def test_every_hub_id_names_one_architecture() -> None:
    assert sorted(HUB_IDS.values()) == sorted(name for name in ARCHITECTURES if not name.endswith("-micro"))

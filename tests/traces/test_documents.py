"""YAML from untrusted files: whatever is wrong with it is said in one line."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from traces.documents import MAX_BYTES, read_mapping, validated
from traces.errors import EdgeAsrError


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    count: int = 0


def file_of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: 2020-13-45", "is no valid YAML: month must be in 1..12"),
        (b"name: !!int abc", "is no valid YAML: invalid literal"),
        (b"name: !!timestamp nope", "is no valid YAML"),
        (b"name: \xff\xfe\xff", "is no valid YAML"),
        (b"name: [", "is no valid YAML"),
        (b"name: !!python/object:os.system x", "is no valid YAML"),
        (b"- name", "holds list, not a mapping"),
        (b"#" * (MAX_BYTES + 1), "bytes; at most"),
    ],
)
def test_files_that_are_no_mapping(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(EdgeAsrError, match=message) as caught:
        read_mapping(file_of(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_a_value_that_aliases_blow_up_is_shown_by_its_first_parts(tmp_path: Path) -> None:
    """Nine levels of nine aliases stand for 4e8 values; writing them out would take minutes."""
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    content = read_mapping(file_of(tmp_path, "\n".join([*levels, "name: *a8"]).encode()))
    with pytest.raises(EdgeAsrError, match=r"name: .*valid string") as caught:
        validated({"name": content["name"]}, Schema, where="x.yaml")
    assert len(str(caught.value)) < 400


def test_mistakes_are_named_by_file_key_and_value() -> None:
    with pytest.raises(EdgeAsrError, match=r"x.yaml: cuont: unknown key; did you mean count\?"):
        validated({"name": "n", "cuont": 1}, Schema, where="x.yaml")
    with pytest.raises(EdgeAsrError, match=r"x.yaml: count: 'many': .*integer"):
        validated({"name": "n", "count": "many"}, Schema, where="x.yaml")
    with pytest.raises(EdgeAsrError, match=r"x.yaml: name: is missing"):
        validated({}, Schema, where="x.yaml")

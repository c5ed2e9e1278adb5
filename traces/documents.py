"""YAML files read through pydantic: a mistake is answered with file, key path, value and remedy."""

import re
from difflib import get_close_matches
from pathlib import Path
from reprlib import Repr
from typing import TYPE_CHECKING, TypeVar

from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    Document = TypeVar("Document", bound=BaseModel)

_SHOWN = Repr()
"""Writes the first few parts of a value: aliases can make a file of 300 bytes stand for a billion."""
_SHOWN.maxstring = _SHOWN.maxother = _SHOWN.maxlong = 60
_SHOWN.maxlist = _SHOWN.maxdict = 4
_SHOWN.maxlevel = 2

MAX_BYTES = 4 * 1024 * 1024
"""Largest YAML file accepted; the largest of the package has 30 kB."""


def read_mapping(path: Path) -> dict[str, object]:
    """Return the file's top-level mapping, unvalidated.

    Raises:
        EdgeAsrError: if the file is missing, too large, or no YAML mapping.
    """
    import yaml

    try:
        if path.stat().st_size > MAX_BYTES:
            raise EdgeAsrError(f"{path}: {path.stat().st_size} bytes; at most {MAX_BYTES} are read")
        text = path.read_text(encoding="utf-8")
        # libyaml's loader, where PyYAML was built with it, reads a chip file ten times faster.
        content = yaml.load(text, Loader=yaml.CSafeLoader) if yaml.__with_libyaml__ else yaml.safe_load(text)
    except OSError as error:
        raise EdgeAsrError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (yaml.YAMLError, ValueError, AttributeError) as error:
        # The last two are the loader's own, of a date in month 13, a tag that does not fit or no text at all.
        reason = re.sub(r"\s+", " ", str(error))
        raise EdgeAsrError(f"{path}: is no valid YAML: {reason}") from error
    if not isinstance(content, dict):
        raise EdgeAsrError(f"{path}: holds {type(content).__name__}, not a mapping of keys to values")
    return {str(key): value for key, value in content.items()}


def validated(content: dict[str, object], schema: "type[Document]", *, where: str) -> "Document":
    """Return the content as the schema's model; `where` names its origin in the message.

    Raises:
        EdgeAsrError: naming the first mistake.
    """
    from pydantic import ValidationError

    try:
        return schema.model_validate(content)
    except ValidationError as error:
        # A misspelt key is also a missing one; the misspelling is what the user can see.
        details = sorted(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")
        more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
        raise EdgeAsrError(f"{where}: {_sentence(details[0], schema)}{more}") from error


def _sentence(detail: "ErrorDetails", schema: "type[BaseModel]") -> str:
    path = ".".join(str(part) for part in detail["loc"]) or "top level"
    value = detail.get("input")
    match detail["type"]:
        case "extra_forbidden":
            key = str(detail["loc"][-1])
            nearest = get_close_matches(key, sorted(_known_keys(schema)), n=3, cutoff=0.6)
            hint = f"; did you mean {', '.join(nearest)}?" if nearest else ""
            return f"{path}: unknown key{hint}"
        case "missing":
            return f"{path}: is missing"
        case "value_error":
            return f"{path}: {str(detail['msg']).removeprefix('Value error, ')}"
    return f"{path}: {_SHOWN.repr(value)}: {detail['msg']}"


def _known_keys(schema: "type[BaseModel]") -> set[str]:
    """Return every key the schema and the models inside it know."""
    properties: set[str] = set()
    pending: list[object] = [schema.model_json_schema()]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            inner = node.get("properties")
            properties |= set(inner) if isinstance(inner, dict) else set()
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    return properties

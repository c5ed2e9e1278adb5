"""The run folder of a sweep: which sweep it is, its finished chunks, and its results."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from reports.atomic import write_text, written_whole
from reports.sweep.plan import Plan
from reports.sweep.schema import sweep_mapping
from reports.versions import code_versions, costing_code
from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    import pyarrow

SWEEP = "sweep.yaml"
IDENTITY = "identity.json"
NUMBER_DIGITS = 6


@dataclass(frozen=True, slots=True)
class SweepFolder:
    """A folder that holds one sweep's results, and the chunks of which they are made.

    A chunk is there whole or not at all: it is written under another name and renamed.
    """

    path: Path

    def prepare(self, plan: Plan) -> None:
        """Create the folder, or verify that it holds this very sweep.

        Raises:
            EdgeAsrError: if it cannot be written, or holds something else: what differs.
        """
        import yaml

        identity = _identity(plan)
        try:
            if (self.path / IDENTITY).exists():
                self._compare(identity)
            elif self.path.exists() and any(not path.name.startswith(".") for path in self.path.iterdir()):
                raise EdgeAsrError(
                    f"run folder '{self.path}' holds something that is no sweep; choose another with --output"
                )
            self.path.mkdir(parents=True, exist_ok=True)
            write_text(self.path / IDENTITY, json.dumps(identity, indent=2) + "\n")  # before anything else
            self._chunks.mkdir(exist_ok=True)
        except OSError as error:
            raise EdgeAsrError(
                f"run folder '{self.path}' cannot be written ({error.strerror}); choose another with --output"
            ) from error
        write_text(self.path / SWEEP, yaml.safe_dump(sweep_mapping(plan.sweep), sort_keys=False, width=110))

    def holds(self, number: int) -> bool:
        """Return whether a chunk is finished."""
        return self.chunk(number).is_file()

    def chunk(self, number: int) -> Path:
        """Return where a chunk is kept."""
        return self._chunks / f"{number:0{NUMBER_DIGITS}d}.parquet"

    def save(self, number: int, table: "pyarrow.Table") -> None:
        """Keep a finished chunk.

        Raises:
            EdgeAsrError: if it cannot be written.
        """
        import pyarrow.parquet

        with written_whole(self.chunk(number)) as partial:
            pyarrow.parquet.write_table(table, partial)

    def load(self, number: int, columns: list[str] | None = None) -> "pyarrow.Table":
        """Return a finished chunk, or some of its columns.

        Raises:
            EdgeAsrError: if the file is damaged.
        """
        import pyarrow
        import pyarrow.parquet

        try:
            return pyarrow.parquet.read_table(self.chunk(number), columns=columns)
        except (OSError, pyarrow.ArrowException) as error:
            raise EdgeAsrError(
                f"'{self.chunk(number)}' cannot be read; delete it to cost its points again"
            ) from error

    @property
    def _chunks(self) -> Path:
        return self.path / "chunks"

    def _compare(self, identity: Mapping[str, str]) -> None:
        try:
            known = json.loads((self.path / IDENTITY).read_text(encoding="utf-8"))
        except ValueError as error:
            raise EdgeAsrError(f"'{self.path / IDENTITY}' is damaged; choose another folder") from error
        differing = sorted(key for key in {*known, *identity} if known.get(key) != identity.get(key))
        if differing:
            raise EdgeAsrError(
                f"run folder '{self.path}' holds another sweep, which differs in {', '.join(differing)}; "
                "choose another with --output"
            )


def _identity(plan: Plan) -> dict[str, str]:
    """Return a digest of everything the chunks depend on, by the key of the sweep file where there is one."""
    content = sweep_mapping(plan.sweep)
    del content["objectives"]  # decide the front, which is found anew
    parts: dict[str, object] = {
        **content,
        "chip files": sorted(map(repr, plan.space.chips.values())),
        "recipe files": sorted(map(repr, plan.space.recipes.values())),
        "word error rates": plan.rates and sorted(plan.rates.by_network.items()),
        "versions": code_versions(),
        "code": costing_code(),
    }
    return {
        key: sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:16] for key, part in parts.items()
    }

"""What it takes to get the same study again: versions, revisions, hashes, seed, machine."""

import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from reports.data import Fact, Manifest
from reports.study.config import Study
from reports.study.folder import Measured, code_versions

MANIFEST = "manifest.json"


def manifest_of(study: Study, measured: tuple[Measured, ...], *, command: str, duration_s: float) -> Manifest:
    """Return the manifest of a study that has just ended; `duration_s` is this run's alone."""
    corpora = {cell.cell.corpus: cell.evaluation for cell in measured}
    models = {cell.cell.model: cell.evaluation for cell in measured}
    return Manifest(
        name=study.name,
        command=command,
        created_utc=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        duration_s=duration_s,
        seed=study.seed,
        machine=machine(),
        versions=versions(),
        corpora=tuple(
            Fact(
                name,
                f"{evaluation.conditions.corpus.source} {evaluation.conditions.corpus.config} "
                f"{evaluation.conditions.corpus.split} revision {evaluation.conditions.corpus.revision}; "
                f"{evaluation.scores.n_utterances} utterances with speech, "
                f"{evaluation.scores.n_words} words, "
                f"{evaluation.scores.n_silent} without; normaliser {evaluation.conditions.normaliser}",
            )
            for name, evaluation in corpora.items()
        ),
        models=(
            *(
                Fact(
                    name,
                    f"{evaluation.conditions.recogniser} revision {evaluation.conditions.revision}, "
                    f"{evaluation.conditions.dtype}",
                )
                for name, evaluation in models.items()
            ),
            *(Fact(name, "stored architecture, no weights") for name in study.cost_only),
        ),
    )


def machine() -> tuple[Fact, ...]:
    """Return what kind of machine this is."""
    return (
        Fact("system", f"{platform.system()} {platform.machine()}"),
        Fact("processor", _processor()),
        Fact("cores", str(os.cpu_count())),
    )


def versions() -> tuple[Fact, ...]:
    """Return the versions of everything a number depends on."""
    python = Fact("python", platform.python_version())
    return (python, *(Fact(name, text) for name, text in code_versions().items()))


def command_of(folder: Path) -> str | None:
    """Return the command that filled a run folder, as its manifest says; None where there is none."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return str(content["command"]) if isinstance(content, dict) and "command" in content else None


def manifest_json(manifest: Manifest) -> str:
    """Return the manifest as JSON text."""
    return json.dumps(asdict(manifest), indent=2) + "\n"


def _processor() -> str:
    """Return the processor's name; Linux tells it only in a file."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"

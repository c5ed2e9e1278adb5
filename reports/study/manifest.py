"""What it takes to get the same study again: versions, revisions, hashes, seed, machine."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from reports.data import Fact, Manifest
from reports.study.config import Study
from reports.study.folder import Measured
from reports.versions import machine, versions

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

"""Studies: from models, recipes, chips and corpora to one report. Importing this loads nothing heavy."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.study.config import Study, load_study
    from reports.study.run import StudyResult, run_study

__all__ = ["Study", "StudyResult", "load_study", "run_study"]

_HOMES = {
    "Study": "reports.study.config",
    "StudyResult": "reports.study.run",
    "load_study": "reports.study.config",
    "run_study": "reports.study.run",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'reports.study' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)

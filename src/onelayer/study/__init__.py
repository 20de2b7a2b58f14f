"""What question is asked: study files, runs and sweeps, and the run folder."""

from onelayer.study.data import StudyData, load_data
from onelayer.study.environment import environment
from onelayer.study.file import read_study_file, resolve, to_toml
from onelayer.study.folder import RunFolder
from onelayer.study.outcome import Outcome, RunOutcome
from onelayer.study.run import Observer, open_study, run_study
from onelayer.study.schema import SECTION_KINDS, Run, Section, Study

__all__ = [
    "SECTION_KINDS",
    "Observer",
    "Outcome",
    "Run",
    "RunFolder",
    "RunOutcome",
    "Section",
    "Study",
    "StudyData",
    "environment",
    "load_data",
    "open_study",
    "read_study_file",
    "resolve",
    "run_study",
    "to_toml",
]

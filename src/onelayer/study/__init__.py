"""What question is asked: study files, runs and sweeps, and the run folder."""

from onelayer.study.built_in import BuiltIn, built_in_studies, read_study_file, template
from onelayer.study.data import StudyData, load_data
from onelayer.study.environment import environment
from onelayer.study.file import resolve, to_toml
from onelayer.study.labels import ORDERS, SCALINGS, shares_in_words
from onelayer.study.memory import outcome_in_memory
from onelayer.study.outcome import Outcome, RunOutcome
from onelayer.study.reader import FINDINGS, PAGE, STUDY, RunFolderReader
from onelayer.study.replicates import Replicates
from onelayer.study.run import Observer, check_study, run_study
from onelayer.study.schema import Run, Study
from onelayer.study.section_choice import SECTION_KINDS, SectionChoice
from onelayer.study.selection import Selected, Selection
from onelayer.study.writer import RunFolderWriter, json_bytes

__all__ = [
    "FINDINGS",
    "ORDERS",
    "PAGE",
    "SCALINGS",
    "SECTION_KINDS",
    "STUDY",
    "BuiltIn",
    "Observer",
    "Outcome",
    "Replicates",
    "Run",
    "RunFolderReader",
    "RunFolderWriter",
    "RunOutcome",
    "SectionChoice",
    "Selected",
    "Selection",
    "Study",
    "StudyData",
    "built_in_studies",
    "check_study",
    "environment",
    "json_bytes",
    "load_data",
    "outcome_in_memory",
    "read_study_file",
    "resolve",
    "run_study",
    "shares_in_words",
    "template",
    "to_toml",
]

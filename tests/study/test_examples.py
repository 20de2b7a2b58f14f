"""The study files among the examples are study files."""

from pathlib import Path

import pytest

from onelayer.study import check_study, load_data, read_study_file, resolve

FILES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_an_example_fits_its_data(path: Path) -> None:
    study = resolve(*read_study_file(str(path)))
    check_study(study, load_data(study))
    assert len(study.runs) >= len(FILES)

"""The colours can be read: contrast on their page, distance for every kind of colour vision."""

from itertools import combinations

import numpy as np
import pytest

from onelayer.report import style

# Full dichromacy in linear RGB. Source: G. Machado, M. Oliveira, L. Fernandes, "A
# Physiologically-based Model for Simulation of Color Vision Deficiency" (2009).
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """The WCAG 2 contrast ratio."""
    luminances = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (luminances[1] + 0.05) / (luminances[0] + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    lms = np.cbrt(
        np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        )
        @ np.clip(rgb, 0, 1)
    )
    lab: np.ndarray = (
        np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        )
        @ lms
    )
    return lab


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_and_texts_stand_out_from_the_page(theme: str) -> None:
    paper = getattr(style.PAPER, theme)
    for colour in style.SERIES:
        assert contrast(getattr(colour, theme), paper) >= 3, colour
    for colour in (style.INK, style.MUTED):
        assert contrast(getattr(colour, theme), paper) >= 4.5, colour


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("vision", VISION)
def test_the_lines_keep_their_distance(theme: str, vision: str) -> None:
    """Distances in OKLab, where 0.02 can just be told apart; four lines are the usual number."""
    seen = [oklab(VISION[vision] @ linear(getattr(colour, theme))) for colour in style.SERIES]
    for (one, a), (other, b) in combinations(enumerate(seen), 2):
        least = 0.1 if max(one, other) < 4 else 0.045
        assert float(np.linalg.norm(a - b)) >= least, (style.SERIES[one], style.SERIES[other])


def test_each_colour_has_one_name_and_one_variable() -> None:
    assert len({colour.light for colour in style.PALETTE}) == len(style.PALETTE)
    assert len({colour.variable for colour in style.PALETTE}) == len(style.PALETTE)
    assert len(style.DASHES) >= len(style.SERIES)


def test_css_variables_of_a_theme() -> None:
    assert f"--fig-ink: {style.INK.dark};" in style.css_variables("dark")
    assert f"--fig-ink: {style.INK.light};" in style.css_variables("light")

"""Make the font of mathematics that pages embed: a part of Latin Modern Math as WOFF2.

Run it with the font's file, from the package lm-math of GUST or Debian's fonts-lmodern; it needs
fonttools and brotli::

    python tools/mathematical_font.py latinmodern-math.otf

The licence of the font asks that a changed one has another name: it is called Onelayer Math. Older
fonts of the name "Latin Modern Math" on a reader's machine are thus never taken in its place.
"""

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

OUT = Path(__file__).parent.parent / "src/onelayer/report/templates/fonts/mathematics.woff2"
NAME = "Onelayer Math"
CHARACTERS = (OUT.parent / "characters.txt").read_text("utf-8").rstrip("\n")


def _prime_of_a_superscript(font: TTFont) -> None:
    """Give the prime the form that it has in a superscript, where it always stands.

    The feature that would take it there has a second form of every letter, too.
    """
    table = font["GSUB"].table
    own = font.getBestCmap()[0x2032]
    lookups = {
        index
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "ssty"
        for index in record.Feature.LookupListIndex
    }
    for index in lookups:
        for sub in table.LookupList.Lookup[index].SubTable:
            alternates = getattr(sub, "alternates", {}) | getattr(sub, "mapping", {})
            if own in alternates:
                form = alternates[own]
                for characters in font["cmap"].tables:
                    if 0x2032 in characters.cmap:
                        characters.cmap[0x2032] = form if isinstance(form, str) else form[0]


def main() -> None:
    """Write the font."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("font", type=Path)
    font = TTFont(parser.parse_args().font, recalcTimestamp=False)
    _prime_of_a_superscript(font)
    options = subset.Options(layout_features=["dtls"], hinting=False, drop_tables=["FFTM"])
    options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
    maker = subset.Subsetter(options)
    maker.populate(unicodes=[ord(c) for c in {*CHARACTERS}])
    maker.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 4):
            record.string = NAME
        if record.nameID == 6:
            record.string = NAME.replace(" ", "")
    if "CFF " in font:
        font["CFF "].cff.fontNames = [NAME.replace(" ", "")]
        top = font["CFF "].cff.topDictIndex[0]
        top.FullName = top.FamilyName = NAME
    font.flavor = "woff2"
    font.save(OUT)
    print(f"{OUT}: {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

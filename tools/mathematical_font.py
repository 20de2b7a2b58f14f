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


def main() -> None:
    """Write the font."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("font", type=Path)
    font = TTFont(parser.parse_args().font, recalcTimestamp=False)
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

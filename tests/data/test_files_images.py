from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onelayer.data.files import read_examples
from onelayer.errors import InputError

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20  # 4x3: width 4, height 3
COLOUR = np.arange(36, dtype=np.uint8).reshape(3, 4, 3) * 7

Draw = Callable[..., Path]


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Save pixels as an image below a folder, and return the folder."""
    folder = tmp_path / "images"

    def save(name: str, pixels: np.ndarray = GREY, **options: object) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, **options)  # type: ignore[arg-type]
        return folder

    return save


def test_grey_images_in_classes(draw: Draw) -> None:
    draw("dog/b.PNG")
    draw("dog/a.png", 255 - GREY)
    folder = draw("10/z.png", GREY // 2)
    (folder / ".hidden").touch()
    (folder / "dog" / "Thumbs.db").touch()
    (folder / "dog" / ".a.txt").touch()
    found = read_examples(folder)
    assert found.names == ("10/z.png", "dog/a.png", "dog/b.PNG")
    assert found.y is not None
    assert found.y.tolist() == ["10", "dog", "dog"]
    assert found.X.dtype == np.uint8
    np.testing.assert_array_equal(found.X, [(GREY // 2).ravel(), 255 - GREY.ravel(), GREY.ravel()])
    assert (found.image_shape, found.channels, found.size) == ((3, 4), 1, None)


def test_one_image_in_colour_makes_all_so(draw: Draw) -> None:
    draw("a/1.png")
    folder = draw("b/2.png", COLOUR)
    found = read_examples(folder)
    assert found.channels == 3
    assert found.image_shape == (3, 4)
    np.testing.assert_array_equal(found.X[0], np.repeat(GREY.ravel(), 3))
    np.testing.assert_array_equal(found.X[1], COLOUR.ravel())


def test_a_model_of_grey_images_sees_colour_as_grey(draw: Draw, tmp_path: Path) -> None:
    trained = read_examples(draw("a/1.png"))
    (tmp_path / "new").mkdir()
    Image.fromarray(COLOUR).save(tmp_path / "new" / "x.png")
    found = read_examples(tmp_path / "new", need_labels=False, **trained.reading())
    luma = COLOUR.astype(int) @ [299, 587, 114] / 1000  # ITU-R 601-2
    assert found.X.shape == (1, 12)
    np.testing.assert_allclose(found.X[0], luma.ravel(), atol=1)
    colour = read_examples(draw("a/1.png"), channels=3)
    assert colour.X.shape == (1, 36)


def test_jpeg_in_any_case(draw: Draw) -> None:
    flat = np.full((8, 8), 100, np.uint8)
    for name in ("a/1.jpg", "a/2.JPEG", "b/3.Jpg"):
        folder = draw(name, flat, quality=100)
    found = read_examples(folder)
    np.testing.assert_allclose(found.X, np.full((3, 64), 100), atol=2)


def test_jpeg_is_turned_as_its_orientation_says(draw: Draw) -> None:
    wide = np.zeros((8, 16), np.uint8)
    wide[:, 8:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to the right to see it upright
    found = read_examples(draw("a/1.jpg", wide, exif=exif, quality=100))
    assert found.image_shape == (16, 8)
    np.testing.assert_allclose(found.X.reshape(16, 8), wide.T, atol=3)


def test_size_is_width_by_height(draw: Draw) -> None:
    draw("a/1.png")
    folder = draw("b/2.png", np.repeat(np.repeat(GREY, 2, axis=0), 2, axis=1))
    found = read_examples(folder, size="2x5")
    assert (found.image_shape, found.size) == ((5, 2), "2x5")
    assert found.X.shape == (2, 10)
    again = read_examples(folder, **found.reading())
    np.testing.assert_array_equal(again.X, found.X)
    halved = read_examples(draw("b/2.png", np.full((6, 8), 9, np.uint8)), size="4x3")
    np.testing.assert_array_equal(halved.X, [GREY.ravel(), np.full(12, 9)])


def test_resizing_smooths(draw: Draw) -> None:
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    found = read_examples(draw("a/1.png", board.astype(np.uint8)), size="4x4")
    np.testing.assert_allclose(found.X, np.full((1, 16), 127.5), atol=3)


def test_flat_folder_for_prediction(draw: Draw) -> None:
    draw("b.png")
    folder = draw("a.jpeg", GREY)
    found = read_examples(folder, need_labels=False)
    assert (found.names, found.y) == (("a.jpeg", "b.png"), None)
    with pytest.raises(InputError, match=r"without subfolders.*make a subfolder for each class"):
        read_examples(folder)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_modes(mode: str, tmp_path: Path) -> None:
    ending = "jpg" if mode == "CMYK" else "png"
    Image.new("L", (8, 8), 255).convert(mode).save(tmp_path / f"x.{ending}")
    found = read_examples(tmp_path, need_labels=False)
    assert found.channels == (1 if mode in ("1", "L", "LA") else 3)
    assert (found.X == 255).all()


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_transparent_pixels_are_refused(mode: str, tmp_path: Path) -> None:
    if mode == "P":
        Image.new("P", (4, 4)).save(tmp_path / "x.png", transparency=0)
    else:
        Image.new(mode, (4, 4)).save(tmp_path / "x.png")  # all values 0, so is alpha
    with pytest.raises(InputError, match=r"x\.png: has transparent pixels"):
        read_examples(tmp_path, need_labels=False)


def test_sixteen_bits_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 4000, np.uint16)).save(tmp_path / "x.png")
    with pytest.raises(InputError, match=r"x\.png: has 16 bits a pixel"):
        read_examples(tmp_path, need_labels=False)


def test_images_of_two_sizes(draw: Draw) -> None:
    draw("a/1.png")
    draw("a/2.png")
    folder = draw("b/3.png", GREY[:, :2])
    with pytest.raises(InputError, match=rf"^{folder}/b/3.png: is 2x3 .*1\.png is 4x3.*size"):
        read_examples(folder)
    with pytest.raises(InputError, match=r"1\.png: is 4x3 .*the model's images are 3x4.*size"):
        read_examples(folder, image_shape=(4, 3))


@pytest.mark.parametrize("size", ["28", "0x5", "5x0", "28X28", "-1x4", "4x4x4", "", 28, "999999x1"])
def test_impossible_size(size: str, draw: Draw) -> None:
    with pytest.raises(InputError, match=f"^size: {size!r} is no size; give WIDTHxHEIGHT"):
        read_examples(draw("a/1.png"), size=size)


def test_another_size_than_the_models(draw: Draw) -> None:
    with pytest.raises(InputError, match="size: 9x9 is not the model's 4x3"):
        read_examples(draw("a/1.png"), size="9x9", image_shape=(3, 4))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "no PNG or JPEG"), (b"<html>", "no PNG or JPEG"), (b"GIF89a", "no PNG or JPEG")],
)
def test_file_that_is_no_image(content: bytes, message: str, draw: Draw) -> None:
    folder = draw("a/1.png")
    (folder / "a" / "2.png").write_bytes(content)
    with pytest.raises(InputError, match=f"^{folder}/a/2.png: is {message}"):
        read_examples(folder)


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_damaged_image(ending: str, draw: Draw) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8)
    path = draw(f"a/1.{ending}", noise) / "a" / f"1.{ending}"
    data = path.read_bytes()
    for length in range(20, len(data) - 20, 40):
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match=f"^{path}: (cannot be decoded|is no PNG or JPEG)"):
            read_examples(path.parent.parent)


def test_flipped_bits_give_pixels_or_an_input_error(draw: Draw) -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (16, 16), dtype=np.uint8)
    for ending in ("png", "jpg"):
        path = draw(f"{ending}/1.{ending}", noise) / ending / f"1.{ending}"
        data = path.read_bytes()
        for _ in range(150):
            damaged = bytearray(data)
            for place in rng.integers(0, len(data), 3):
                damaged[place] ^= 1 << rng.integers(8)
            path.write_bytes(damaged)
            with suppress(InputError):
                assert read_examples(path.parent, need_labels=False).n_examples == 1


def test_image_too_large_to_decode(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = draw("a/1.png")
    for limit in (10, 2):  # Pillow warns, and raises
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(InputError, match=r"1\.png: has too many pixels"):
            read_examples(folder)


def test_other_files_and_folders(draw: Draw) -> None:
    folder = draw("a/1.png")
    (folder / "a" / "notes.txt").touch()
    with pytest.raises(InputError, match=r"/a: 1 files are no images: 'notes.txt'"):
        read_examples(folder)
    (folder / "a" / "notes.txt").unlink()
    (folder / "README").touch()
    with pytest.raises(InputError, match="beside them the files 'README'"):
        read_examples(folder)
    (folder / "README").unlink()
    (folder / "b").mkdir()
    with pytest.raises(InputError, match=r"/b: the folder is empty"):
        read_examples(folder)
    (folder / "b" / "c").mkdir()
    with pytest.raises(InputError, match=r"/b: holds the folders 'c'"):
        read_examples(folder)


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"^{tmp_path}: the folder is empty"):
        read_examples(tmp_path)


def test_labels_and_drop_do_not_fit(draw: Draw) -> None:
    folder = draw("a/1.png")
    with pytest.raises(InputError, match="comes with its labels; leave labels out"):
        read_examples(folder, labels="y.npy")
    with pytest.raises(InputError, match="no named columns"):
        read_examples(folder, drop=["a"])

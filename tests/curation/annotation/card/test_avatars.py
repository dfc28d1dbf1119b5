"""Our own copies of pictures: small, without metadata, the same picture found again, nothing
dangerous opened.
"""

import base64
import io
import struct
import zlib

import imagehash
import pytest
from PIL import Image, ImageDraw

from botbench.core.errors import UserError
from curation.annotation.card import avatars
from curation.annotation.card.card import cards
from curation.annotation.scheme.scheme import Scheme


def drawing(side=200, colour="navy"):
    picture = Image.new("RGB", (side, side), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((side * 0.2, side * 0.1, side * 0.6, side * 0.7), fill=colour)
    pen.rectangle((side * 0.5, side * 0.6, side, side), fill="orange")
    return picture


def saved(picture, kind="PNG", **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "pictures"
    made.mkdir()
    return made


def test_a_copy_is_small_and_carries_nothing_but_the_picture():
    exif = Image.Exif()
    exif[0x010E] = "taken at home by somebody"
    exif[0x8825] = {1: "N", 2: (51.0, 30.0, 0.0)}
    content = saved(drawing(800), "JPEG", exif=exif, comment=b"a secret", icc_profile=b"\0" * 200)
    assert b"taken at home" in content and b"a secret" in content
    picture, phash, width, height = avatars.small_copy(content)
    copy = base64.b64decode(picture)
    assert (width, height, len(copy) < 4000) == (800, 800, True)
    assert b"taken at home" not in copy and b"a secret" not in copy
    opened = Image.open(io.BytesIO(copy))
    assert (opened.format, opened.size, len(opened.getexif()), "icc_profile" in opened.info) == (
        "WEBP",
        (96, 96),
        0,
        False,
    )
    assert phash == str(imagehash.phash(Image.open(io.BytesIO(content)))) and len(phash) == 16


def test_a_picture_is_turned_as_its_file_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    picture, _, _, _ = avatars.small_copy(saved(drawing().resize((200, 100)), "JPEG", exif=exif))
    assert Image.open(io.BytesIO(base64.b64decode(picture))).size == (48, 96)


def test_the_same_picture_smaller_and_in_another_format_has_nearly_the_same_hash():
    one, two = (
        avatars.small_copy(c)[1]
        for c in (saved(drawing(400)), saved(drawing(400).resize((120, 120)), "JPEG", quality=60))
    )
    other = avatars.small_copy(saved(drawing().rotate(180)))[1]
    apart = lambda a, b: bin(int(a, 16) ^ int(b, 16)).count("1")  # noqa: E731
    assert apart(one, two) <= 3 < apart(one, other)


def bomb():
    """A PNG of 60,000 x 60,000 pixels in a few bytes."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is no picture that can be read"),
        (b"<svg onload=alert(1)>", "it is no picture that can be read"),
        (saved(drawing())[:300], "it cannot be read"),
        (bomb(), "it "),
    ],
)
def test_what_is_no_picture_is_refused(content, told):
    with pytest.raises(ValueError, match=told):
        avatars.small_copy(content)


def test_a_folder_is_taken_once_and_what_cannot_be_taken_is_said(make, folder):
    make.accounts({"account_id": "1"}, {"account_id": "2"}, {"account_id": "3"})
    for name, content in (
        ("1.png", saved(drawing())),
        ("2.JPG", b"nonsense"),
        ("stranger.png", saved(drawing())),
    ):
        (folder / name).write_bytes(content)
    kept = avatars.import_pictures(make.store, make.dataset, folder)
    assert (kept.added, kept.existing, kept.unknown, [r["file"] for r in kept.refused]) == (
        1,
        0,
        ["stranger.png"],
        ["2.JPG"],
    )
    again = avatars.import_pictures(make.store, make.dataset, folder)
    assert (again.added, again.existing, again.version) == (0, 1, None)


def test_the_card_shows_our_copy_and_finds_it_on_others(make, folder):
    make.accounts(
        *(
            {"account_id": n, "handle": name}
            for n, name in (("1", "one"), ("2", "two"), ("3", "three"))
        )
    )
    before = make.store.head()
    (folder / "1.png").write_bytes(saved(drawing(400)))
    (folder / "2.jpg").write_bytes(saved(drawing(100), "JPEG"))
    avatars.import_pictures(make.store, make.dataset, folder)
    ids = make.store.arrow("SELECT DISTINCT account_id FROM lake.main.accounts")
    first, second, third = cards(make.store, Scheme.load(), make.dataset, ids)
    assert (
        '<span class="ac-av ac-media" style="background-image:url(data:image/webp;base64,'
        in first.html
    )
    assert (
        '@<bdi dir="auto">two</bdi>' in first.html and '@<bdi dir="auto">one</bdi>' in second.html
    )
    assert (
        "style=" not in third.html
        and "picture not kept" in third.html
        and "its picture is not known" in third.html
    )
    assert all(
        "style=" not in c.html for c in cards(make.store, Scheme.load(), make.dataset, ids, before)
    )


def test_wrong_folders(make, folder):
    with pytest.raises(UserError, match="is no folder"):
        avatars.import_pictures(make.store, make.dataset, folder / "none")
    with pytest.raises(UserError, match="holds no picture"):
        avatars.import_pictures(make.store, make.dataset, folder)
    (folder / "1.png").write_bytes(saved(drawing()))
    with pytest.raises(UserError, match="There are no accounts of nowhere"):
        avatars.import_pictures(make.store, "nowhere", folder)

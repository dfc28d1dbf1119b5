"""Pictures are fetched once, from public addresses, with limits; a server on loopback is named."""

import io

import pytest
from PIL import Image

from curation.annotation.card.fetched_avatars import fetch_pictures
from curation.ingest.live import pictures
from curation.store.schema import rows

from .servers import Server


def picture(colour, exif=b""):
    out = io.BytesIO()
    Image.new("RGB", (120, 80), colour).save(out, "JPEG", exif=exif)
    return out.getvalue()


class Pictures(Server):
    """`pages` maps paths to (status, body, headers)."""

    def __init__(self):
        super().__init__()
        self.pages = {}

    def answer(self, path, query):
        return self.pages.get(path, (404, {}, {}))


@pytest.fixture
def server():
    made = Pictures()
    yield made
    made.close()


JPEG = {"Content-Type": "image/jpeg"}


def named(server):
    return server.url.removeprefix("http://")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:9", "localhost:9", "10.0.0.1", "169.254.169.254", "[::1]:9", "0.0.0.0:9",
     "[::ffff:127.0.0.1]:9", "2130706433:9", "192.168.1.1", "100.64.0.1"],
)  # fmt: skip
def test_private_addresses_are_not_asked(host):
    with pytest.raises(pictures.NoPicture, match=r"private address|not known"):
        pictures.fetch(f"http://{host}/a.png")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/a", "http:///a", "http://a:x/"]
)
def test_other_addresses_are_not_asked(url):
    with pytest.raises(pictures.NoPicture):
        pictures.fetch(url)


def test_a_redirect_to_a_private_address_is_not_followed(server):
    server.pages["/a"] = (302, {}, {"Location": "http://127.0.0.1:9/secret"})
    server.pages["/b"] = (302, {}, {"Location": "http://169.254.169.254/latest"})
    server.pages["/c"] = (302, {}, {"Location": "/ok"})
    server.pages["/d"] = (302, {}, {"Location": "/d"})
    server.pages["/ok"] = (200, picture("red"), JPEG)
    for path in ("/a", "/b"):
        with pytest.raises(pictures.NoPicture, match="private address"):
            pictures.fetch(server.url + path, named(server))
    assert pictures.fetch(server.url + "/c", named(server))[1] == ".jpg"
    with pytest.raises(pictures.NoPicture, match="redirects too often"):
        pictures.fetch(server.url + "/d", named(server))


def test_size_and_type_have_limits(server, monkeypatch):
    monkeypatch.setattr(pictures, "LARGEST", 100)
    server.pages["/large"] = (200, picture("red"), JPEG)
    server.pages["/page"] = (200, b"<html>", {"Content-Type": "text/html"})
    server.pages["/svg"] = (200, b"<svg/>", {"Content-Type": "image/svg+xml"})
    for path, why in (
        ("/large", "over 100 bytes"),
        ("/page", "text/html"),
        ("/svg", "svg"),
        ("/no", "404"),
    ):
        with pytest.raises(pictures.NoPicture, match=why):
            pictures.fetch(server.url + path, named(server))


def test_once_without_metadata_and_with_a_perceptual_hash(store, server):
    """Two accounts have pictures that look alike; a third names what is no picture."""
    secret = Image.Exif()
    secret[0x010E] = "made at a secret place"
    server.pages["/1.jpg"] = (200, picture("red", secret.tobytes()), JPEG)
    server.pages["/2.jpg"] = (200, picture("red"), JPEG)
    server.pages["/3.jpg"] = (200, b"no picture", JPEG)
    store.append(
        {"accounts": rows("accounts", [
            {"dataset": "d", "account_id": f"did:plc:{n}", "platform": "bluesky",
             "extra": {"avatar": f"{server.url}/{n}.jpg"}, "default_avatar": None}
            for n in (1, 2, 3)
        ])}, None, "made",
    )  # fmt: skip
    done = fetch_pictures(store, "d", server.url, lambda *_: None)
    assert (done.added, [r["file"] for r in done.refused]) == (2, ["did:plc:3.jpg"])
    kept = store.connection.execute(
        "SELECT account_id, phash, picture FROM lake.main.avatars ORDER BY 1"
    ).fetchall()
    assert [k[0] for k in kept] == ["did:plc:1", "did:plc:2"] and kept[0][1] == kept[1][1]
    asked = len(server.asked)
    fetch_pictures(store, "d", server.url, lambda *_: None)
    assert [p for p, *_ in server.asked[asked:]] == ["/3.jpg"], "the two are not fetched again"
    assert not any(p.is_file() for p in (store.home / "tmp").rglob("*"))

"""Zips: whatever they hold or claim, they become submissions with safe names, within bounds."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.batch import collect as module
from autograder.batch.collect import collect, read_notebook

TOPIC = "01_regression"
NOTEBOOK = b'{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"code","source":"x"}]}'


def zipped(members, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("zips") / "x.zip"


def check(file, content):
    file.write_bytes(content)
    found = collect([file])
    names = [submission.name for submission in found]
    assert names
    assert len({name.casefold() for name in names}) == len(names)
    for submission in found:
        assert len(f".{submission.name}.html.part".encode()) < 255
        assert Path(submission.name).name == submission.name
        assert not set(submission.name) & set("/\\\0\n;|`<>'\"")
        (submission.reason or "").encode()
        read_notebook(submission, TOPIC)
    return found


parts = st.text(st.characters(), max_size=12) | st.sampled_from(
    [
        "..",
        ".",
        "",
        "/",
        "submission_1",
        "__MACOSX",
        "a_1_2_b",
        TOPIC,
        "C:\\x",
        "\U00020000" * 200,
        "CON",
        "a\nb",
        "=1",
    ]
)
names = st.lists(parts, min_size=1, max_size=4).map("/".join)
members = st.tuples(
    st.builds("{}{}".format, names, st.sampled_from([".ipynb", ".zip", ".IPYNB", ".txt", "/"])).filter(
        lambda name: not any(0xD800 <= ord(c) < 0xE000 for c in name) and len(name.encode()) < 60_000
    ),
    st.sampled_from([NOTEBOOK, b"", b"\0" * 5000]) | st.binary(max_size=50),
)
archives = st.recursive(
    st.lists(members, max_size=4).map(zipped),
    lambda inner: st.lists(members | st.tuples(st.sampled_from(["a.zip", "b/c.zip"]), inner), max_size=3).map(
        zipped
    ),
    max_leaves=4,
)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@given(archives)
def test_any_zip_becomes_submissions(bounded, file, content):
    with bounded(2, 20):
        check(file, content)


@given(st.binary(max_size=300), st.data())
@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_damaged_zip_becomes_submissions(bounded, file, method, noise, data):
    content = bytearray(zipped([("a/x.ipynb", NOTEBOOK), ("b.zip", zipped([("c.ipynb", noise)]))], method))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 4))
        piece = data.draw(
            st.binary(min_size=1, max_size=4) | st.sampled_from([b"\xff" * 4, b"\0" * 4, b"PK\1\2"])
        )
        content[place : place + len(piece)] = piece
    del content[data.draw(st.integers(len(content) // 2, 2 * len(content))) :]
    with bounded(2, 20):
        check(file, bytes(content))


def test_many_files_made_of_the_same_bytes_are_not_all_unpacked(bounded, file):
    """Members that overlap: each is a 40 MiB file, and there are 200 of them in 100 kB."""
    content = bytearray(zipped([("a.ipynb", b"\0" * (40 << 20))]))
    directory = content.rindex(b"PK\1\2")
    end = content.rindex(b"PK\5\6")
    entry, tail = bytes(content[directory:end]), bytearray(content[end:])
    entries = b"".join(
        entry.replace(b"a.ipynb", b"%07d" % i).replace(b"%07d" % i, b"%c.ipynb" % (97 + i % 26))
        for i in range(200)
    )
    struct.pack_into("<HHI", tail, 8, 200, 200, len(entries))
    with bounded(20, 250):
        found = check(file, bytes(content[:directory]) + entries + bytes(tail))
    assert sum(len(submission.content) for submission in found) <= 2 * module.MAX_FILE
    assert any("far more than its own size" in (submission.reason or "") for submission in found)


def test_a_zip_of_zips_unpacks_to_no_more_than_one(bounded, file):
    inner = zipped([(f"{i}.ipynb", b"\0" * (10 << 20)) for i in range(3)])
    with bounded(20, 250):
        found = check(file, zipped([(f"{i}.zip", inner) for i in range(20)]))
    assert sum(len(submission.content) for submission in found) <= 2 * module.MAX_FILE

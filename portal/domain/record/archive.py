"""The archive of a bundle: the same files always give the same bytes, however large they are."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO

from portal.domain.canonical import canonical_json

Files = Mapping[str, bytes]


class BundleWrong(Exception):
    """A bundle does not hold; the message names the first thing that differs."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is too large to hold, kept aside: its size in bytes and its SHA-256."""

    file: IO[bytes]
    size: int
    sha256: str


def keep(parts: Iterable[bytes], file: IO[bytes]) -> Kept:
    """Write the parts of a file aside, one after another."""
    digest, size = hashlib.sha256(), 0
    for part in parts:
        digest.update(part)
        size += file.write(part)
    return Kept(file, size, digest.hexdigest())


def write_archive(files: Mapping[str, bytes | Kept], into: IO[bytes]) -> None:
    """Write the archive of some files into one that can be rewound."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            content = files[name]
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = 0o644 << 16
            if isinstance(content, bytes):
                archive.writestr(info, content)
                continue
            info.file_size = content.size
            content.file.seek(0)
            with archive.open(info, "w") as member:
                shutil.copyfileobj(content.file, member)


def read_archive(data: bytes) -> dict[str, bytes]:
    """The files of an archive; refuses one of which any byte is not as it was written."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except Exception as error:
        raise BundleWrong(f"the archive cannot be read: {error}") from error
    again = io.BytesIO()
    write_archive(files, again)
    written = again.getbuffer()
    if written != data:
        pairs = enumerate(zip(written, data, strict=False))
        at = next((at for at, (one, other) in pairs if one != other), len(written))
        raise BundleWrong(f"the archive itself differs at byte {at}, outside of its files")
    return files


def write_manifest(files: Mapping[str, bytes | Kept]) -> bytes:
    """The SHA-256 of every file."""
    hashes = {
        name: hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else content.sha256
        for name, content in files.items()
    }
    return canonical_json({"v": 1, "files": hashes})

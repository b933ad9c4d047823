"""Check this bundle with nothing but Python's standard library: python3 verify.py.

    python3 verify.py                    the folder in which this file lies
    python3 verify.py vote.zip           an archive, or another folder
    python3 verify.py --key KEY [...]    trust this key alone, as the portal publishes it

Everything is recomputed: weights, caps and power from the frozen tiers, the ballots from their
commitments, the outcome from the ballots, the root from the log, the signature from the key.
The first thing that differs is named, and the exit status is 1.
"""

import argparse
import hashlib
import json
import sys
import zipfile
from pathlib import Path

MANIFEST = "manifest.json"
PROGRAM = ("verify.py", "portal/")


def read_files(place: Path) -> dict[str, bytes]:
    """The files of a folder or an archive, as they are named in the manifest."""
    if place.is_dir():
        names = [MANIFEST, *json.loads((place / MANIFEST).read_bytes())["files"]]
        return {name: (place / name).read_bytes() for name in names if (place / name).is_file()}
    with zipfile.ZipFile(place) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def check_program(files: dict[str, bytes]) -> None:
    """Do not run a program of which a byte is not as it was written."""
    named = json.loads(files[MANIFEST])["files"]
    for name, expected in named.items():
        if name.startswith(PROGRAM):
            found = files.get(name)
            if found is None:
                raise SystemExit(f"WRONG: {name} is missing.")
            if hashlib.sha256(found).hexdigest() != expected:
                raise SystemExit(f"WRONG: {name} is not the file that {MANIFEST} names.")


def main() -> None:
    """Check, say what holds, or name what differs."""
    parser = argparse.ArgumentParser(description="Check a bundle of a vote.")
    parser.add_argument("bundle", nargs="?", default=str(Path(__file__).resolve().parent))
    parser.add_argument("--key", action="append", default=[], help="a trusted key, name+id+key")
    asked = parser.parse_args()
    place = Path(asked.bundle)
    sys.dont_write_bytecode = True
    try:
        files = read_files(place)
        check_program(files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise SystemExit(f"WRONG: the bundle cannot be read: {error}.") from error
    sys.path.insert(0, str(place))

    from portal.domain.record.archive import BundleWrong, read_archive
    from portal.domain.record.bundle import check_bundle
    from portal.domain.record.notes import NoteWrong, read_verifier_key

    try:
        if place.is_file():
            files = read_archive(place.read_bytes())
        held = check_bundle(files, [read_verifier_key(key) for key in asked.key])
    except (BundleWrong, NoteWrong) as error:
        raise SystemExit(f"WRONG: {error}.") from error
    print("\n".join(f"holds: {sentence}" for sentence in held))
    if not asked.key:
        print("Compare the key with the one that the portal publishes:")
        print(files["key.txt"].decode().strip())


if __name__ == "__main__":
    main()

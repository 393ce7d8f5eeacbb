"""Runs one target under atheris: `python -m fuzz.engine NAME FOLDER [libFuzzer's options]`.

The one file here that needs the fuzzer. workshop/fuzzing.py starts it, in a process of its own for each
target, and reads what libFuzzer prints.
"""

import sys
from pathlib import Path

import atheris

from fuzz.registry import CORPUS, INPUT_BYTES_MAX, Target, load


def main() -> None:
    _, name, folder, *options = sys.argv
    working = Path(folder)
    sys.modules.pop("ipaddress", None)  # its reader of addresses is half of a target: load it anew, watched
    with atheris.instrument_imports(include=["satchel", "fuzz.targets", "fuzz.talk", "ipaddress"]):
        target = load(name)

    def run(data: bytes) -> None:  # libFuzzer takes what a callback returns for a verdict
        target.check(data)

    seeds, found, kept = write_seeds(target, working / "seeds"), working / "found", CORPUS / name
    for needed in (working / "corpus", found):
        needed.mkdir(parents=True, exist_ok=True)
    # The first folder is where new inputs go. What was found before is tried again until it is mended.
    inputs = [working / "corpus", seeds, found, *([kept] if kept.is_dir() else [])]
    limits = [f"-max_len={INPUT_BYTES_MAX}", f"-artifact_prefix={found}/"]
    atheris.Setup([sys.argv[0], *limits, *options, *map(str, inputs)], run)
    atheris.Fuzz()


def write_seeds(target: Target, folder: Path) -> Path:
    """Anew each time, since the vectors may have changed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for place, seed in enumerate(target.seeds()):
        if len(seed) <= INPUT_BYTES_MAX:
            (folder / f"{place:03}").write_bytes(seed)
    return folder


if __name__ == "__main__":
    main()

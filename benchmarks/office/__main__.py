"""``python -m benchmarks.office FOLDER``: a folder of documents in every format, with ``labels.xlsx`` in it."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.office.folder import make_folder

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a folder of office documents with known text.")
    parser.add_argument("folder", type=Path, help="a new folder")
    parser.add_argument("--documents", type=int, default=24)
    parser.add_argument("--pictures", type=int, default=4, help="how many of them are scans and pictures")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    made = make_folder(given.folder, documents=given.documents, seed=given.seed, pictures=given.pictures)
    print(f"{made.root}: {len(made.known)} documents and labels.xlsx")

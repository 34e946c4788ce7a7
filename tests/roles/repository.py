"""A small git repository that a test builds itself: a bug and its fix, clean commits, a rename, a flaky test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PYPROJECT = """[project]
name = "shop"
version = "1.0"
dependencies = []

[dependency-groups]
tests = ["pytest"]
"""

PRICES_1 = '''"""Prices."""


def total(prices):
    """The sum of all prices."""
    result = 0
    for price in prices:
        result += price
    return result
'''

# The bug: the last price is left out where there are more than three.
PRICES_2 = '''"""Prices."""


def total(prices):
    """The sum of all prices."""
    result = 0
    for price in prices[:3]:
        result += price
    return result


def cheapest(prices):
    """The lowest price."""
    return min(prices)
'''

PRICES_3 = PRICES_2.replace("prices[:3]", "prices")

TESTS_1 = """from shop.prices import total


def test_total():
    assert total([1, 2]) == 3
"""

TESTS_2 = """from shop.prices import cheapest, total


def test_total():
    assert total([1, 2]) == 3


def test_cheapest():
    assert cheapest([3, 1, 2]) == 1
"""

TESTS_3 = (
    TESTS_2
    + """

def test_total_of_many():
    assert total([1, 2, 3, 4]) == 10


def test_total_of_more():
    assert total([5, 5, 5, 5, 5]) == 25
"""
)

STOCK_TESTS = """from shop.stock import left


def test_left():
    assert left(3, 1) == 2
"""

SALE = '''"""Sales."""


def half(price):
    """Half the price."""
    return price / 2
'''

FLAKY = """import os

from shop.sale import half


def test_half():
    assert half(4) == 2


def test_sometimes():
    assert half(4) == 2
    assert os.urandom(1)[0] % 2
"""

BEFORE_FLAKY = "2026-03-08T00:00:00Z"

STOCK = '''"""Stock."""


def left(had, sold):
    """How many are left."""
    return had - sold
'''


def build_repository(folder: Path) -> Path:
    """The repository in ``folder``; every commit has its own day in 2026."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    commit_files(
        folder, 1, "First version", {"pyproject.toml": PYPROJECT, "shop/__init__.py": "", "README.md": "# Shop\n"}
    )
    commit_files(folder, 2, "Add total", {"shop/prices.py": PRICES_1, "tests/test_prices.py": TESTS_1})
    commit_files(folder, 3, "Add cheapest", {"shop/prices.py": PRICES_2, "tests/test_prices.py": TESTS_2})
    commit_files(folder, 4, "Describe the shop", {"README.md": "# Shop\n\nIt sells.\n"})
    fixed = {"shop/prices.py": PRICES_3, "tests/test_prices.py": TESTS_3}
    commit_files(folder, 5, "Fix total of more than three prices", fixed)
    commit_files(folder, 6, "Add the stock", {"shop/stock.py": STOCK, "tests/test_stock.py": STOCK_TESTS})
    git(folder, "mv", "shop/stock.py", "shop/store.py")
    moved = STOCK_TESTS.replace("shop.stock", "shop.store")
    commit_files(folder, 7, "Rename stock to store", {"tests/test_stock.py": moved})
    commit_files(folder, 8, "Add a sale", {"shop/sale.py": SALE, "tests/test_sale.py": FLAKY})
    return folder


def git(folder: Path, *words: str, day: int = 1) -> str:
    date = f"2026-03-{day:02}T12:00:00+0000"
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    env |= {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "A Tester", f"GIT_{who}_EMAIL": "tester@shop.test"}
    done = subprocess.run(["git", *words], cwd=folder, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit_files(folder: Path, day: int, message: str, files: dict[str, str]) -> None:
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message, day=day)

"""Every page of the documentation runs, and prints what it says it prints."""

from pathlib import Path

import pytest

from tests.pages import read_page, run_page

PAGES = Path(__file__).parents[2] / "docs" / "pages"


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.md")), ids=lambda path: path.stem)
def test_the_page_runs_and_prints_what_it_says(path: Path, tmp_path: Path) -> None:
    page = read_page(path)
    for name, text in page.files.items():
        compile(text, name, "exec")
    assert run_page(page, tmp_path) == page.prints

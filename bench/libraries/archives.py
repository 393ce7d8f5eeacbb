"""ZIM archives, for those who serve them too."""

from pathlib import Path

from libzim.writer import Creator, FileProvider, Hint, Item, StringProvider

from books.corpus import texts
from workshop.corpus import bring


class _Entry(Item):  # type: ignore[misc]  # libzim has no types
    def __init__(self, path: str, title: str, content: str | Path) -> None:
        super().__init__()
        self._path, self._title, self._content = path, title, content

    def get_path(self) -> str:
        return self._path

    def get_title(self) -> str:
        return self._title

    def get_mimetype(self) -> str:
        return "application/octet-stream" if isinstance(self._content, Path) else "text/html"

    def get_contentprovider(self) -> FileProvider | StringProvider:
        if isinstance(self._content, Path):
            return FileProvider(self._content)
        return StringProvider(self._content)

    def get_hints(self) -> dict[Hint, bool]:
        is_page = isinstance(self._content, str)
        return {Hint.FRONT_ARTICLE: is_page, Hint.COMPRESS: is_page}


def write_archives(folder: Path, count: int, *, film: Path | None = None) -> None:
    """Each of another text; `film` goes into the first, as it is. Raises Stopped: there are no texts."""
    bring()
    folder.mkdir(parents=True)
    for number, text in zip(range(count), texts(), strict=False):
        with Creator(folder / f"archive-{number}.zim").config_indexing(True, "eng") as creator:
            creator.set_mainpath("0")
            for place, (title, lines) in enumerate(text.chapters):
                body = "".join(f"<p>{line}</p>" for line in lines)
                page = f"<html><body><h1>{title}</h1>{body}</body></html>"
                creator.add_item(_Entry(str(place), title, page))
            if film is not None and not number:
                creator.add_item(_Entry("film.bin", "film", film))
            said = {"Title": text.title, "Language": "eng", "Name": f"archive-{number}", "Date": "2026-01-01"}
            for name, value in {**said, "Description": "A text", "Creator": "?", "Publisher": "?"}.items():
                creator.add_metadata(name, value)

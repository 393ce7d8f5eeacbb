"""A page as a browser reads it."""

import re
from html.parser import HTMLParser


class Seen(HTMLParser):
    """What a browser makes of a page: its elements, what its attributes say, its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str, str]] = []  # element, attribute, what it says
        self.texts: list[str] = []
        self._is_typed = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_typed = tag == "textarea"
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(tag, name, said or "") for name, said in attrs]

    def handle_endtag(self, tag: str) -> None:
        self._is_typed = False
        self.elements.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        if self._is_typed:  # in a field, as what other fields say in an attribute
            self.attributes.append(("textarea", "value", data))
        else:
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.elements.append(("!--", ()))

    @property
    def text(self) -> str:
        """All that can be read, with single spaces."""
        said = [said for _, name, said in self.attributes if name not in ("href", "action", "src", "value")]
        return re.sub(r"[ \n]+", " ", " ".join(["".join(self.texts), *said]))

    def said_of(self, tag: str, name: str) -> str:
        """The attribute of the first such element."""
        return next(
            said for element, attribute, said in self.attributes if (element, attribute) == (tag, name)
        )

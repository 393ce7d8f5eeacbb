"""A page of the owner in one state, filled with made-up fields."""

from dataclasses import dataclass, field
from typing import Any

from satchel.web.owner.rendering import render

BASE = "/0123456789abcdef"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What others have written. Of each kind the same number of pieces stands on a page whatever they say."""

    name: str = "Amina"
    path: str = "school/map.pdf"
    text: str = "Until tomorrow."


@dataclass(frozen=True, slots=True)
class Page:
    """A template with all that it asks for."""

    template: str
    state: str
    fields: dict[str, Any] = field(default_factory=dict)

    def shown(self, code: str) -> str:
        return render(self.template, code=code, base=BASE, **self.fields)

    def __str__(self) -> str:
        return f"{self.template.removesuffix('.html')}: {self.state}"

"""Pages out of templates: everything that is put in is text, whoever wrote it (G)."""

from functools import cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from satchel.web.owner import speech
from satchel.web.owner.telling import tell


@cache
def environment(code: str, package: str = "satchel.web.owner") -> Environment:
    """Of the templates of that package, in the language `code`."""
    spoken = speech.language(code)
    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.install_gettext_translations(spoken.catalogue, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        language=spoken,
        languages=speech.NAMES,
        tag=speech.tag,
        size=spoken.size,
        number=spoken.number,
        moment=spoken.moment,
        name=speech.name,
        path=speech.path,
        text=speech.text,
        isolated=speech.isolated,
        joined=speech.joined,
        book_text=speech.book_text,
        plain=speech.shown_text,
        tell=partial(tell, code),
        plain_name=speech.plain_name,
        problem=None,
    )
    return made


def render(
    template: str,
    *,
    code: str,
    base: str,
    here: str = "",
    live: str = "live.js",
    asks: int = 0,
    renews: bool = True,
    **fields: Any,
) -> str:
    """A whole page.

    Args:
        here: which entry of the navigation it belongs to.
        live: the worker that its window shares: those of one name share one stream.
        asks: how many questions wait for the person's word.
        renews: whether its address can be asked for again.
    """
    return (
        environment(code)
        .get_template(template)
        .render(base=base, here=here, live=live, asks=asks, renews=renews, **fields)
    )

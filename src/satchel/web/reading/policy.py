"""What each answer allows a browser to do with it: as little as its kind can do with (B1).

Scripts come from our own files and from those of other projects, by their paths; what a book has of them
never runs (docs/decisions/0247-no-script-of-a-book-runs.md). Nothing that a book names is fetched from
anywhere but below its own path. Spec: docs/spec/reading.md, 3.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

# foliate-js asks for it by this name alone; browsers that can show a book have what it would add.
IMPORT_MAP = '{"imports":{"construct-style-sheets-polyfill":"./static/nothing.js"}}'
_MAP = f"'sha256-{base64.b64encode(sha256(IMPORT_MAP.encode()).digest()).decode()}'"
_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)
_NONE = "'none'"
_CLOSED = (
    *("accelerometer", "camera", "clipboard-read", "clipboard-write", "display-capture", "encrypted-media"),
    *(
        "geolocation",
        "gyroscope",
        "hid",
        "idle-detection",
        "local-fonts",
        "magnetometer",
        "microphone",
        "midi",
    ),
    *("payment", "publickey-credentials-get", "serial", "usb", "web-share", "xr-spatial-tracking"),
)
COMMON = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-dns-prefetch-control": "off",  # no policy says it
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": ", ".join(f"{feature}=()" for feature in _CLOSED),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """Of one book: `place` is where it stands, as "http://localhost:1234/path"."""

    place: str

    @classmethod
    def of(cls, scheme: str, host: str, path: str) -> "Policy | None":
        """None: that is no host. `path`: without a slash at its end."""
        return cls(f"{scheme}://{host}{path}") if _HOST.fullmatch(host) else None

    def page(self, *, searches: bool = False, frames: bool = False) -> Mapping[str, str]:
        """Of ours, around pictures or sound of a book, or a frame of an archive."""
        return _with(
            script=self._static,
            style=self._static,
            img=f"{self.place}/page/ {self._static}",
            media=f"{self.place}/content/",
            frame=f"{self.place}/zim/" if frames else _NONE,
            form=f"{self.place}/search" if searches else _NONE,
        )

    def epub(self) -> Mapping[str, str]:
        """foliate-js makes each chapter a blob, in a frame of this origin, which has this policy, too."""
        return _with(
            script=f"{self._static} {self.place}/foreign/foliate-js/ {_MAP}",
            style=f"{self._static} blob: 'unsafe-inline'",
            img=f"{self._static} blob: data:",
            font="blob: data:",
            media="blob:",
            frame="blob:",
            connect=f"{self.place}/content/ {self.place}/sha1",
        )

    def pdf(self) -> Mapping[str, str]:
        return _with(
            script=f"{self._static} {self._pdfjs}",
            worker=self._pdfjs,
            style=self._static,
            img=f"{self._static} blob: data:",
            font=f"{self._pdfjs} blob: data:",
            connect=f"{self.place}/content/ {self._pdfjs}",
        )

    def script(self) -> Mapping[str, str]:
        """Of a file beside: a worker has the policy that it came with."""
        return _with(script=self._pdfjs, connect=f"{self.place}/content/ {self._pdfjs}")

    def chapter(self) -> Mapping[str, str]:
        """Text of a book, cleaned, in a page of ours: no script at all, not even one of ours."""
        return _with(style=self._static, img=f"{self.place}/file/ {self._static}")

    def raw(self) -> Mapping[str, str]:
        """A file of a book, should it be opened by itself: it is nobody's."""
        return _with("sandbox", style="'unsafe-inline'", img="data:")

    def entry(self) -> Mapping[str, str]:
        """A page of an archive as it is. It has no origin: to a browser all of it comes from elsewhere."""
        own = f"{self.place}/zim/"
        allowed = _with(
            "sandbox",
            style=f"{own} 'unsafe-inline'",
            img=f"{own} data:",
            font=f"{own} data:",
            media=own,
            ancestors="'self'",
        )
        open_to_all = {"cross-origin-resource-policy": "cross-origin", "access-control-allow-origin": "null"}
        return {**allowed, **open_to_all}

    @property
    def _static(self) -> str:
        return f"{self.place}/static/"

    @property
    def _pdfjs(self) -> str:
        return f"{self.place}/foreign/pdfjs-dist/"


def _with(first: str = "", *, form: str = _NONE, ancestors: str = _NONE, **sources: str) -> Mapping[str, str]:
    """`first`: a directive that has no sources. What is not named comes from nowhere."""
    kinds = {"script": _NONE, "worker": _NONE, "frame": _NONE, **sources}
    parts = [
        first,
        "default-src 'none'",
        *(f"{kind}-src {allowed}" for kind, allowed in kinds.items()),
        f"form-action {form}",
        "base-uri 'none'",
        f"frame-ancestors {ancestors}",
    ]
    return {**COMMON, "content-security-policy": "; ".join(part for part in parts if part)}

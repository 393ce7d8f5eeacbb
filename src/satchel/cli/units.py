"""Sizes, rates and times as a person reads them, and sizes as one types them."""

import re

_SIZE = re.compile(r"([0-9]{1,15})(\.[0-9])? ?(|k|M|G|T)B?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def size(count: int) -> str:
    """Bytes with a decimal unit, as shops and phones count: 512 B, 4.2 kB, 1.3 GB."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        value /= 1000
        if value < 999.5 or unit == "PB":
            break
    return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"


def bytes_of(word: str) -> int | None:
    """Of 500MB, 1.5G, or "500 MB" as `size` says it. None: that is no size."""
    parts = _SIZE.fullmatch(word)
    return int(float(parts[1] + (parts[2] or "")) * _UNITS[parts[3].lower()]) if parts else None


def duration(seconds: float) -> str:
    """0:07, 12:30, 2:05:00."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def count(number: int, thing: str) -> str:
    """1 file, 12,000 files."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def files(number: int) -> str:
    return count(number, "file")


def days_ago(seconds: int) -> str:
    """today, 1 day ago, 12 days ago."""
    return f"{count(seconds // 86_400, 'day')} ago" if seconds >= 86_400 else "today"

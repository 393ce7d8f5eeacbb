"""The benchmark `handover`: which scenarios there are."""

from bench.bulk import bulk
from bench.crowd import crowd
from bench.memory import many, memory
from bench.probers import probers
from bench.radio import radio, radio_bbr, radio_small
from bench.running import Scenario
from bench.small import small, small_disk

ABOUT = "a hand-over beside plain TCP, tar, TLS and the bound, on good and bad networks"
SCENARIOS: dict[str, Scenario] = {
    "bulk": bulk,
    "small": small,
    "small-disk": small_disk,
    "radio": radio,
    "radio-small": radio_small,
    "radio-bbr": radio_bbr,
    "memory": memory,
    "many": many,
    "crowd": crowd,
    "probers": probers,
}

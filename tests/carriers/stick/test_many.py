"""Many people, one stick, any order, pulled out at any call: nobody loses what they wait for."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carriers.stick.samples import CLOCK_S, Chance, MemoryCustody, bundle_of, on_stick, receipt_of
from carriers.stick.test_faults import Faulty
from satchel.carriers.stick import carry_in, carry_out
from satchel.carriers.stick import folder as folder_module
from satchel.carriers.stick import writer as writer_module
from satchel.carriers.stick.layout import SIZES_BYTES
from satchel.core.bundles.header import bundle_id
from satchel.errors import EnvironmentProblem

PEOPLE, LETTERS = 4, 12
VISITS = st.lists(
    st.tuples(
        st.integers(0, PEOPLE - 1),
        st.sampled_from(["in", "out", "write", "open"]),
        st.integers(0, LETTERS - 1),
        st.sampled_from([None, None, *range(1, 30, 3)]),  # pulled out at this call
        st.sampled_from([None, None, 2, 5]),  # room, in smallest files
    ),
    max_size=12,
)


@given(VISITS)
@settings(max_examples=60, deadline=None)
def test_c2_m3_what_is_alive_stays_and_what_was_handed_over_is_there(
    visits: list[tuple[int, str, int, int | None, int | None]],
) -> None:
    people = [MemoryCustody(refuses=person == 0) for person in range(PEOPLE)]
    delivered: set[bytes] = set()
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        stick = Path(folder)
        for person, what, letter, fault, room in visits:
            custody, bundle = people[person], bundle_of(letter, letter % 3)
            before = set(on_stick(stick)) | set(custody.handed)
            if what == "write":
                custody.bundles[bundle_id(bundle)] = bundle
            elif what == "open" and bundle_id(bundle) in custody.bundles:
                del custody.bundles[bundle_id(bundle)]
                custody.known_receipts.append(receipt_of(letter))
                delivered.add(bundle_id(bundle))
            elif what == "in":
                carry_in(stick, custody, clock_s=CLOCK_S)
            elif what == "out":
                custody.handed.clear()
                before = set(on_stick(stick))
                system = os if fault is None else Faulty(fault, errno.EIO, for_ever=True)
                patched.setattr(writer_module, "os", system)
                patched.setattr(folder_module, "os", system)
                with suppress(EnvironmentProblem):
                    size_bytes = None if room is None else room * SIZES_BYTES[0]
                    carry_out(stick, custody, Chance(), clock_s=CLOCK_S, size_bytes=size_bytes)
                patched.setattr(writer_module, "os", os)
                patched.setattr(folder_module, "os", os)
            assert (before | set(custody.handed)) - delivered <= set(on_stick(stick)) | set(custody.handed)
            assert set(custody.handed) <= set(on_stick(stick)) | delivered
        # All of it goes out and comes in, once the stick works again.
        for _ in range(2):
            for custody in people:
                carry_in(stick, custody, clock_s=CLOCK_S)
                carry_out(stick, custody, Chance(), clock_s=CLOCK_S)
        last = MemoryCustody()
        carry_in(stick, last, clock_s=CLOCK_S)
        everything = set().union(*(custody.bundles for custody in people))
        assert everything - delivered <= set(last.bundles)

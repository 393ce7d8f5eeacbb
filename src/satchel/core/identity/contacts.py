"""What names a contact on this side."""

from typing import NewType

ContactId = NewType("ContactId", bytes)  # random, of this profile only, never sent

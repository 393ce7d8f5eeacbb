"""What a contact is called inside this program: never a name, never sent."""

from typing import NewType

ContactId = NewType("ContactId", bytes)  # 16 random bytes, local to this profile

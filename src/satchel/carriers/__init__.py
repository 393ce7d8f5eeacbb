"""MOVES: opaque bytes in and out, over sockets and sticks. Knows no contact, no key, no letter."""

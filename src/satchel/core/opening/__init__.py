"""What two contacts tell each other first in each session: keys of which day, what time it is, who went back.

`Opening` is either side of the conversation, `codec` its bytes, `Rivals` keeps one of two sessions that were
opened at once. Stores nothing: what to keep is an effect. Spec: docs/spec/session.md, sections 4 to 6.
"""

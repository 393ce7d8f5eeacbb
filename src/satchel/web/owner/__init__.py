"""The owner's page: what one person does with their node, in the browser of the same machine.

It is one more screen of the commands: what it does is a job (docs/spec/api.md, 3), and what it shows are the
events of that job. Nothing here decides anything about contacts, files or networks.
Spec: docs/spec/page.md.
"""

"""The steps that bring a database's schema up to ours; `Database.prepare` takes them.

For a new one: change `schema.py`, add a file to `versions/` after the latest. Older servers go on
writing while a newer one has already taken its steps, so a step only adds.
"""

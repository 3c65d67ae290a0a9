"""`voxanne demo`: a whole call on one machine, conducted, shown, measured and judged.

Uses the sandbox, as the commands do; nothing that answers real calls imports this package.
"""

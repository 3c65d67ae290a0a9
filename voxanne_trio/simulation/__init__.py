"""Whole calls in virtual time: the product's real code and wires, the stand-ins, laws that watch.

A `Plan` says everything about one simulated call and follows from one integer; `run` carries it
out and gives its `Outcome`. Imported by commands and tests only: production never needs it.
"""

"""Voxanne: a phone agent for clinics, on structured concurrency."""

__version__ = "0.1.0"

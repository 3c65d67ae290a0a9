"""A clinic's profile: its facts in one TOML file, read once, the same for every call."""

from .profile import Clinic, ClinicProfileError, Person, Question, Service, Transfer, load_clinic

__all__ = [
    "Clinic",
    "ClinicProfileError",
    "Person",
    "Question",
    "Service",
    "Transfer",
    "load_clinic",
]

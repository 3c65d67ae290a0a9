"""A clinic's profile: its facts in one TOML file, read once, the same for every call."""

from .profile import Clinic, Person, Question, Service, load_clinic

__all__ = ["Clinic", "Person", "Question", "Service", "load_clinic"]

"""The personas of the demo. None of them exists: each name says so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Persona:
    name: str
    real_name: str
    persona: str
    zone: str = "Europe/Berlin"


MARA = Persona("mara", "Mara (demo)", "product manager")
JONAS = Persona("jonas", "Jonas (demo)", "data engineer")
PRIYA = Persona("priya", "Priya (demo)", "data scientist")
INES = Persona("ines", "Ines (demo)", "model risk", "Europe/Lisbon")
TOMEK = Persona("tomek", "Tomek (demo)", "MLOps engineer", "Europe/Warsaw")
LENA = Persona("lena", "Lena (demo)", "business lead")
CAST = (MARA, JONAS, PRIYA, INES, TOMEK, LENA)

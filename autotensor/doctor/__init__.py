"""`python -m autotensor doctor`: what this machine is, what it is worth to autotensor, and what is wrong or slow here.

`examine` gathers facts and measures for about two seconds, `diagnoses` reads findings off the facts alone, `consult` writes both
down. Nothing is changed: no file is written, no setting made.
"""

from autotensor.doctor.consultation import consult, examine
from autotensor.doctor.facts import Facts
from autotensor.doctor.findings import Finding, diagnoses

__all__ = ["consult", "examine", "diagnoses", "Facts", "Finding"]

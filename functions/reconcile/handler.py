"""On a schedule: repair the jobs that should have moved and did not, look again at deleted ones."""

from sotto.entry import wiring
from sotto.entry.telemetry import make_logger

logger = make_logger("reconcile")


def handler(_event: object, _context: object) -> dict[str, int]:
    """Repair what is due; the answer counts the repairs."""
    repairs = dict(wiring.reconcile_jobs()() + wiring.sweep_deletions()())
    logger.info("reconciled", repairs=repairs)
    return repairs

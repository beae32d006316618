"""What holds for an op and what does not, as a table; and who raised an error, the op or its reference."""

from dataclasses import dataclass, field
from typing import Any

from dnn.ops.calling import AnyFunction, error_text

HOLDS, BROKEN, NOT_APPLICABLE = "holds", "BROKEN", "not applicable"


class NotApplicableError(Exception):
    """Raised by a law that cannot be checked for an op, with the reason."""


class RaisedError(Exception):
    """Says whether the op or the reference raised, and what: the error that this one is raised from."""


@dataclass(frozen=True)
class Finding:
    """What was found for one law.

    Args:
        law: The law, as the table names it.
        verdict: "holds", "BROKEN" or "not applicable".
        detail: How it was checked, how it is broken, or why it does not apply.
        error: What the op or the reference raised, with its traceback; None if numbers, dtypes or shapes differ.
    """

    law: str
    verdict: str
    detail: str
    error: BaseException | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Report:
    """What `check_op` found: `print` it to see the table, or look a law up: `report["values match the reference"]`.

    Args:
        name: The name of the op.
        findings: One for each law.
    """

    name: str
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> list[str]:
        """The names of the laws that are broken."""
        return [finding.law for finding in self.findings if finding.verdict == BROKEN]

    @property
    def error(self) -> BaseException | None:
        """The first error that the op or the reference raised, or None."""
        return next((finding.error for finding in self.findings if finding.error), None)

    def __getitem__(self, law: str) -> Finding:
        return {finding.law: finding for finding in self.findings}[law]

    def __str__(self) -> str:
        lines = [("law", "verdict", "detail"), *((f.law, f.verdict, f.detail) for f in self.findings)]
        widths = [max(len(line[column]) for line in lines) for column in (0, 1)]
        rows = [f"{law:{widths[0]}}  {verdict:{widths[1]}}  {detail}".rstrip() for law, verdict, detail in lines]
        return "\n".join([f"{self.name}: {self._summary()}", *rows])

    def _summary(self) -> str:
        count = len(self.broken)
        return f"{count} {'law is' if count == 1 else 'laws are'} broken" if count else "no law is broken"


def blaming(whom: str, function: AnyFunction) -> AnyFunction:
    """Return the function, whose errors become a RaisedError that says who raised."""

    def called(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except RaisedError:
            raise
        except Exception as error:
            raise RaisedError(f"{whom} raised {error_text(error)}") from error

    return called


def first_raised(error: BaseException | None) -> RaisedError | None:
    """Return the RaisedError that an error came from, if one did: in a trace, AutoGraph raises another instead."""
    while error is not None:
        if isinstance(error, RaisedError) and error.__cause__:
            return error
        error = error.__cause__ or error.__context__
    return None

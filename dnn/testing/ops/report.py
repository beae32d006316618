"""What holds of an op and what does not, as a table."""

from dataclasses import dataclass, field

HOLDS, BREAKS, NOT_APPLICABLE = "holds", "BREAKS", "not applicable"


class NotApplicableError(Exception):
    """Raised by a law that cannot be asked of an op, with the reason."""


@dataclass(frozen=True)
class Finding:
    """error: that the op or the reference raised, with its traceback; None where two numbers or shapes differ."""

    law: str
    verdict: str
    detail: str
    error: BaseException | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Report:
    """A Finding for each law. As text, a table of three columns."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> list[str]:
        """The laws that are broken."""
        return [finding.law for finding in self.findings if finding.verdict == BREAKS]

    @property
    def error(self) -> BaseException | None:
        """The first that was raised."""
        return next((finding.error for finding in self.findings if finding.error), None)

    def __getitem__(self, law: str) -> Finding:
        return {finding.law: finding for finding in self.findings}[law]

    def __str__(self) -> str:
        lines = [("law", "verdict", "detail"), *((f.law, f.verdict, f.detail) for f in self.findings)]
        widths = [max(len(line[column]) for line in lines) for column in (0, 1)]
        rows = [f"{law:{widths[0]}}  {verdict:{widths[1]}}  {detail}".rstrip() for law, verdict, detail in lines]
        return "\n".join([f"{self.name} {'breaks' if self.broken else 'keeps'} its laws", *rows])

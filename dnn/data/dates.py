"""Which texts are dates: 2024-01-31, 31.1.2024, 31-Jan-2024 and January 31, 2024, with a time of day or without."""

import re

_DATE = re.compile(
    r"""(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}                              # 2024-01-31
        |\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})                      # 31.1.2024, 1/31/24
        |\d{1,2}[-\ ][^\W\d_]{3,9}\.?[-\ ](\d{4}|\d{2})             # 31-Jan-2024
        |[^\W\d_]{3,9}\.?\ \d{1,2},?\ \d{4})                        # January 31, 2024
        ([T ,]+\d{1,2}:\d{2}.*)?""",
    re.VERBOSE,
)


def is_date(text: str) -> bool:
    """Whether a text is a date.

    >>> is_date("2024-01-31 12:30"), is_date("2024-01")
    (True, False)
    """
    return _DATE.fullmatch(text.strip()) is not None

"""Names in messages: quoted as Python quotes them, as a shell would need them, and the near ones of a mistyped one."""

import difflib
import os
import shlex
from collections.abc import Iterable

from dnn.control import has_control

LONGEST = 40  # signs of a name in a message


def quoted(name: str) -> str:
    """Return the name in quotes, without control characters and in at most 42 signs.

    >>> print(quoted("loan amount"), quoted("tab\\t"), quoted("x" * 99))
    'loan amount' 'tab\\t' 'xxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxx'
    """
    return repr(shortened_name(name))


def shell_quoted(name: str) -> str:
    """Return the name as a word of a shell's command line, on one line, in double quotes where that is enough.

    Under Windows, whose paths have backslashes and no double quotes, double quotes are all there are.

    >>> print(shell_quoted("age"), shell_quoted("loan amount"), shell_quoted("?"), shell_quoted("US$"))
    age "loan amount" "?" 'US$'
    """
    if has_control(name):
        return _escaped_word(name)
    if os.name == "nt":
        return f'"{name}"' if set(name) & set(" &()^=;,") else name
    plain = shlex.quote(name)
    return f'"{name}"' if plain == f"'{name}'" and not set(name) & set('"$`\\!') else plain


def _escaped_word(name: str) -> str:
    """Return $'two\\nlines' as Bash and Zsh read it, where plain quotes would break the line."""
    signs = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    escaped = (signs.get(sign) or (f"\\u{ord(sign):04x}" if has_control(sign) else sign) for sign in name)
    return f"$'{''.join(escaped)}'"


def shortened_name(name: str, longest: int = LONGEST) -> str:
    """Return the name, shortened in the middle: both ends tell long names apart.

    >>> shortened_name("average_monthly_balance_2024", 11)
    'avera…_2024'
    """
    if len(name) <= longest:
        return name
    tail = (longest - 1) // 2
    return f"{name[: longest - 1 - tail]}…{name[len(name) - tail :]}"


def suggestion(name: str, names: Iterable[str]) -> str:
    """Return ' (did you mean 'Churn?'?)' if one of the names is near, else "".

    Names that differ in capitals, spaces or underscores alone are near.

    >>> suggestion("churn", ["age", "Churn?"])
    " (did you mean 'Churn?'?)"
    >>> suggestion("weight", ["age", "Churn?"])
    ''
    """
    by_letters: dict[str, str] = {}
    for known in names:
        by_letters.setdefault(_letters(known), known)
    near = difflib.get_close_matches(_letters(name), by_letters, n=1, cutoff=0.7)
    return f" (did you mean {quoted(by_letters[near[0]])}?)" if near else ""


def _letters(name: str) -> str:
    """Return the letters and digits, in one case; of a name without any, the name."""
    return "".join(sign for sign in name.casefold() if sign.isalnum()) or name

"""The settings of an estimator as scikit-learn reads and changes them: `clone` and searches need no more."""

from dataclasses import dataclass, fields
from typing import Any

from typing_extensions import Self


@dataclass(eq=False, repr=False, kw_only=True)
class Parameters:
    """A dataclass whose fields are settings."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the settings by name.

        Args:
            deep: Makes no difference: no setting is an estimator.

        Returns:
            Each argument of the constructor, as it was given.
        """
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def set_params(self, **settings: Any) -> Self:
        """Change settings.

        Args:
            **settings: Arguments of the constructor.

        Returns:
            The estimator itself.

        Raises:
            ValueError: If a name is not one of the settings.
        """
        names = [each.name for each in fields(self)]
        for name, value in settings.items():
            if name not in names:
                raise ValueError(f"Invalid parameter {name!r} for estimator {self}. Valid parameters are: {names!r}.")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        given = {each.name: repr(getattr(self, each.name)) for each in fields(self)}
        changed = [f"{each.name}={given[each.name]}" for each in fields(self) if given[each.name] != repr(each.default)]
        return f"{type(self).__name__}({', '.join(changed)})"

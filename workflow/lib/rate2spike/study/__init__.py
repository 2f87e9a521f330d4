"""A study as its config describes it: conditions, words, files, what its jobs need, when they run
again."""

from ..offered import names_of

__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".study": (
            "Condition",
            "Study",
        ),
        ".read": (
            "checked",
            "read_study",
        ),
    },
)

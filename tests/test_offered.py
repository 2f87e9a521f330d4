"""What a package offers by name loads, hides none of its modules, and imports nothing before it is
asked for."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import rate2spike

PACKAGES = [
    module.name
    for module in pkgutil.walk_packages(rate2spike.__path__, "rate2spike.")
    if module.ispkg and hasattr(importlib.import_module(module.name), "__all__")
]


@pytest.mark.parametrize("name", PACKAGES)
def test_every_name_loads_and_hides_no_module(name):
    package = importlib.import_module(name)
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    # a module that is imported takes the place of a name that is spelled alike
    assert not modules & set(package.__all__)
    for offered in package.__all__:
        assert getattr(package, offered) is not None
    assert dir(package) == sorted(package.__all__)
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nothing'"):
        _ = package.nothing


def test_a_package_imports_nothing_before_it_is_asked_for():
    """So that a job waits for what it uses alone, and runs again for that alone."""
    packages = ", ".join(PACKAGES)
    heavy = ("numpy", "scipy", "pandas", "matplotlib", "numba", "torch")
    asked = f"import sys, {packages}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

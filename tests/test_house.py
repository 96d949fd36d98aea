"""Whoever looks for a module finds it in the list that its package begins with, where that has one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import ctxsearch

PACKAGES = sorted(path.parent for path in Path(ctxsearch.__file__).parent.rglob("*/__init__.py"))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_every_module_is_in_the_list_of_its_package(package: Path) -> None:
    """A list of modules names each that there is, and none that there is not."""
    told = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    listed = re.findall(r"^([a-z_]+) {2,}\S", told, re.MULTILINE)
    assert sorted(listed) in ([], sorted(path.stem for path in package.glob("*.py") if path.stem != "__init__"))

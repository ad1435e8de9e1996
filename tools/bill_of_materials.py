"""Writes the bill of materials: what cinelake runs with, as CycloneDX.

    python tools/bill_of_materials.py sbom.cdx.json

The same lock gives the same bytes: no time and no address is in it.
"""

import json
import sys
import tomllib
import uuid
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from locked import LOCK, ROOT, Locked, licence_of, needed_by, read_lock


def bill() -> dict[str, Any]:
    """The document."""
    project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = {
        "type": "application",
        "bom-ref": f"pkg:pypi/{project['name']}@{project['version']}",
        "name": project["name"],
        "version": project["version"],
        "description": project["description"],
        "licenses": [{"expression": project["license"]}],
        "purl": f"pkg:pypi/{project['name']}@{project['version']}",
    }
    locked = {each.name: each for each in read_lock()}
    wanted = sorted(str(canonicalize_name(Requirement(text).name)) for text in project["dependencies"])
    needs = {own["bom-ref"]: [locked[name].purl for name in wanted]}
    for each in locked.values():
        found = each.installed()
        needs[each.purl] = [one.purl for one in needed_by(found, locked)] if found else []
    told: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": own},
        "components": [_component(each) for each in locked.values()],
        "dependencies": [{"ref": ref, "dependsOn": others} for ref, others in needs.items()],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(told, sort_keys=True))
    return {**told, "serialNumber": f"urn:uuid:{serial}"}


def _component(each: Locked) -> dict[str, Any]:
    found = each.installed()
    licence = licence_of(found) if found else ""
    expression = found is not None and bool(found.metadata.get_all("License-Expression"))
    told: dict[str, Any] = {
        "type": "library",
        "bom-ref": each.purl,
        "name": each.name,
        "version": each.version,
        "purl": each.purl,
        "externalReferences": [
            {
                "type": "distribution",
                "url": each.purl,
                "comment": f"each file that requirements/{LOCK.name} lets be installed",
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in each.hashes],
            }
        ],
    }
    if licence:
        told["licenses"] = [{"expression": licence} if expression else {"license": {"name": licence}}]
    if each.marker:
        told["properties"] = [{"name": "cinelake:marker", "value": each.marker}]
    return told


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(bill(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

"""Containerfile, compose.yaml and the Kubernetes files fit the program: settings, commands, probes, file list."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from merx.infra.redis_user import RULES
from merx.infra.settings import FIELDS, PREFIX
from tests.architecture.tree import ROOT, relative

KUBERNETES = ROOT / "deploy" / "kubernetes"
MANIFESTS = [ROOT / "Containerfile", ROOT / "compose.yaml", *sorted(KUBERNETES.glob("*.yaml"))]


@cache
def documents():
    paths = sorted(KUBERNETES.glob("*.yaml"))
    return [(path, document) for path in paths for document in yaml.safe_load_all(path.read_text())]


def pods():
    for path, document in documents():
        if document["kind"] in {"Deployment", "Job"}:
            yield pytest.param(document["spec"]["template"]["spec"], id=f"{path.stem}:{document['metadata']['name']}")


@pytest.mark.parametrize("path", MANIFESTS, ids=relative)
def test_settings_exist(path: Path):
    text = re.sub(r"\$\{[^}]*}", "", path.read_text())  # variables of compose itself
    names = set(re.findall(r"\bMERX_[A-Z_]+", text))
    assert {name for name in names if name.removeprefix(PREFIX).lower() not in FIELDS} == set()


def test_kustomization_lists_every_file():
    listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(path.name for path in KUBERNETES.glob("*.yaml") if path.stem != "kustomization")


@pytest.mark.parametrize("pod", list(pods()))
def test_pods_are_locked_down(pod):
    assert pod["automountServiceAccountToken"] is False
    # Service links would put MERX_*_PORT variables of other services beside the settings.
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]


def test_api_is_probed_where_it_answers():
    api = next(d for _, d in documents() if d["kind"] == "Deployment" and d["metadata"]["name"] == "merx-api")
    container = api["spec"]["template"]["spec"]["containers"][0]
    for probe, word in (("livenessProbe", "live"), ("readinessProbe", "ready"), ("startupProbe", "startup")):
        assert container[probe]["httpGet"]["path"] == f"/api/v1/health/{word}"


def test_every_process_is_in_both_forms_and_a_command_of_merx():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    in_compose = {tuple(service["command"]) for service in compose.values() if service["image"].startswith("merx:")}
    in_kubernetes = {
        tuple(container["args"])
        for _, document in documents()
        if document["kind"] in {"Deployment", "Job"}
        for container in document["spec"]["template"]["spec"]["containers"]
    }
    assert in_compose == in_kubernetes == {("serve",), ("worker",), ("schedule",), ("migrate",)}

    commands = {path.stem for path in (ROOT / "src" / "merx" / "bootstrap" / "commands").glob("*.py")}
    assert {command for (command,) in in_compose} <= commands


@pytest.mark.parametrize("path", [ROOT / "compose.yaml", ROOT / "docs" / "servers.md"], ids=relative)
def test_the_user_of_redis_may_do_what_the_tests_show_that_it_needs(path: Path):
    assert RULES in re.sub(r"\s+", " ", path.read_text())

"""What the documents show is accepted by the gateway: every example, and every configuration in a page."""

import re
import shutil

import pytest
from peers.gateway import run
from peers.processes import ROOT

EXAMPLES = sorted((ROOT / "Examples").glob("*.yaml"))


@pytest.fixture
def examples(tmp_path, authority):
    """A copy of Examples/ with the certificates that the files name."""
    directory = tmp_path / "Examples"
    shutil.copytree(ROOT / "Examples", directory)
    (directory / "tls").mkdir()
    for name in ("server", "partners"):
        chain, key = authority.issue(f"{name}.example.com")
        shutil.copy(chain, directory / f"tls/{name}.pem")
        shutil.copy(key, directory / f"tls/{name}.key")
        (directory / f"tls/{name}.key").chmod(0o600)
    for name in ("internal-ca", "partners-ca"):
        shutil.copy(authority.file, directory / f"tls/{name}.pem")
    return directory


@pytest.mark.parametrize("example", [path.name for path in EXAMPLES])
def test_every_example_is_good(examples, example):
    result = run("check", "--config", examples / example)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_readmes_configuration_is_good(examples):
    blocks = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M)
    assert len(blocks) == 1
    file = examples / "readme.yaml"
    (examples / "tls/api.pem").write_bytes((examples / "tls/server.pem").read_bytes())
    shutil.copy(examples / "tls/server.key", examples / "tls/api.key")
    (examples / "tls/api.key").chmod(0o600)
    file.write_text(blocks[0])
    result = run("check", "--config", file)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_guides_first_step_says_what_the_guide_says(tmp_path):
    guide = (ROOT / "docs/guide.md").read_text()
    first = re.search(r"^```yaml\n(.*?)^```", guide, re.S | re.M)[1]
    (tmp_path / "gateway.yaml").write_text(first)
    result = run("check", "--config", "gateway.yaml", directory=tmp_path)
    assert result.returncode == 0
    shown = re.search(r"^\$ portcullis check --config gateway.yaml\n(.*?)^\$", guide, re.S | re.M)[1]
    assert result.stdout == shown

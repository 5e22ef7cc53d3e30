"""Protocols as data."""

from __future__ import annotations

import pytest
import yaml

from radz.errors import ConfigError, UnknownNameError
from radz.experiments.protocol_plan import LinearProtocol, ZeroShotProtocol, load_protocol


def write(folder, name, **tree):
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"title": name, **tree}, sort_keys=False), encoding="utf-8")
    return path


def test_each_kind_is_read_as_its_own_type_and_settings_win(tmp_path):
    images = {"x": {"corpus": "rsna", "root": "r"}}
    plan = load_protocol(write(tmp_path, "z", kind="zero_shot", films=images), ["films.x.zero_shot=false"])
    assert isinstance(plan, ZeroShotProtocol)
    assert not plan.images["x"].zero_shot
    linear = load_protocol(write(tmp_path, "l", kind="linear", films=images, percent=[5]))
    assert isinstance(linear, LinearProtocol)
    assert (linear.percent, linear.seeds) == ((5,), (0, 1, 2))


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"kind": "held-out"}, "Unknown kind of protocol 'held-out'. Did you mean 'held_out'"),
        ({"kind": "linear", "films": {"x": {"corpus": "rsna", "root": "r"}}, "percent": [0]}, "above 0 and up to 100"),
        ({"kind": "zero_shot", "film": {}}, "Unknown setting 'film'. Did you mean 'films'"),
        (
            {"kind": "zero_shot", "films": {"x": {"corpus": "rsna", "root": "r", "finding": []}}},
            "Unknown setting 'films.x.finding'. Did you mean 'films.x.findings'",
        ),
    ],
)
def test_a_bad_protocol_is_refused(tmp_path, tree, message):
    with pytest.raises((ConfigError, UnknownNameError), match=message):
        load_protocol(write(tmp_path, "bad", **tree))

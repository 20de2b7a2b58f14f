"""What the splitter and the scorer of an estimator are given beside examples.

Without metadata routing a splitter is given `groups`, and a scorer that takes `sample_weight` is
given that. With it, each is given what it has requested, by scikit-learn's own router.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from sklearn import get_config
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from onelayer.errors import InputError
from onelayer.estimators.scoring import Scorer

Metadata = dict[str, Any]


def router_of(estimator: Any, cv: Any, scorer: Scorer | None) -> MetadataRouter:
    """Return what an estimator requests itself, and what it hands on."""
    router = MetadataRouter(owner=estimator).add_self_request(estimator)
    router.add(splitter=cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
    if scorer is not None:
        scores = MethodMapping().add(caller="fit", callee="score")
        scores.add(caller="score", callee="score")
        router.add(scorer=scorer, method_mapping=scores)
    return router


def routed(
    estimator: Any, method: str, scorer: Scorer | None, given: Mapping[str, Any]
) -> tuple[Metadata, Metadata]:
    """Return what the splitter of an estimator and its scorer are given.

    Parameters
    ----------
    method : "fit" or "score"
        The method of the estimator that was called.
    given : mapping
        Metadata by name; None is as if it was not given.

    Raises
    ------
    ValueError, TypeError
        If something is given that nobody takes, or that a scorer says nothing about.
    """
    given = {name: value for name, value in given.items() if value is not None}
    if get_config()["enable_metadata_routing"]:
        parts = process_routing(estimator, method, **given) if given else {}
        return parts.get("splitter", {}).get("split", {}), parts.get("scorer", {}).get("score", {})
    taken = {"sample_weight", "groups"} if method == "fit" else {"sample_weight"}
    if unknown := sorted(given.keys() - taken):
        raise InputError(
            f"{method}: {', '.join(unknown)}: splitters and scorers are given what they request, "
            "and that only after sklearn.set_config(enable_metadata_routing=True)."
        )
    to_splitter = {"groups": given["groups"]} if "groups" in given else {}
    weights = given.get("sample_weight")
    if weights is None or (method == "fit" and scorer is not None and not _takes_weights(scorer)):
        return to_splitter, {}
    return to_splitter, {"sample_weight": weights}


def _takes_weights(scorer: Scorer) -> bool:
    return "sample_weight" in inspect.signature(scorer).parameters

"""The client by which an estimator reaches its cluster."""

from __future__ import annotations

from typing import Any

from distributed import Client

from onelayer.errors import InputError


def chosen_client(given: Any) -> Client:
    """Return the client that was given, or else the current one.

    Raises
    ------
    InputError
        If there is none, or what was given is no client that waits.
    """
    client = given
    if given is None:
        try:
            client = Client.current()  # type: ignore[no-untyped-call]
        except ValueError:
            raise InputError(
                "client: none was given, and there is no current one; connect first, with "
                "distributed.Client(ADDRESS), or take the estimator without Dask."
            ) from None
    if not isinstance(client, Client):
        raise InputError(f"client: {client!r} was given; give a distributed.Client, or None.")
    if client.asynchronous:
        raise InputError("client: it is asynchronous; give one that waits.")
    if client.status != "running":
        raise InputError("client: it is closed; connect another one.")
    return client

"""Health: what this process says of itself to load balancers, supervisors and the curious."""

from __future__ import annotations

from quart import Quart, Response, jsonify

from .. import __version__
from .desk import Desk


def add_health(app: Quart, desk: Desk) -> None:
    """`GET /`, `/healthz` and `/readyz`."""

    @app.get("/")
    async def about() -> Response:
        return jsonify(service="voxanne", status=desk.status, version=__version__)

    @app.get("/healthz")
    async def alive() -> Response:
        return jsonify(status="ok", service="voxanne")

    @app.get("/readyz")
    async def ready() -> tuple[Response, int]:
        """503 while starting or draining; what fails is only named, since the calls that are live
        still need this process."""
        failing = {name: str(error) for name, error in desk.vendors.items() if error is not None}
        composition = desk.composition
        body = jsonify(
            status=desk.status,
            instance=desk.instance,
            calls=len(desk.calls),
            failing_vendors=failing,
            failing_records=composition.records.failure if composition is not None else None,
        )
        return body, 200 if desk.status == "ready" else 503

"""The vendors' servers as the contract of providers wants them."""

from __future__ import annotations

from pipekit.testing import Answer, Trouble, VendorServer
from pipekit.testing.loopback import Exchange, Received
from wirekit.vendors import Said, Vendor

__all__ = ["ContractServer"]


class ContractServer(VendorServer):
    """Speaks one vendor's protocol."""

    def __init__(self, vendor: Vendor) -> None:
        super().__init__()
        self._vendor = vendor
        status, message, _ = vendor.too_long
        self.too_long = Trouble(status=status, message=message)

    def answer(self, exchange: Exchange, answer: Answer) -> None:
        said = Said(
            text=answer.text,
            stop=self._vendor.stops.get(answer.stop),
            refusal=answer.text if answer.stop == "declined" else None,
        )
        self._vendor.answer(exchange, said)

    def error(self, exchange: Exchange, trouble: Trouble) -> None:
        exchange.send(self._vendor.error(trouble.message, "some_error"), trouble.status, trouble.headers)

    def other(self, exchange: Exchange) -> None:
        if exchange.path == "/api/show":
            exchange.send({"details": {}, "model_info": {"llama.context_length": 131_072}, "capabilities": ["tools"]})
        else:
            exchange.send(self._vendor.listed)

    def is_question(self, request: Received) -> bool:
        return super().is_question(request) and request.path != "/api/show"

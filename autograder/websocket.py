"""Answers of the kernel reach the browser at once: used by the JupyterLab that ``course lab`` starts."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Without Nagle's algorithm, which holds small messages back for 40 ms until the browser has acknowledged the last."""

    def connect(self) -> Any:
        """Switch it off for this connection, then go on as always."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()

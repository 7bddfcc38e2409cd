#!/usr/bin/env python3
"""A receiver of webhooks, as somebody would write one: Standard Webhooks' own package checks signatures.

    python webhook_receiver.py PORT LEDGER SECRET_FILE CERTIFICATE [SEED]

Speaks TLS with a certificate and its key in one file. Prints the port it listens on (PORT 0: any). Each event is a line in the ledger, there before the request
is answered: E, Unix seconds, its id, its type, rider, alert. With a SEED it is an unreliable one: some
requests it refuses with 503 or 429, of some it keeps the events and ends the connection without an
answer. A request with a wrong signature is a line B and is answered 401.
"""

import http.server
import json
import os
import random
import socket
import ssl
import sys
import threading
import time

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def main():
    port, path, secret_file, certificate = int(sys.argv[1]), *sys.argv[2:5]
    chance = random.Random(int(sys.argv[5])) if len(sys.argv) > 5 else None
    ledger = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    lock = threading.Lock()
    with open(secret_file) as file:
        receiver = Webhook(file.read().split()[0])

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            super().setup()
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            now = time.time()
            with lock:
                luck = chance.random() if chance else 1
            if luck < 0.02:
                return self.answer(503)
            if luck < 0.04:
                return self.answer(429, {"Retry-After": "0"})
            try:
                receiver.verify(body.decode(), dict(self.headers))
            except WebhookVerificationError as error:
                os.write(ledger, f"B {now:.6f} {error}\n".encode())
                return self.answer(401)
            lines = []
            for event in json.loads(body)["events"]:
                words = [event["id"], event["type"], event["rider"], event["alert_id"],
                         event.get("reason", "-")]
                lines.append(f"E {now:.6f} " + " ".join(words) + "\n")
            with lock:
                os.write(ledger, "".join(lines).encode())
            if luck < 0.06:
                self.close_connection = True
                return None
            return self.answer(204)

        def answer(self, status, headers=()):
            self.send_response(status)
            for name, value in dict(headers).items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            """Clients that are killed are no news here."""

    server = Server(("127.0.0.1", port), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    # In the thread of the connection: who says nothing holds up nobody else.
    server.socket = tls.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

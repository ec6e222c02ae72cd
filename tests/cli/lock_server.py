# SPDX-License-Identifier: LGPL-2.1-or-later
"""A FleetLock server on loopback, by its protocol (zincati, docs/development/fleetlock/protocol.md): slots are per group, taking
one twice takes one, and 404 with an error object is a no."""
import http.server
import json
import threading


class Server(http.server.BaseHTTPRequestHandler):
    slots, held, asked, lock = 1, {}, [], threading.Lock()

    @classmethod
    def start(cls):
        """The server, which answers until it is shut down."""
        cls.slots, cls.held, cls.asked = 1, {}, []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), cls)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Server.asked.append((self.path, body.decode()))
        params = json.loads(body)["client_params"]
        with self.lock:
            holders = self.held.setdefault(params["group"], set())
            ok = self.headers.get("fleet-lock-protocol") == "true" and self.path in ("/v1/pre-reboot", "/v1/steady-state")
            if ok and self.path == "/v1/pre-reboot":
                ok = params["id"] in holders or len(holders) < self.slots
                if ok:
                    holders.add(params["id"])
            elif ok:
                holders.discard(params["id"])
        answer = b"" if ok else b'{"kind": "failed_lock", "value": "all slots are taken"}'
        self.send_response(200 if ok else 404)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass

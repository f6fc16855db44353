#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server that serves lists badly: bad_list_server.py ADDRESS PORT [NEAR]. NEAR is where /near leads."""
import http.server
import socketserver
import sys
import time

GOOD = b"ads.example\n" + b"".join(b"n%d.tracker.example\n" % i for i in range(50))
PAGE = b"<!DOCTYPE html><html><body>Please log in.</body></html>\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def start(self, status=200, length=None, **headers):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def reply(self, body, status=200, **headers):
        self.start(status, len(body), **headers)
        self.wfile.write(body)

    def do_GET(self):
        self.close_connection = True
        try:
            getattr(self, "get_" + self.path.strip("/").split("?")[0].replace("-", "_"))()
        except (BrokenPipeError, ConnectionResetError):
            pass

    def get_good(self):
        self.reply(GOOD)

    def get_page(self):
        self.reply(PAGE)

    def get_text(self):
        self.reply(b"this is no list of anything!\nnor is this, as you see\n" * 20)

    def get_gone(self):
        self.reply(b"not found", 404)

    def get_large(self):
        self.start()
        while True:
            self.wfile.write(GOOD * 100)

    def get_short(self):
        self.start(length=100000)
        self.wfile.write(GOOD)

    def get_slow(self):
        self.start()
        while True:
            self.wfile.write(b"# still there\n")
            self.wfile.flush()
            time.sleep(0.5)

    def get_silent(self):
        self.start(length=1000)
        time.sleep(600)

    def get_loop(self):
        self.reply(PAGE, 302, Location="/loop")

    def get_near(self):
        self.reply(PAGE, 302, Location=sys.argv[3])

    def get_file(self):
        self.reply(PAGE, 301, Location="file:///etc/passwd")

    def get_headers(self):
        self.start(**{f"X-{i}": "x" * 4000 for i in range(200)})

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def server_bind(self):
        # Without http.server's look-up of its own name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = sys.argv[1], int(sys.argv[2])


Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()

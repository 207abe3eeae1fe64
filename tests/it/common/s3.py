"""An S3 server in memory that checks signatures, and a side door for the test: Moto, as a library.

Prints the ports of both. Objects outlive a broken connection, not this process."""

import json
import logging
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "0"
os.environ["MOTO_S3_DEFAULT_KEY_BUFFER_SIZE"] = str(64 * 1024 * 1024)

logging.getLogger("werkzeug").disabled = True

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3.models import s3_backends

KEY, SECRET, REGION = sys.argv[1:4]

iam = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
iam.create_user(REGION, "tester")
key = iam.create_access_key("tester")
iam.access_keys.pop(key.access_key_id, None)
key.access_key_id, key.secret_access_key = KEY, SECRET
iam.access_keys[KEY] = key
allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
iam.put_user_policy("tester", "everything", json.dumps(allow))
s3 = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]


class Door(BaseHTTPRequestHandler):
    """`GET /bucket` lists names, `POST /bucket` makes a bucket; `GET`, `PUT` and `DELETE /bucket/name` are about an object."""

    protocol_version = "HTTP/1.1"

    def answer(self, body=b""):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def target(self):
        bucket, _, name = self.path[1:].partition("/")
        return bucket, bytes.fromhex(name).decode()

    def do_GET(self):
        bucket, name = self.target()
        if name:
            self.answer(s3.get_object(bucket, name).value)
        else:
            names = sorted(s3.buckets[bucket].keys.keys())
            self.answer(json.dumps(names).encode())

    def do_PUT(self):
        bucket, name = self.target()
        s3.put_object(bucket, name, self.rfile.read(int(self.headers["Content-Length"])))
        self.answer()

    def do_DELETE(self):
        s3.delete_object(*self.target())
        self.answer()

    def do_POST(self):
        s3.create_bucket(self.target()[0], REGION)
        self.answer()

    def log_message(self, *_):
        pass


server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
threading.Thread(target=door.serve_forever, daemon=True).start()
print(server.get_host_and_port()[1], door.server_port, flush=True)
sys.stdin.read()

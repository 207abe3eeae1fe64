"""A mail server for tests. Prints its port, then each letter as a line of JSON.

post.py plain|starttls|tls [CERTIFICATE KEY] [--refuse N] [--unknown ADDRESS]
With a certificate it wants the user `lethe` with the password `pass word`.
"""
import asyncio
import email
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

way, files, refuse = sys.argv[1], [a for a in sys.argv[2:] if a.endswith(".pem")], 0
if "--refuse" in sys.argv:
    refuse = int(sys.argv[sys.argv.index("--refuse") + 1])
unknown = sys.argv[sys.argv.index("--unknown") + 1] if "--unknown" in sys.argv else None
context = None
if files:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"lethe", b"pass word")
    return AuthResult(success=good)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == unknown:
            return "550 no such user: Ann Archer"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        global refuse
        letter = email.message_from_bytes(envelope.content)
        told = {"rcpt": envelope.rcpt_tos, "user": bool(session.authenticated), "tls": session.ssl is not None or way == "tls",
                "text": letter.get_payload(decode=True).decode(), **{name.lower(): value for name, value in letter.items()}}
        print(json.dumps(told), flush=True)
        if refuse > 0:
            refuse -= 1
            return "451 try again, Ann Archer"
        return "250 OK"


def protocol():
    wants = bool(files)
    return SMTP(Handler(), hostname="post.example", authenticator=authenticate, auth_required=wants,
                auth_require_tls=way == "starttls", require_starttls=way == "starttls",
                tls_context=context if way == "starttls" else None)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "0.0.0.0", 0, ssl=context if way == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())

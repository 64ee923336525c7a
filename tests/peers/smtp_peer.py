"""aiosmtpd on a free port, or the one given. Prints the port, then each message it takes as one line of JSON.

A recipient bounce@... is refused for good, busy@... for now the first two times, busy-once@... the first time.
"""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP


class Handler:
    def __init__(self):
        self.busy = {}

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("bounce@"):
            return "550 5.1.1 no such mailbox"
        refusals = {"busy": 2, "busy-once": 1}.get(address.partition("@")[0])
        if refusals:
            self.busy[address] = self.busy.get(address, 0) + 1
            if self.busy[address] <= refusals:
                return "451 4.2.1 mailbox busy, try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {}
        for kind in ("html", "plain"):
            part = message.get_body(preferencelist=(kind,))
            parts[kind] = part.get_content() if part else ""
        print(
            json.dumps(
                {
                    "mail_from": envelope.mail_from,
                    "rcpt_tos": envelope.rcpt_tos,
                    "headers": [(name, str(value)) for name, value in message.items()],
                    "html": parts["html"],
                    "text": parts["plain"],
                }
            ),
            flush=True,
        )
        return "250 Message accepted"


async def main():
    loop = asyncio.get_running_loop()
    handler = Handler()
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    server = await loop.create_server(lambda: SMTP(handler, enable_SMTPUTF8=True), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

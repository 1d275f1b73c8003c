"""SMTP with S/MIME, as a peer of the bench: a signed message, a signed receipt of it (RFC 8098), an officer's signed
acknowledgement, and the receipt of that, between two mail servers that hold a connection to each other open.

It says at which ports its two servers are, is told by which ports they are to be reached, says `open`, is told to go, and says `done`.
The signatures are ECDSA P-256, detached, without the certificates, which both are taken to hold.
"""

import asyncio
import datetime
import smtplib
import socket
import sys
from email.message import EmailMessage
from email.utils import make_msgid

from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7


class Box:
    """Whatever comes in, in order."""

    def __init__(self):
        self.came = asyncio.Queue()

    async def handle_DATA(self, server, session, envelope):
        self.came.put_nowait(envelope.content)
        return "250 OK"


class Party:
    def __init__(self, name):
        self.name, self.address, self.key = name, f"watch@{name}.example", ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(self.key.public_key())
        made = made.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        self.certificate = made.sign(self.key, hashes.SHA256())
        self.box = Box()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.server = Controller(self.box, hostname="127.0.0.1", port=self.port)
        self.server.start()

    def signed(self, to, subject, part, regards=None):
        """A mail of a part, as bytes, and the name by which it is answered."""
        options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.NoCerts, pkcs7.PKCS7Options.NoCapabilities]
        builder = pkcs7.PKCS7SignatureBuilder().set_data(part).add_signer(self.certificate, self.key, hashes.SHA256())
        body = builder.sign(serialization.Encoding.SMIME, [*options, pkcs7.PKCS7Options.Binary])
        name = make_msgid(domain=f"{self.name}.example")
        date = datetime.datetime.now(datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S +0000")
        head = [f"From: {self.address}", f"To: {to.address}", f"Subject: {subject}", f"Date: {date}", f"Message-ID: {name}"]
        if regards:
            head.append(f"In-Reply-To: {regards}")
        else:
            head.append(f"Disposition-Notification-To: {self.address}")
        return "\r\n".join(head).encode() + b"\r\n" + body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), name


def text(words):
    message = EmailMessage()
    message.set_content(words, cte="7bit")
    del message["MIME-Version"]
    return message.as_bytes().replace(b"\n", b"\r\n")


def notification(by, of):
    """That a mail came, in the form of RFC 8098."""
    fields = f"Final-Recipient: rfc822;{by.address}\r\nOriginal-Message-ID: {of}\r\n"
    fields += "Disposition: automatic-action/MDN-sent-automatically; processed\r\n"
    head = 'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\r\n\r\n'
    parts = f"--b\r\n\r\nReceived.\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n{fields}--b--\r\n"
    return (head + parts).encode()


def main():
    usa, rus = Party("usa"), Party("rus")
    print(usa.port, rus.port, flush=True)
    to_usa, to_rus = (smtplib.SMTP("127.0.0.1", int(port)) for port in sys.stdin.readline().split())
    for connection in (to_usa, to_rus):
        connection.ehlo()
    print("open", flush=True)
    sys.stdin.readline()
    words = sys.argv[1]
    said, name = usa.signed(rus, "Convoy", text(words))
    to_rus.sendmail(usa.address, [rus.address], said)
    came, _ = rus.signed(usa, "Received", notification(rus, name), name)
    to_usa.sendmail(rus.address, [usa.address], came)
    answer, answered = rus.signed(usa, "Re: Convoy", text("acknowledged by the watch officer"), name)
    to_usa.sendmail(rus.address, [usa.address], answer)
    came, _ = usa.signed(rus, "Received", notification(usa, answered), answered)
    to_rus.sendmail(usa.address, [rus.address], came)
    assert (rus.box.came.qsize(), usa.box.came.qsize()) == (2, 2)
    print("done", flush=True)
    sys.stdin.readline()


main()

"""LXMF over Reticulum, as a peer of the bench: a message and an officer's acknowledgement of it, each delivered over a link that is
up and proved by its recipient, between two processes with a TCP interface from one to the other.

It says at which port its server is, is told by which port that is to be reached, says `open`, is told to go, and says `done`. Announces,
the link and a first message each way come before that.
"""

import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

import LXMF
import RNS

PATIENCE = 60


def network(folder, interface):
    config = f"[reticulum]\nenable_transport = No\nshare_instance = No\npanic_on_interface_error = Yes\n[logging]\nloglevel = 1\n[interfaces]\n[[line]]\n{interface}"
    (folder / "config").write_text(config)
    return RNS.Reticulum(configdir=str(folder), loglevel=1)


class Party:
    def __init__(self, name, folder, interface):
        self.network = network(folder, interface)
        self.router = LXMF.LXMRouter(storagepath=str(folder / "lxmf"), autopeer=False)
        self.identity = RNS.Identity()
        self.own = self.router.register_delivery_identity(self.identity, display_name=name)
        self.came, self.there = threading.Semaphore(0), None
        self.router.register_delivery_callback(lambda _: self.came.release())

    def meet(self, address):
        """Finds the other one, by what it announces."""
        began = time.monotonic()
        self.router.announce(self.own.hash)
        while (identity := RNS.Identity.recall(address)) is None:
            assert time.monotonic() - began < PATIENCE, "the other one announces nothing"
            time.sleep(0.2)
        self.there = RNS.Destination(identity, RNS.Destination.OUT, RNS.Destination.SINGLE, "lxmf", "delivery")

    def send(self, words):
        """Sends, and waits until its recipient has proved that it came."""
        done = threading.Event()
        message = LXMF.LXMessage(self.there, self.own, words, desired_method=LXMF.LXMessage.DIRECT)
        message.register_delivery_callback(lambda _: done.set())
        self.router.handle_outbound(message)
        assert done.wait(PATIENCE), "no proof came"


def near(words):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        server = f"type = TCPServerInterface\nenabled = Yes\nlisten_ip = 127.0.0.1\nlisten_port = {port}\n"
        usa = Party("usa", pathlib.Path(folder), server)
        print(port, flush=True)
        by = sys.stdin.readline().strip()
        far = subprocess.Popen([sys.executable, __file__, "--far", by, usa.own.hash.hex()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        usa.meet(bytes.fromhex(far.stdout.readline().strip()))
        usa.send("to begin with")
        assert usa.came.acquire(timeout=PATIENCE), "nothing came back"
        time.sleep(2)
        print("open", flush=True)
        sys.stdin.readline()
        usa.send(words)
        assert usa.came.acquire(timeout=PATIENCE), "no acknowledgement came"
        print("done", flush=True)
        sys.stdin.readline()
        far.kill()
        RNS.exit()


def far(port, address):
    with tempfile.TemporaryDirectory() as folder:
        client = f"type = TCPClientInterface\nenabled = Yes\ntarget_host = 127.0.0.1\ntarget_port = {port}\n"
        rus = Party("rus", pathlib.Path(folder), client)
        print(rus.own.hash.hex(), flush=True)
        rus.meet(bytes.fromhex(address))
        for answer in ("and back", "acknowledged by the watch officer"):
            assert rus.came.acquire(timeout=3 * PATIENCE), "nothing came"
            rus.send(answer)
        sys.stdin.readline()


if sys.argv[1] == "--far":
    far(sys.argv[2], sys.argv[3])
else:
    near(sys.argv[1])

# SPDX-License-Identifier: LGPL-2.1-or-later
"""An sshd of this host for one machine: on 127.0.0.1, with keys of its own, as an ordinary process.

The machine reaches it as 10.0.2.100, and nothing else: QEMU's user network is restricted.
"""

import os
import pwd
import shutil
import socket
import subprocess
import time

SSHD = "/usr/sbin/sshd"
ADDRESS = "10.0.2.100"


def _key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True, timeout=60)
    with open(path + ".pub", encoding="utf-8") as file:
        return file.read()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """Used by `with`; what is sent to it lies below @place."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "sshd")
        self.place = os.path.join(self.folder, "dumps")
        os.makedirs(self.place)
        self.host_key = _key(os.path.join(self.folder, "host"))
        self.user_key = os.path.join(self.folder, "user")
        _key(self.user_key)
        shutil.copy(self.user_key + ".pub", os.path.join(self.folder, "accepted"))
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.port = _free_port()
        self.process = None

    def __enter__(self):
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)  # where sshd wants to be without privileges
        config = os.path.join(self.folder, "config")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"ListenAddress 127.0.0.1:{self.port}\nHostKey {self.folder}/host\n"
                       f"AuthorizedKeysFile {self.folder}/accepted\nStrictModes no\nUsePAM no\n"
                       "PasswordAuthentication no\nPermitRootLogin yes\nPidFile none\n")
        self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", config],
                                        stderr=open(os.path.join(self.folder, "log"), "wb"))
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.1)
        raise RuntimeError(f"sshd does not answer: {self.log()}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def refuse(self):
        """From now on no key is accepted."""
        os.remove(os.path.join(self.folder, "accepted"))

    def other_key(self):
        """Of a host that this one is not."""
        return _key(os.path.join(self.folder, "other"))

    def options(self):
        """For QEMU."""
        return ("-netdev", f"user,id=net,restrict=on,guestfwd=tcp:{ADDRESS}:22-tcp:127.0.0.1:{self.port}",
                "-device", "virtio-net-pci,netdev=net,mac=52:54:00:12:34:56")

    def put_client(self, archive, add_program):
        """ssh of this host, the key, and the server's key as one that is known."""
        add_program(archive, "usr/bin/ssh", "/usr/bin/ssh")
        archive.data("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        archive.file("root/.ssh/id_ed25519", self.user_key, 0o600)
        archive.data("root/.ssh/known_hosts", f"{ADDRESS} {self.host_key}")

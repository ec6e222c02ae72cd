# SPDX-License-Identifier: LGPL-2.1-or-later
"""An sshd of this host for one machine, with keys of its own: QEMU starts one for each connection to
10.0.2.100, as inetd does, and the machine reaches nothing else. No port is open.
"""

import os
import pwd
import shutil
import subprocess

SSHD = "/usr/sbin/sshd"
ADDRESS = "10.0.2.100"


def _key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True, timeout=60)
    with open(path + ".pub", encoding="utf-8") as file:
        return file.read()


class Server:
    """What is sent to it lies below @place."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "sshd")
        self.place = os.path.join(self.folder, "dumps")
        os.makedirs(self.place)
        self.host_key = _key(os.path.join(self.folder, "host"))
        self.user_key = os.path.join(self.folder, "user")
        _key(self.user_key)
        shutil.copy(self.user_key + ".pub", os.path.join(self.folder, "accepted"))
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)  # where sshd wants to be without privileges
        with open(os.path.join(self.folder, "config"), "w", encoding="utf-8") as file:
            file.write(f"HostKey {self.folder}/host\nAuthorizedKeysFile {self.folder}/accepted\n"
                       "StrictModes no\nUsePAM no\nPasswordAuthentication no\n"
                       "PermitRootLogin yes\nPidFile none\n")

    def refuse(self):
        """From now on no key is accepted."""
        os.remove(os.path.join(self.folder, "accepted"))

    def stall(self):
        """From now on whatever is sent is not read."""
        with open(self.user_key + ".pub", encoding="utf-8") as file:
            key = file.read()
        with open(os.path.join(self.folder, "accepted"), "w", encoding="utf-8") as file:
            file.write(f'command="exec sleep 600" {key}')

    def other_key(self):
        """Of a host that this one is not."""
        return _key(os.path.join(self.folder, "other"))

    def options(self):
        """For QEMU."""
        server = f"{SSHD} -i -f {self.folder}/config -E {self.folder}/log"
        return ("-netdev", f"user,id=net,restrict=on,guestfwd=tcp:{ADDRESS}:22-cmd:{server}",
                "-device", "virtio-net-pci,netdev=net,mac=52:54:00:12:34:56")

    def put_client(self, archive, add_program):
        """ssh of this host, the key, and the server's key as one that is known."""
        add_program(archive, "usr/bin/ssh", "/usr/bin/ssh")
        archive.data("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        archive.file("root/.ssh/id_ed25519", self.user_key, 0o600)
        archive.data("root/.ssh/known_hosts", f"{ADDRESS} {self.host_key}")

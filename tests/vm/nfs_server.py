# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine with the NFS server of its kernel, for another machine on a wire between the two.

The server's tables are filled by hand, as rpc.mountd of nfs-utils fills them (net/sunrpc/cache.c, fs/nfsd/export.c):
who may come, what is exported, which directory a file handle is about. Root of the other machine is nobody here.
"""

import os
import socket
import threading
import time

import guest
import images
import vm

SUITE = "trixie"
ADDRESS = "10.0.2.100"
OTHER = "10.0.2.101"  # of a second server
CLIENT = "10.0.2.15"
PATH = "/dumps"
AWAY = "/away"  # leads to PATH of OTHER
FOLDERS = ("fs/nfs", "fs/nfsd", "fs/nfs_common", "fs/lockd", "fs/netfs", "fs/fscache", "net/sunrpc", "net/dns_resolver")
STARTED, ENDS = 300, 1800  # seconds: until it serves; of the machine, whose client may wait for a server that is gone

JOB = r"""
for module in {before}; do
	[ ! -f /modules/$module.ko ] || must insmod /modules/$module.ko
done
mkdir -p /srv
must mount -t ext4 /dev/vda /srv
must mkdir -p /srv/dumps /srv/away
must chown 65534:65534 /srv/dumps
must mount --bind /srv/away /srv/away
must modprobe nfsd
{second}
must ip link set eth0 up
must sh -c '{serve}' eth0 {address}
section ready cat /proc/fs/nfsd/versions /proc/net/rpc/nfsd.export/content
{watch}
head -c 1 /dev/ttyS1
touch /tmp/stop
while [ -e /tmp/second ]; do sleep 1; done
echo 0 > /proc/fs/nfsd/threads
umount -l /srv/away
umount /srv
"""

# What nfs-utils does for a server at the card $0 with the address $1.
SERVE = r"""set -e
ip link set lo up
ip address add $1/24 dev $0
mount -t nfsd nfsd /proc/fs/nfsd
echo 10 > /proc/fs/nfsd/nfsv4leasetime
echo 10 > /proc/fs/nfsd/nfsv4gracetime
echo -3 +4 > /proc/fs/nfsd/versions
always=2147483647
# root is squashed, no subtree check, a number for a file system
flags=$((0x4 + 0x400 + 0x2000))
cd /proc/net/rpc
{know}
echo "client /srv $always $flags 65534 65534 0" > nfsd.export/channel
echo "client 1 \\x00000000 $always /srv" > nfsd.fh/channel
echo "client /srv/away $always $flags 65534 65534 1 fsloc 1 {other} {path} 1" > nfsd.export/channel
echo "client 1 \\x01000000 $always /srv/away" > nfsd.fh/channel
cd /
echo 4 > /proc/fs/nfsd/threads"""

# Who the machine is: one of those that may come, one that may not, or nobody has answered that yet.
KNOW = f'echo "nfsd {CLIENT} $always client" > auth.unix.ip/channel'
SILENT = 'echo "nfsd 10.9.9.9 $always client" > auth.unix.ip/channel'
REFUSE = f'{SILENT}\necho "nfsd {CLIENT} $always " > auth.unix.ip/channel'

# The cable is gone as soon as a dump is on its way.
LEAVE = """(
	while ! find /srv/dumps -name '*.incomplete' -size +1024k | grep -q .; do
		usleep 100000
	done
	ip link set eth0 down
) &"""


# Two servers of one kernel are one for a client, unless each has a network and a name of its own.
SECOND = """must modprobe macvlan
must ip link add link eth0 name second type macvlan
unshare -n -u -m sh -c 'hostname second
while ! ip link set second up 2>/dev/null; do sleep 1; done
{serve}
touch /tmp/second
while [ ! -e /tmp/stop ]; do sleep 1; done
echo 0 > /proc/fs/nfsd/threads
umount -l /srv/away
umount /srv
rm /tmp/second' second {other} &
while [ "$(readlink /proc/$!/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 1; done
must ip link set second netns $!
while [ ! -e /tmp/second ]; do sleep 1; done"""


class NotStarted(Exception):
    """What its console says."""


class Server:
    """While it is entered it runs. Everything that is saved lies on @disk, which is to be read afterwards."""

    def __init__(self, folder, add_modules, how):
        self.folder = os.path.join(folder, "nfsd")
        os.mkdir(self.folder)
        self.disk = os.path.join(self.folder, "disk")
        self.wire = os.path.join(self.folder, "wire")
        self.place = f"nfs:{ADDRESS}:{AWAY if how == 'refers' else PATH}"
        self._how = how
        self._stop = os.path.join(self.folder, "stop")
        self._add_modules = add_modules
        self._thread = self._ending = None

    def _build(self, before):
        words = {"before": before, "second": SECOND if self._how == "refers" else "", "serve": SERVE,
                 "address": ADDRESS, "other": OTHER, "path": PATH,
                 "know": {"refuses": REFUSE, "silent": SILENT}.get(self._how, KNOW),
                 "watch": LEAVE if self._how == "leaves" else ""}
        job = JOB
        for name, value in words.items():
            job = job.replace("{" + name + "}", value)
        archive = guest.base(job)
        self._add_modules(archive, SUITE, self.folder, FOLDERS)
        return archive.save(os.path.join(self.folder, "initrd.cpio"))

    def _run(self, initrd):
        machine = vm.Machine("512M", 1, extra=(
            "-drive", f"if=none,id=disk,format=raw,file={self.disk}", "-device", "virtio-blk-pci,drive=disk",
            "-netdev", f"stream,id=net,server=on,addr.type=unix,addr.path={self.wire}",
            "-device", "virtio-net-pci,netdev=net,mac=52:54:00:12:34:57",
            "-chardev", f"socket,id=stop,path={self._stop},server=on,wait=off",
            "-device", "isa-serial,chardev=stop,index=1"))
        self._ending = vm.run(machine, images.kernel(SUITE), initrd, "console=ttyS0 panic=-1 quiet", self.folder,
                              ENDS, name="server")

    def log(self):
        try:
            with open(os.path.join(self.folder, "server.log"), encoding="utf-8", errors="replace") as file:
                return file.read().replace("\r", "")
        except FileNotFoundError:
            return ""

    def start(self, before):
        """Returns when it serves; @before: modules for disk and network."""
        initrd = self._build(before)
        self._thread = threading.Thread(target=self._run, args=(initrd,), daemon=True)
        self._thread.start()
        end = time.monotonic() + STARTED
        while "@@ end ready" not in self.log():
            if time.monotonic() > end or not self._thread.is_alive():
                raise NotStarted(f"the NFS server does not start:\n{self.log()[-3000:]}")
            time.sleep(0.5)

    def stop(self):
        """Returns when the disk can be read."""
        if not self._thread:
            return
        if self._thread.is_alive():
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(self._stop)
                line.sendall(b"x\n")
                self._thread.join(60)
        self._thread = None

    def options(self):
        """For QEMU of the other machine."""
        return ("-netdev", f"stream,id=net,server=off,addr.type=unix,addr.path={self.wire}",
                "-device", "virtio-net-pci,netdev=net,mac=52:54:00:12:34:56")

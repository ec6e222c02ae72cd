# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines that have the software under test installed and are up: made once, started often.

The system starts through its firmware and boot loader, unpacks what `make install` installs, and is
saved as it runs. Each test goes on from there with a disk of its own.
"""

import glob
import hashlib
import json
import os
import shutil
import subprocess
import tarfile

import build
import inits
import machine
import recipes

SNAPSHOT = "ready"


def payload(build_folder, folder, files=()):
    """A tar archive of what the build installs, with @files {path inside: path here} beside it."""
    stage = os.path.join(folder, "stage")
    subprocess.run(["meson", "install", "-C", build_folder, "--no-rebuild", "--quiet",
                    "--destdir", stage], check=True, timeout=300, stdout=subprocess.DEVNULL)

    def anonymous(info):
        info.uid = info.gid = info.mtime = 0
        info.uname = info.gname = "root"
        return info

    path = os.path.join(folder, "payload.tar")
    with tarfile.open(path, "w") as archive:
        archive.add(stage, ".", filter=anonymous)
        for inside, here in dict(files).items():
            archive.add(here, inside.lstrip("/"), filter=anonymous)
    shutil.rmtree(stage)
    return path


def package_payload(debs, folder):
    """A tar archive with the packages of `make deb` in /root."""
    path = os.path.join(folder, "packages.tar")
    names = glob.glob(os.path.join(debs, "rapidreboot_*.deb"))
    if not names:
        raise machine.Trouble(f"there is no package in {debs}: make deb")
    with tarfile.open(path, "w") as archive:
        for name in names:
            archive.add(name, "root/" + os.path.basename(name))
    return path


def _key(system, firmware, payload_path):
    digest = hashlib.sha256(build.fingerprint(system).encode() + firmware.encode())
    with open(payload_path, "rb") as file:
        digest.update(file.read())
    for name in ("machine.py", "ready.py", "recipes.py"):
        with open(os.path.join(build.HERE, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


class Ready:
    """
    The saved machine of one system under one firmware; with what `make install` installs, or
    @packaged, the package. @extra are more options of QEMU, @prepare is shell before it is saved.
    """

    def __init__(self, system, firmware, packaged, payload_path, folder, extra=(), prepare="true"):
        self.system, self.firmware, self.payload = system, firmware, payload_path
        self._extra, self._prepare = extra, prepare
        self.folder = os.path.join(folder, f"{system.name}-{firmware}" + "-deb" * packaged)
        self._install = (inits.INSTALL_PACKAGE if packaged
                         else recipes.INITS[system.init].installed)
        self.kernels = build.ensure(system)["kernels"]
        self._key = _key(system, firmware, payload_path) + repr((extra, prepare))
        self._boot = self._known() or self._make()

    def _known(self):
        try:
            with open(os.path.join(self.folder, "ready.json"), encoding="utf-8") as file:
                known = json.load(file)
        except (OSError, ValueError):
            return None
        return machine.Boot(*known["boot"]) if known["key"] == self._key else None

    def _make(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        disk = machine.overlay(os.path.join(self.folder, "disk"), build.disk_of(self.system))
        with machine.Machine(self.folder, disk, self.payload, self.firmware,
                             extra=self._extra) as guest:
            boot = guest.wait_boot()
            guest.must(recipes.INITS[self.system.init].settled, machine.BOOT_SECONDS)
            guest.must("tar -C / -x -f /dev/vdb --no-overwrite-dir && sync")
            guest.must(self._install)
            guest.must(self._prepare, machine.BOOT_SECONDS)
            if boot.release != self.kernels[0]:
                raise machine.Trouble(f"{self.system.name}: the boot loader started "
                                      f"{boot.release}, not {self.kernels[0]}")
            said = guest.monitor(f"savevm {SNAPSHOT}")
            if said.strip():
                raise machine.Trouble(f"QEMU cannot save the machine: {said}")
        with open(os.path.join(self.folder, "ready.json"), "w", encoding="utf-8") as file:
            json.dump({"key": self._key, "boot": [boot.ident, boot.release]}, file)
        return boot

    def start(self, folder, extra=()):
        """The machine, about to go on from where it was saved; to be entered. @extra: see machine.py."""
        for name in ("disk", "disk.vars"):
            if os.path.exists(os.path.join(self.folder, name)):
                shutil.copyfile(os.path.join(self.folder, name), os.path.join(folder, name))
        if os.path.exists(os.path.join(folder, "console.log")):
            os.unlink(os.path.join(folder, "console.log"))
        guest = machine.Machine(folder, os.path.join(folder, "disk"), self.payload, self.firmware,
                                snapshot=SNAPSHOT, extra=extra)
        guest.boots.append(self._boot)
        return guest

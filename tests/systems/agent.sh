#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs what the test says, under any init system. One line in, base64 of a shell script; one line
# out, its exit status and base64 of what it printed. The first line says who has started.
port=/dev/ttyS1
exec <$port >$port 2>/dev/null
stty raw -echo
echo "@@ hello $(cat /proc/sys/kernel/random/boot_id) $(uname -r)"
while IFS= read -r line; do
	echo "$line" | base64 -d >/run/test-job
	sh /run/test-job </dev/null >/run/test-output 2>&1
	status=$?
	echo "@@ done $status $(base64 -w0 </run/test-output)"
done

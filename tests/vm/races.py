# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two commands at the same time on a real kernel: strace(1) holds one of them up in its system calls."""

# One command sleeps before and after each call of the kinds in @slow, the other one starts while it sleeps.
# Jumps are answered with an error, so that a look before a jump is one of the commands. Whatever the order
# was: an image that is loaded passes the look, and after unloading nothing is left.
JOB = """
slow=kexec_load,kexec_file_load,flock,umount2,ftruncate
cat > /acts << 'END'
in_place() {{ LOAD; }}
copy() {{ PLAIN; }}
file() {{ FILES; }}
unload() {{ kexec -u; }}
jump() {{ kexec -e; }}
END
. /acts
late()
{{
	strace -f -qq -o /tmp/late -e trace=$slow,reboot -e inject=reboot:error=EINVAL \\
		-e inject=$slow:delay_enter={delay}:delay_exit={delay} sh -c ". /acts; $1"
}}
look()
{{
	strace -qq -o /tmp/look -e trace=reboot -e inject=reboot:error=EINVAL kexec -e
	grep -q "^reboot(" /tmp/look
}}
bad()
{{
	echo "@@ failed race $race: $*"
	memory
	poweroff -f
	sleep 60
}}
check()
{{
	held=$([ -e /run/rapidreboot/in-place ] && echo yes || echo no)
	echo "race $race: loaded $(cat /sys/kernel/kexec_loaded), in place $held"
	if [ "$(cat /sys/kernel/kexec_loaded)" = 1 ]; then
		look 2> /tmp/words || bad "the image that is loaded is not started: $(cat /tmp/words)"
	elif [ $held = yes ]; then
		bad "pages are held and nothing is loaded"
	fi
	kexec -u || bad "unloading failed"
	[ "$(cat $POOL)" = 0 ] || bad "$(cat $POOL) huge pages are left"
	[ ! -e /run/rapidreboot/in-place ] || bad "the file of pages is left"
	! grep -q rapidreboot /proc/mounts || bad "the mount is left"
}}
race()
{{
	race="$*"
	in_place || bad "the first load failed"
	late $1 &
	sleep 1
	case $2 in
	jump) look 2> /tmp/words ;;
	*) $2 ;;
	esac
	wait
	check
}}
must in_place
must look
must kexec -u
section before memory
{races}
section after memory
echo "@@ races {n}"
"""

# what every run tries, and what `make check-long` does
RACES = (("unload", "in_place"), ("copy", "in_place"), ("in_place", "unload"),
         ("in_place", "in_place"), ("in_place", "copy"), ("jump", "unload"))
ACTS = ("in_place", "copy", "file", "unload", "jump")
ALL_RACES = tuple((first, second) for first in ACTS for second in ACTS if (first, second) != ("jump", "jump"))


def job(races=RACES, delay=2000000):
    """The shell of one machine; @delay in microseconds."""
    return JOB.format(delay=delay, n=len(races),
                      races="\n".join(f"race {first} {second}" for first, second in races))

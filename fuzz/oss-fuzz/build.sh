#!/bin/bash -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds every harness of fuzz/ into $OUT, as OSS-Fuzz asks for it: compiler and flags come from the
# environment (CC, CFLAGS, LIB_FUZZING_ENGINE), the tree is in $SRC/rapidreboot, $WORK is scratch.
cd "$SRC/rapidreboot"
build=$WORK/rapidreboot
mapfile -t names < <(tools/fuzz.py --list)

# "plain": no flags of ours for optimization or fortification, which sanitizers cannot look into.
rm -rf "$build"
meson setup "$build" --buildtype=plain -Dfuzz=true "-Dfuzz_engine=$LIB_FUZZING_ENGINE" -Db_lundef=false
ninja -C "$build" "${names[@]/#/fuzz/fuzz-}"

for name in "${names[@]}"; do
	cp "$build/fuzz/fuzz-$name" "$OUT/"
	rm -f "$OUT/fuzz-${name}_seed_corpus.zip"
	(cd "fuzz/corpus/$name" && python3 -m zipfile -c "$OUT/fuzz-${name}_seed_corpus.zip" ./*)
	printf '[libfuzzer]\nmax_len = 65536\ntimeout = 20\n' > "$OUT/fuzz-$name.options"
done

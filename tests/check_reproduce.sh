#!/bin/sh
# check_reproduce.sh PROGRAM: `meka reproduce` as a user runs it, with short runs.  It must end
# with status 0, make every file it names, whole, and end with the verdict.
program=$1
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
fail() {
    echo "check_reproduce: $1" >&2
    exit 1
}

"$program" reproduce --quiet --steps 2 --out "$work/deep/out" > "$work/text" 2> "$work/errors"
status=$?
cat "$work/text" "$work/errors"
[ $status -eq 0 ] || fail "status $status"
[ ! -s "$work/errors" ] || fail "--quiet is not quiet"
sed -n 's/^  \([^ ].*\.[a-z]*\)$/\1/p' "$work/text" | grep "^$work/" > "$work/files"
[ "$(wc -l < "$work/files")" -ge 8 ] || fail "names $(wc -l < "$work/files") files"
while read -r file; do
    [ -s "$file" ] || fail "$file is named but empty or missing"
done < "$work/files"
[ -s "$work/deep/out/index.html" ] || fail "there is no page"
tail -n 1 "$work/text" | grep -q '^Verdict: .*confirmed' || fail "does not end with a verdict"
[ -z "$(find "$work" -name '*.part')" ] || fail "an unfinished file is left"

# Once more: nothing is computed, and nothing changes.
(cd "$work/deep/out" && find . -type f -exec sha256sum {} + | sort) > "$work/before"
"$program" reproduce --quiet --steps 2 --out "$work/deep/out" > "$work/again" || fail "status $?"
(cd "$work/deep/out" && find . -type f -exec sha256sum {} + | sort) > "$work/after"
cmp "$work/before" "$work/after" || fail "a second time changes files"
cmp "$work/text" "$work/again" || fail "a second time says something else"

# Killed half-way, it goes on where it was: no run that was finished is made again, and all files
# are those of a run without interruption and with another number of threads, but for figure T,
# which measures times, and the page.
rm "$work/deep/out/figureT".* "$work/deep/out/index.html"
total=$(find "$work/deep/out/runs" -type f | wc -l)
"$program" reproduce --quiet --steps 2 --jobs 3 --out "$work/killed" > /dev/null &
process=$!
while kill -0 $process 2> /dev/null &&
    [ "$(find "$work/killed/runs" -type f 2> /dev/null | wc -l)" -lt $((total / 2)) ]; do
    sleep 0.02
done
kill -KILL $process 2> /dev/null || fail "ended before it could be killed"
wait $process
finished() { (cd "$work/killed" && cat "$work/names" | xargs ls -li --time-style=full-iso); }
(cd "$work/killed" && find runs -name '*.tsv' | LC_ALL=C sort) > "$work/names"
[ "$(wc -l < "$work/names")" -lt "$total" ] || fail "was killed too late"
[ ! -e "$work/killed/index.html" ] || fail "was killed after its end"
finished > "$work/before"
"$program" reproduce --quiet --steps 2 --jobs 3 --out "$work/killed" > /dev/null || fail "status $?"
finished > "$work/after"
cmp "$work/before" "$work/after" || fail "a finished run was made again"
rm "$work/killed/figureT".* "$work/killed/index.html"
diff -r "$work/deep/out" "$work/killed" || fail "the kill shows in the files"

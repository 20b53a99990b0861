#!/bin/sh
# check_reproduce.sh PROGRAM: `meka reproduce` as a user runs it.  It must end with status 0,
# make every file it names, whole, and end with the verdict.
program=$1
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
fail() {
    echo "check_reproduce: $1" >&2
    exit 1
}

"$program" reproduce --quiet --out "$work/deep/out" > "$work/text" 2> "$work/errors"
status=$?
cat "$work/text" "$work/errors"
[ $status -eq 0 ] || fail "status $status"
[ ! -s "$work/errors" ] || fail "--quiet is not quiet"
sed -n '/^Files:/,/^$/s/^  //p' "$work/text" > "$work/files"
[ "$(wc -l < "$work/files")" -eq 5 ] || fail "names $(wc -l < "$work/files") files"
while read -r file; do
    [ -s "$file" ] || fail "$file is named but empty or missing"
done < "$work/files"
grep -q "^$work/deep/out/verify.json$" "$work/files" || fail "the verdict is not named"
tail -n 1 "$work/text" | grep -q '^Verdict: .*confirmed' || fail "does not end with a verdict"
tail -n 3 "$work/deep/out/verify.json" | grep -q '"passed":.*true' || fail "verify.json"
[ -z "$(find "$work" -name '*.part')" ] || fail "an unfinished file is left"
